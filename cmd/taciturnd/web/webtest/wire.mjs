// A wire between clients and the relay that is listened to: UDP and TCP, with the size and time of whatever clients send.

import dgram from "node:dgram";
import net from "node:net";

/** @typedef {{at: number, bytes: Buffer}} Packet */

export class Wire {
  /** By address of the client. @type {Map<string, {sent: Packet[], received: Packet[], close: () => void}>} */ clients = new Map();

  /** While true, nothing gets through, by UDP. */ cut = false;

  static async open() {
    const wire = new Wire();
    wire.udp = dgram.createSocket("udp4");
    await new Promise((resolve) => wire.udp.bind(0, "127.0.0.1", resolve));
    wire.udp.on("message", (bytes, from) => wire.#datagrams(from).forward(bytes));
    wire.tcp = net.createServer((socket) => wire.#stream(socket));
    await new Promise((resolve) => wire.tcp.listen(0, "127.0.0.1", resolve));
    return wire;
  }

  get udpPort() { return this.udp.address().port; }
  get tcpPort() { return this.tcp.address().port; }

  #datagrams(from) {
    const key = "udp " + from.port;
    let c = this.clients.get(key);
    if (c) return c;
    const up = dgram.createSocket("udp4");
    c = { sent: [], received: [], close: () => up.close(), forward: (bytes) => {
      c.sent.push({ at: performance.now(), bytes: Buffer.from(bytes) });
      if (!this.cut) up.send(bytes, this.relay, "127.0.0.1");
    } };
    up.on("message", (bytes) => {
      c.received.push({ at: performance.now(), bytes: Buffer.from(bytes) });
      if (!this.cut) this.udp.send(bytes, from.port, from.address);
    });
    this.clients.set(key, c);
    return c;
  }

  #stream(down) {
    const up = net.connect(this.relayTCP, "127.0.0.1");
    const c = { sent: [], received: [], close: () => { down.destroy(); up.destroy(); } };
    this.clients.set("tcp " + down.remotePort, c);
    const [outward, inward] = [framer(c, "sent"), framer(c, "received")];
    down.on("data", (b) => { outward(b); up.write(b); });
    up.on("data", (b) => { inward(b); down.write(b); });
    for (const s of [down, up]) s.on("close", c.close).on("error", () => {});
    for (const s of [down, up]) s.setNoDelay(true);
  }

  /** RTP packets that clients sent, by client: inside ChannelData, or a Send indication. */
  voice() {
    const all = [];
    for (const c of this.clients.values()) {
      const packets = c.sent.map(({ at, bytes }) => ({ at, size: bytes.length, rtp: inner(bytes) })).filter(({ rtp }) => rtp && isRTP(rtp));
      if (packets.length > 0) all.push(packets);
    }
    return all;
  }

  forget() { for (const c of this.clients.values()) c.sent = c.received = []; }

  close() {
    this.udp.close();
    this.tcp.close();
    for (const c of this.clients.values()) c.close();
  }
}

/** Splits a stream into TURN's packets (RFC 8656 section 2.1, 12.5: ChannelData is padded to four bytes). */
function framer(c, direction) {
  let rest = Buffer.alloc(0);
  return (b) => {
    for (rest = Buffer.concat([rest, b]); rest.length >= 4;) {
      const channel = (rest[0] & 0xc0) === 0x40;
      const size = channel ? 4 + ((rest.readUInt16BE(2) + 3) & ~3) : 20 + rest.readUInt16BE(2);
      if (rest.length < size) return;
      c[direction].push({ at: performance.now(), bytes: rest.subarray(0, size) });
      rest = rest.subarray(size);
    }
  };
}

/** What ChannelData or a Send indication carries (RFC 8656). */
export function inner(b) {
  if (b.length > 4 && (b[0] & 0xc0) === 0x40) return b.subarray(4, 4 + b.readUInt16BE(2));
  if (b.length < 20 || b.readUInt16BE(0) !== 0x0016) return null;
  return attribute(b, 0x0013);
}

/** An attribute of a STUN message (RFC 8489). */
export function attribute(b, wanted) {
  for (let at = 20; at + 4 <= b.length;) {
    const type = b.readUInt16BE(at), size = b.readUInt16BE(at + 2);
    if (type === wanted) return b.subarray(at + 4, at + 4 + size);
    at += 4 + ((size + 3) & ~3);
  }
  return null;
}

/** RFC 7983 and RFC 5761: neither STUN, nor DTLS, nor RTCP. */
const isRTP = (b) => b.length > 12 && b[0] >= 128 && b[0] < 192 && !(b[1] >= 192 && b[1] <= 223);
