// Bytes: joining, reading, and the two texts they travel as.

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

/** @param {string} text */
export const utf8 = (text) => new TextEncoder().encode(text);

/** Unpadded base64url. @param {Uint8Array} b */
export function toBase64url(b) {
  return btoa(String.fromCharCode(...b)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Undoes toBase64url; null for anything else. @param {string} text */
export function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  } catch {
    return null;
  }
}

/** @param {Uint8Array} b */
export const toHex = (b) => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");

/** @param {Uint8Array} a @param {Uint8Array} b */
export function equal(a, b) {
  let differ = a.length ^ b.length;
  for (let i = 0; i < Math.min(a.length, b.length); i++) differ |= a[i] ^ b[i];
  return differ === 0;
}

/** @param {Uint8Array} b */
export async function sha256(b) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (b)));
}

/** Reads what is written big-endian. Reading beyond the end throws a RangeError. */
export class Reader {
  /** @param {Uint8Array} b */
  constructor(b) {
    this.bytes = b;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    this.at = 0;
  }
  get left() { return this.bytes.length - this.at; }
  u8() { return this.view.getUint8(this.#step(1)); }
  u16() { return this.view.getUint16(this.#step(2)); }
  u32() { return this.view.getUint32(this.#step(4)); }
  u64() { return this.view.getBigUint64(this.#step(8)); }
  /** @param {number} n */
  take(n) {
    if (n > this.left) throw new RangeError("short");
    return this.bytes.slice(this.at, this.#step(n) + n);
  }
  text8() { return new TextDecoder().decode(this.take(this.u8())); }
  /** @param {number} n */
  #step(n) {
    const at = this.at;
    this.at += n;
    return at;
  }
}
