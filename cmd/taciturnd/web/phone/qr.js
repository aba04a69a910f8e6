// QR codes (ISO/IEC 18004): bytes, error correction level M, versions 5 to 14, which is 84 to 362 bytes. A contact link has
// about 140.

/** By version, from 5: error correction bytes of a block, then blocks and data bytes of each of one or two groups. */
const LAYOUT = [
  [24, 2, 43], [16, 4, 27], [18, 4, 31], [22, 2, 38, 2, 39], [22, 3, 36, 2, 37], [26, 4, 43, 1, 44], [30, 1, 50, 4, 51],
  [22, 6, 36, 2, 37], [22, 8, 37, 1, 38], [24, 4, 40, 5, 41],
];
const FIRST = 5;
const ALIGNMENT = [
  [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50], [6, 30, 54], [6, 32, 58], [6, 34, 62], [6, 26, 46, 66],
];
const LEVEL_M = 0;

/** @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0, (_, y) => y % 2 === 0, (x) => x % 3 === 0, (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0, (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** In GF(256) with 0x11d. @param {number} a @param {number} b */
function times(a, b) {
  let z = 0;
  for (let i = 7; i >= 0; i--) z = (z << 1) ^ ((z >> 7) * 0x11d) ^ (((b >> i) & 1) * a);
  return z;
}

/** The error correction bytes of a block. @param {number[]} data @param {number} count */
function correction(data, count) {
  /** @type {number[]} */
  const divisor = Array(count).fill(0);
  divisor[count - 1] = 1;
  for (let i = 0, root = 1; i < count; i++, root = times(root, 2)) {
    for (let j = 0; j < count; j++) divisor[j] = times(divisor[j], root) ^ (divisor[j + 1] ?? 0);
  }
  /** @type {number[]} */
  const rest = Array(count).fill(0);
  for (const b of data) {
    const factor = b ^ /** @type {number} */ (rest.shift());
    rest.push(0);
    divisor.forEach((d, i) => { rest[i] ^= times(d, factor); });
  }
  return rest;
}

/** All bytes in the order of their modules. @param {Uint8Array} text @param {number} version */
function codewords(text, version) {
  const [ecc, ...groups] = LAYOUT[version - FIRST];
  const sizes = [];
  for (let g = 0; g < groups.length; g += 2) for (let i = 0; i < groups[g]; i++) sizes.push(groups[g + 1]);
  const room = sizes.reduce((a, b) => a + b);
  let bits = "0100" + text.length.toString(2).padStart(version < 10 ? 8 : 16, "0");
  for (const b of text) bits += b.toString(2).padStart(8, "0");
  bits += "0".repeat(Math.min(4, 8 * room - bits.length));
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  const data = (bits.match(/.{8}/g) ?? []).map((b) => parseInt(b, 2));
  for (let pad = 0xec; data.length < room; pad ^= 0xec ^ 0x11) data.push(pad);
  let at = 0;
  const blocks = sizes.map((n) => data.slice(at, (at += n)));
  const corrections = blocks.map((b) => correction(b, ecc));
  const out = [];
  for (let i = 0; i < Math.max(...sizes); i++) for (const b of blocks) if (i < b.length) out.push(b[i]);
  for (let i = 0; i < ecc; i++) for (const c of corrections) out.push(c[i]);
  return out;
}

/** The modules, by row; null if the text is too long. @param {string} text */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = LAYOUT.findIndex(([, ...g], i) => g[0] * g[1] + (g[2] ?? 0) * (g[3] ?? 0) >= bytes.length + (i + FIRST < 10 ? 2 : 3)) + FIRST;
  if (version < FIRST) return null;
  const size = 17 + 4 * version;
  /** @type {boolean[][]} */
  const dark = Array.from({ length: size }, () => Array(size).fill(false));
  /** @type {boolean[][]} */
  const fixed = Array.from({ length: size }, () => Array(size).fill(false));
  const set = (/** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ on) => {
    if (x < 0 || y < 0 || x >= size || y >= size) return;
    dark[y][x] = on;
    fixed[y][x] = true;
  };
  for (let i = 0; i < size; i++) {
    set(6, i, i % 2 === 0);
    set(i, 6, i % 2 === 0);
  }
  for (const [cx, cy] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
      const far = Math.max(Math.abs(dx), Math.abs(dy));
      set(cx + dx, cy + dy, far !== 2 && far !== 4);
    }
  }
  const centres = ALIGNMENT[version - FIRST], last = centres[centres.length - 1];
  for (const cy of centres) for (const cx of centres) {
    if ((cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6)) continue;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) set(cx + dx, cy + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
  }
  const format = (/** @type {number} */ mask) => {
    const data = (LEVEL_M << 3) | mask;
    let rest = data;
    for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
    const bits = ((data << 10) | rest) ^ 0x5412;
    const bit = (/** @type {number} */ i) => ((bits >> i) & 1) === 1;
    for (let i = 0; i <= 5; i++) set(8, i, bit(i));
    set(8, 7, bit(6));
    set(8, 8, bit(7));
    set(7, 8, bit(8));
    for (let i = 9; i < 15; i++) set(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i++) set(size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i++) set(8, size - 15 + i, bit(i));
    set(8, size - 8, true);
  };
  format(0);
  if (version >= 7) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
    const bits = (version << 12) | rest;
    for (let i = 0; i < 18; i++) {
      const on = ((bits >> i) & 1) === 1, a = size - 11 + (i % 3), b = Math.floor(i / 3);
      set(a, b, on);
      set(b, a, on);
    }
  }
  const words = codewords(bytes, version);
  let bit = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) for (const x of [right, right - 1]) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - step : step;
      if (fixed[y][x]) continue;
      dark[y][x] = ((words[bit >> 3] ?? 0) >> (7 - (bit & 7)) & 1) === 1;
      bit++;
    }
  }
  const flip = (/** @type {number} */ mask) => dark.forEach((row, y) => row.forEach((on, x) => { if (!fixed[y][x]) row[x] = on !== MASKS[mask](x, y); }));
  let best = 0, least = Infinity;
  for (let mask = 0; mask < MASKS.length; mask++) {
    flip(mask);
    format(mask);
    const cost = penalty(dark);
    if (cost < least) [best, least] = [mask, cost];
    flip(mask);
  }
  flip(best);
  format(best);
  return dark;
}

/** What makes a code hard to read: long runs, blocks, and more of one colour. @param {boolean[][]} dark */
function penalty(dark) {
  const size = dark.length;
  let cost = 0, count = 0;
  for (let a = 0; a < size; a++) {
    for (const at of [(/** @type {number} */ b) => dark[a][b], (/** @type {number} */ b) => dark[b][a]]) {
      for (let b = 1, run = 1; b <= size; b++) {
        if (b < size && at(b) === at(b - 1)) run++;
        else {
          if (run >= 5) cost += run - 2;
          run = 1;
        }
      }
    }
    for (let b = 0; b < size; b++) {
      if (dark[a][b]) count++;
      if (a > 0 && b > 0 && dark[a][b] === dark[a - 1][b] && dark[a][b] === dark[a][b - 1] && dark[a][b] === dark[a - 1][b - 1]) cost += 3;
    }
  }
  return cost + 10 * Math.floor(Math.abs((20 * count) / (size * size) - 10));
}

/** A picture of text. @param {string} text */
export function qr(text) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const m = modules(text) ?? [];
  svg.setAttribute("viewBox", `-4 -4 ${m.length + 8} ${m.length + 8}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "QR");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", m.map((row, y) => row.map((on, x) => (on ? `M${x} ${y}h1v1h-1z` : "")).join("")).join(""));
  svg.append(path);
  return svg;
}
