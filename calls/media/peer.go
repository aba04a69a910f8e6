package media

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// Times of the path; the reasons are in the package documentation.
const (
	disconnectedAfter  = 3 * time.Second
	connectTime        = 13 * time.Second
	keepaliveInterval  = time.Second
	dtlsRetransmission = 200 * time.Millisecond
	dtlsTimeout        = 15 * time.Second
)

// maxBindingRequests is how often a pair is checked before it is given up. At
// five per second it outlasts the 13 s of connecting, so that the side that
// connects first does not give up before the other begins.
const maxBindingRequests = 100

// newCertificate makes the DTLS certificate of one call. It is sent in clear
// (DTLS 1.2), so it says nothing: random serial, constant name, and a validity
// in whole days so that it does not show the phone's clock.
func newCertificate(now time.Time) (webrtc.Certificate, [32]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return webrtc.Certificate{}, [32]byte{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return webrtc.Certificate{}, [32]byte{}, err
	}
	day := now.UTC().Truncate(24 * time.Hour)
	template := x509.Certificate{
		SerialNumber:       serial,
		SignatureAlgorithm: x509.ECDSAWithSHA256,
		Subject:            pkix.Name{CommonName: "WebRTC"},
		NotBefore:          day.AddDate(0, 0, -1),
		NotAfter:           day.AddDate(0, 0, 30),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		return webrtc.Certificate{}, [32]byte{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return webrtc.Certificate{}, [32]byte{}, err
	}

	return webrtc.CertificateFromX509(key, cert), sha256.Sum256(der), nil
}

// newPeer builds pion's peer connection. It knows no relay: its one candidate
// stands for all our paths.
func (c *Conn) newPeer() (*webrtc.PeerConnection, error) {
	var media webrtc.MediaEngine
	err := media.RegisterCodec(webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: clockRate, Channels: 2, SDPFmtpLine: opusFmtp,
		},
		PayloadType: payloadType,
	}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(
		webrtc.WithMediaEngine(&media),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}),
		webrtc.WithSettingEngine(c.settings()),
	)

	return api.NewPeerConnection(webrtc.Configuration{
		BundlePolicy:              webrtc.BundlePolicyMaxBundle,
		RTCPMuxPolicy:             webrtc.RTCPMuxPolicyRequire,
		Certificates:              []webrtc.Certificate{c.cert},
		RTPHeaderEncryptionPolicy: webrtc.RTPHeaderEncryptionPolicyRequire,
	})
}

// settings is everything about pion that matters, in one place.
func (c *Conn) settings() webrtc.SettingEngine {
	var s webrtc.SettingEngine
	s.LoggerFactory = &c.log
	s.BufferFactory = c.inbox.buffer
	s.SetNet(c.net)

	// ICE
	s.SetICEUDPMux(c.paths)
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.DisableActiveTCP(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4}) // of relayed addresses: relays allocate IPv4 unless asked otherwise
	s.SetRelayAcceptanceMinWait(0)
	s.SetPrflxAcceptanceMinWait(0)
	s.SetICETimeouts(disconnectedAfter, 0, keepaliveInterval) // it never gives up by itself
	s.SetICEMaxBindingRequests(maxBindingRequests)
	s.SetRemoteIPFilter(func(ip net.IP) bool {
		a, ok := netip.AddrFromSlice(ip)

		return ok && c.allowed(netip.AddrPortFrom(a, 1))
	})

	// DTLS
	s.SetDTLSRetransmissionInterval(dtlsRetransmission)
	s.SetDTLSInsecureSkipHelloVerify(true) // ICE has proved the address already
	s.SetDTLSExtendedMasterSecret(dtls.RequireExtendedMasterSecret)
	s.SetDTLSCipherSuites(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)
	s.SetDTLSConnectContextMaker(func() (context.Context, func()) {
		return context.WithTimeout(c.life, dtlsTimeout)
	})

	// SRTP
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_256_GCM)
	s.SetHandleUndeclaredSSRCWithoutAnswer(true) // no SSRC is ever declared

	return s
}
