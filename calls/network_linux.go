package calls

import (
	"os"
	"syscall"
)

// networkHints puts something into hints when the kernel says that addresses or routes have changed (rtnetlink(7)). What it
// says is not read: the addresses are looked at.
func networkHints(hints chan<- struct{}) (stop func()) {
	const groups = 1<<(syscall.RTNLGRP_LINK-1) | 1<<(syscall.RTNLGRP_IPV4_IFADDR-1) | 1<<(syscall.RTNLGRP_IPV6_IFADDR-1)
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, syscall.NETLINK_ROUTE)
	if err != nil {
		return func() {} // some sandboxes forbid it: there is the clock
	}
	if err := syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Groups: groups}); err != nil {
		_ = syscall.Close(fd)
		return func() {}
	}
	socket := os.NewFile(uintptr(fd), "rtnetlink")
	done := make(chan struct{})
	go hintLoop(socket, hints, done)
	return func() {
		_ = socket.Close()
		<-done
	}
}

func hintLoop(socket *os.File, hints chan<- struct{}, done chan<- struct{}) {
	defer close(done)
	buf := make([]byte, 8192)
	for {
		if _, err := socket.Read(buf); err != nil {
			return
		}
		select {
		case hints <- struct{}{}:
		default:
		}
	}
}
