// SFrame (RFC 9605) with suite 5, AES_256_GCM_SHA512_128, as package calls/sframe describes it, by WebCrypto.

import { concat, Reader, utf8 } from "./bytes.js";

const SUITE = 5;
const EPOCHS = 4;
const FIRST_COUNTER = 256;
const LAST_COUNTER = 65535;
const WINDOW = 1024;
const TAG = 16;
const HEADER = 3;
const AHEAD = 2; // epochs that may be lost as a whole
const KEEP_OLD = 5_000; // ms
const RATCHET = 60_000; // ms

/** What a frame has on top of its bucket. */
export const OVERHEAD = HEADER + TAG;

/** @typedef {import("./types.d.ts").Control} Control */
/** @typedef {{aead: CryptoKey, salt: Uint8Array}} Key */

/** Names a key on the wire. @param {number} epoch @param {number} direction */
export const kidOf = (epoch, direction) => 2 * (epoch % EPOCHS) + direction;

/** RFC 9605 section 4.4.2. @param {Uint8Array} base @param {bigint} kid @returns {Promise<Key>} */
export async function deriveKey(base, kid) {
  const secret = await crypto.subtle.importKey("raw", /** @type {BufferSource} */ (base), "HKDF", false, ["deriveKey", "deriveBits"]);
  const tail = new Uint8Array(10);
  new DataView(tail.buffer).setBigUint64(0, kid);
  tail[9] = SUITE;
  const hkdf = (/** @type {string} */ label) => ({ name: "HKDF", hash: "SHA-512", salt: new Uint8Array(0), info: concat(utf8(label), tail) });
  const [aead, salt] = await Promise.all([
    crypto.subtle.deriveKey(hkdf("SFrame 1.0 Secret key "), secret, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]),
    crypto.subtle.deriveBits(hkdf("SFrame 1.0 Secret salt "), secret, 96),
  ]);
  return { aead, salt: new Uint8Array(salt) };
}

/** Salt XOR counter. @param {Key} key @param {bigint} ctr */
export function nonce(key, ctr) {
  const n = key.salt.slice();
  for (let i = 0; i < 8; i++) n[11 - i] ^= Number((ctr >> BigInt(8 * i)) & 0xffn);
  return n;
}

/** @param {Key} key @param {bigint} ctr @param {Uint8Array} plain @param {Uint8Array} aad */
export async function encrypt(key, ctr, plain, aad) {
  return new Uint8Array(await crypto.subtle.encrypt(cipher(key, ctr, aad), key.aead, /** @type {BufferSource} */ (plain)));
}

/** @param {Key} key @param {bigint} ctr @param {Uint8Array} sealed @param {Uint8Array} aad */
export async function decrypt(key, ctr, sealed, aad) {
  return new Uint8Array(await crypto.subtle.decrypt(cipher(key, ctr, aad), key.aead, /** @type {BufferSource} */ (sealed)));
}

/** @param {Key} key @param {bigint} ctr @param {Uint8Array} aad */
const cipher = (key, ctr, aad) => ({ name: "AES-GCM", iv: nonce(key, ctr), additionalData: /** @type {BufferSource} */ (aad), tagLength: 8 * TAG });

/** Section 4.3. @param {bigint} kid @param {bigint} ctr */
export function encodeHeader(kid, ctr) {
  const field = (/** @type {bigint} */ v) => {
    /** @type {number[]} */
    const bytes = [];
    if (v < 8n) return { config: Number(v), bytes };
    for (let rest = v; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
    return { config: 8 | (bytes.length - 1), bytes };
  };
  const k = field(kid), c = field(ctr);
  return Uint8Array.from([(k.config << 4) | c.config, ...k.bytes, ...c.bytes]);
}

/** Null for what is no header, or one in another spelling. @param {Uint8Array} b */
export function parseHeader(b) {
  if (b.length === 0) return null;
  let at = 1;
  const field = (/** @type {number} */ config) => {
    if (!(config & 8)) return BigInt(config);
    const size = (config & 7) + 1;
    if (at + size > b.length) return null;
    let v = 0n;
    for (let i = 0; i < size; i++) v = (v << 8n) | BigInt(b[at++]);
    return v < 8n || v >> BigInt(8 * (size - 1)) === 0n ? null : v;
  };
  const kid = field(b[0] >> 4);
  const ctr = kid === null ? null : field(b[0] & 15);
  return kid === null || ctr === null ? null : { kid, ctr, size: at };
}

// The plaintext: opus length u16 ‖ opus ‖ control (kind u8 ‖ length u8 ‖ value) … ‖ zeros to the bucket.

export const MUTE = 1, HANGUP = 2, HANGUP_ACK = 3, NOP = 4, QUALITY = 5;
const VALUE_BYTES = [0, 1, 1, 0, 0, 4];

/** Null if it does not fit. @param {number} bucket @param {Uint8Array} opus @param {Control[]} controls */
export function fill(bucket, opus, controls) {
  const plain = new Uint8Array(bucket);
  const view = new DataView(plain.buffer);
  let at = 2 + opus.length;
  if (at + controls.reduce((n, c) => n + 2 + VALUE_BYTES[c.kind], 0) > bucket) return null;
  view.setUint16(0, opus.length);
  plain.set(opus, 2);
  for (const c of controls) {
    plain[at] = c.kind;
    plain[at + 1] = VALUE_BYTES[c.kind];
    if (c.kind === MUTE) plain[at + 2] = c.muted ? 1 : 0;
    if (c.kind === HANGUP) plain[at + 2] = c.reason ?? 0;
    if (c.kind === QUALITY) {
      view.setUint16(at + 2, c.lost ?? 0);
      view.setUint16(at + 4, c.jitter ?? 0);
    }
    at += 2 + VALUE_BYTES[c.kind];
  }
  return plain;
}

/** Null for what is not exactly right. @param {Uint8Array} plain */
export function take(plain) {
  const r = new Reader(plain);
  const size = r.u16();
  if (size > r.left) return null;
  const opus = r.take(size);
  /** @type {Control[]} */
  const controls = [];
  const seen = new Set();
  while (r.left > 0 && r.bytes[r.at] !== 0) {
    if (r.left < 2) return null;
    const kind = r.u8(), length = r.u8();
    if (length > r.left || seen.has(kind)) return null;
    seen.add(kind);
    const value = r.take(length);
    if (kind >= VALUE_BYTES.length) continue;
    if (length !== VALUE_BYTES[kind] || (kind === MUTE && value[0] > 1)) return null;
    /** @type {Control} */
    const c = { kind };
    if (kind === MUTE) c.muted = value[0] === 1;
    if (kind === HANGUP) c.reason = value[0];
    if (kind === QUALITY) [c.lost, c.jitter] = [value[0] * 256 + value[1], value[2] * 256 + value[3]];
    controls.push(c);
  }
  return plain.subarray(r.at).some((b) => b !== 0) ? null : { opus, controls };
}

/** Seals the frames of one direction. Each key seals each counter once. */
export class Sender {
  /** @type {Map<number, Key>} by epoch */ #keys = new Map();
  #epoch = -1;
  #next = FIRST_COUNTER;
  #started = 0;

  /** need is called for each epoch's key, ahead of time. @param {number} direction @param {number} bucket @param {() => void} need */
  constructor(direction, bucket, need) {
    this.direction = direction;
    this.bucket = bucket;
    this.need = need;
  }

  /** Whether there is a key to seal with. */
  get ready() { return this.#epoch >= 0; }

  /** @param {number} epoch @param {Uint8Array} base */
  async addKey(epoch, base) {
    const key = await deriveKey(base, BigInt(kidOf(epoch, this.direction)));
    base.fill(0);
    if (epoch > this.#epoch) this.#keys.set(epoch, key);
    if (this.#epoch < 0) this.#epoch = epoch;
  }

  /**
   * Null without a key: nothing may be sent then.
   * @param {number} now @param {Uint8Array} opus @param {Control[]} controls
   */
  async seal(now, opus, controls) {
    this.#advance(now);
    const key = this.#keys.get(this.#epoch);
    const plain = key && fill(this.bucket, opus, controls);
    if (!key || !plain || this.#next > LAST_COUNTER) return null;
    const ctr = BigInt(this.#next++); // before it is used: whatever happens next, it is spent
    const header = encodeHeader(BigInt(kidOf(this.#epoch, this.direction)), ctr);
    return concat(header, await encrypt(key, ctr, plain, header));
  }

  /** Goes to the next epoch when the present one is over. @param {number} now */
  #advance(now) {
    if (this.#epoch < 0) return;
    if (!this.#started || now < this.#started) this.#started = now;
    if (this.#next <= LAST_COUNTER && now - this.#started < RATCHET) return;
    if (!this.#keys.has(this.#epoch + 1)) return; // the page is late; it will come
    this.#keys.delete(this.#epoch++);
    [this.#next, this.#started] = [FIRST_COUNTER, now];
    this.need();
  }
}

/** Opens the frames of one direction. */
export class Receiver {
  /** By epoch modulo 4. @type {Map<number, {epoch: number, key: Key, top: number, seen: Uint8Array}>} */
  #slots = new Map();
  #epoch = -1; // the newest that authenticated a frame; at first that of the first key
  #oldUntil = 0;

  /** @param {number} direction @param {number} bucket @param {() => void} need called when a further epoch's key is wanted */
  constructor(direction, bucket, need) {
    this.direction = direction;
    this.bucket = bucket;
    this.need = need;
  }

  /** @param {number} epoch @param {Uint8Array} base */
  async addKey(epoch, base) {
    const key = await deriveKey(base, BigInt(kidOf(epoch, this.direction)));
    base.fill(0);
    this.#slots.set(epoch % EPOCHS, { epoch, key, top: 0, seen: new Uint8Array(WINDOW) });
    if (this.#epoch < 0) this.#epoch = epoch;
  }

  /** Null for whatever does not authenticate or is not exactly right. @param {number} now @param {Uint8Array} frame */
  async open(now, frame) {
    if (this.#oldUntil && now >= this.#oldUntil) {
      this.#oldUntil = 0;
      this.#slots.delete((this.#epoch + EPOCHS - 1) % EPOCHS);
    }
    const header = frame.length === this.bucket + OVERHEAD ? parseHeader(frame) : null;
    if (header?.size !== HEADER || header.kid >= 2n * BigInt(EPOCHS) || header.ctr < FIRST_COUNTER) return null;
    const kid = Number(header.kid), ctr = Number(header.ctr);
    const slot = kid % 2 === this.direction ? this.#slots.get(kid >> 1) : undefined;
    if (!slot || !fresh(slot, ctr)) return null;
    let plain;
    try {
      plain = await decrypt(slot.key, header.ctr, frame.subarray(HEADER), frame.subarray(0, HEADER));
    } catch {
      return null;
    }
    if (!fresh(slot, ctr)) return null; // another frame of this number was opened meanwhile
    mark(slot, ctr);
    this.#follow(now, slot.epoch);
    return take(plain);
  }

  /** @param {number} now @param {number} epoch */
  #follow(now, epoch) {
    if (epoch <= this.#epoch || epoch > this.#epoch + AHEAD) return;
    for (; this.#epoch < epoch; this.#epoch++) this.need(); // into the slot of what is then epoch-2
    this.#oldUntil = now + KEEP_OLD;
  }
}

/** @param {{top: number, seen: Uint8Array}} w @param {number} ctr */
const fresh = (w, ctr) => ctr > w.top || (w.top - ctr < WINDOW && w.seen[ctr % WINDOW] === 0);

/** @param {{top: number, seen: Uint8Array}} w @param {number} ctr */
function mark(w, ctr) {
  if (ctr > w.top) {
    for (let c = Math.max(w.top + 1, ctr - WINDOW + 1); c < ctr; c++) w.seen[c % WINDOW] = 0;
    w.top = ctr;
  }
  w.seen[ctr % WINDOW] = 1;
}
