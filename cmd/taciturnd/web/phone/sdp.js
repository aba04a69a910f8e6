// The only session description there is, in the words of package calls/media. No SDP travels: each side renders the
// other's from this template, so nothing a peer says can add a line.

/** @typedef {import("./types.d.ts").Transport} Transport */
/** @typedef {import("./types.d.ts").Candidate} Candidate */

const MAX_CANDIDATES = 16;
const ICE_TEXT = /^[A-Za-z0-9+/]+$/;

/** @param {string} text @param {number} least */
const isIceText = (text, least) => text.length >= least && text.length <= 256 && ICE_TEXT.test(text);

/** A candidate attribute (RFC 8839 section 5.1), always a relayed one. @param {Candidate} c */
export function candidateLine(c) {
  return `candidate:1 1 udp ${c.priority} ${c.ip} ${c.port} typ relay raddr ${c.ip.includes(":") ? "::" : "0.0.0.0"} rport 0`;
}

/**
 * The description of the side with the given role; null if no honest phone could have it. Candidates are added later. The
 * bitrate is for the browser's encoder alone: with cbr=1 it makes all frames one size.
 * @param {"caller"|"callee"} role @param {Transport} t @param {number} bitrate
 */
export function render(role, t, bitrate) {
  if (t.fingerprint.length !== 32 || t.fingerprint.every((b) => b === 0) || !isIceText(t.ufrag, 4) || !isIceText(t.pwd, 22)) return null;
  const fingerprint = Array.from(t.fingerprint, (b) => b.toString(16).padStart(2, "0").toUpperCase()).join(":");
  return [
    "v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=cryptex",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=mid:0", "a=sendrecv", "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2",
    `a=fmtp:111 minptime=10;cbr=1;usedtx=0;stereo=0;useinbandfec=1;maxaveragebitrate=${bitrate}`,
    "a=ptime:20", "a=maxptime:20",
    "a=ice-ufrag:" + t.ufrag, "a=ice-pwd:" + t.pwd, "a=ice-options:trickle",
    "a=fingerprint:sha-256 " + fingerprint, "a=setup:" + (role === "caller" ? "passive" : "active"),
  ].join("\r\n") + "\r\n";
}

/** What the browser's own description says about its media. @param {string} sdp @param {Candidate[]} candidates @returns {Transport|null} */
export function describe(sdp, candidates) {
  const value = (/** @type {RegExp} */ what) => what.exec(sdp)?.[1].trim() ?? "";
  const fingerprint = value(/^a=fingerprint:sha-256 (.*)$/mi).split(":").map((b) => parseInt(b, 16));
  const t = {
    fingerprint: Uint8Array.from(fingerprint), ufrag: value(/^a=ice-ufrag:(.*)$/m), pwd: value(/^a=ice-pwd:(.*)$/m),
    candidates: candidates.slice(0, MAX_CANDIDATES),
  };
  return t.fingerprint.length === 32 && t.ufrag && t.pwd ? t : null;
}

/** Whether ip may be contacted: a relay that our server lists, or, where it lists names, any public address. */
export class Allowed {
  /** @param {string[]} hosts */
  constructor(hosts) {
    this.hosts = new Set(hosts.map((h) => h.toLowerCase()));
    this.literal = hosts.length > 0 && hosts.every(isLiteral);
  }

  /** @param {string} ip */
  address(ip) { return isLiteral(ip) && (this.literal ? this.hosts.has(ip) : isPublic(ip)); }

  /** A relay URL (RFC 7065) that a peer names. @param {string} url */
  relay(url) {
    const match = /^turns?:(\[[0-9a-f:.]+\]|[^:?]+)(:\d+)?(\?transport=(udp|tcp))?$/i.exec(url);
    return match !== null && this.hosts.has(match[1].replace(/[[\]]/g, "").toLowerCase());
  }
}

/** @param {string} host */
const isLiteral = (host) => /^\d+\.\d+\.\d+\.\d+$/.test(host) || (host.includes(":") && /^[0-9a-f:.]+$/i.test(host));

/** @param {string} ip */
export function isPublic(ip) {
  if (ip.includes(":")) return /^[23]/.test(ip); // 2000::/3
  const [a, b] = ip.split(".").map(Number);
  return !(a === 0 || a === 10 || a === 127 || a >= 224 || (a === 100 && b >= 64 && b < 128) || (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168));
}
