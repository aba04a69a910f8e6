// The frame encryption of the browser against the vectors of RFC 9605, and against itself: node --test.
// covers C5, M3, M4

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decrypt, deriveKey, encodeHeader, encrypt, fill, HANGUP, MUTE, nonce, OVERHEAD, parseHeader, Receiver, Sender, take } from "../phone/sframe.js";
import { toHex } from "../phone/bytes.js";

const vectors = readFileSync(new URL("../../../../testdata/vectors/sframe.json", import.meta.url), "utf8");
// Numbers beyond 2^53 must not pass through a double.
const all = JSON.parse(vectors.replace(/"(kid|ctr)": (\d+)/g, '"$1": "$2"'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
const opus = new Uint8Array(80).fill(7);

test("headers are those of the RFC", () => {
  assert.equal(all.header.length, 289);
  for (const v of all.header) {
    assert.equal(toHex(encodeHeader(BigInt(v.kid), BigInt(v.ctr))), v.encoded);
    const got = parseHeader(bytes(v.encoded + "00"));
    assert.deepEqual(got, { kid: BigInt(v.kid), ctr: BigInt(v.ctr), size: v.encoded.length / 2 });
  }
});

test("a header has one spelling", () => {
  for (const wasteful of ["0805", "8007", "090012", "99000123004567", "0a000100", ""]) assert.equal(parseHeader(bytes(wasteful)), null);
});

test("suite 5 is that of the RFC", async () => {
  assert.equal(all.sframe.length, 1);
  const v = all.sframe[0];
  const key = await deriveKey(bytes(v.base_key), BigInt(v.kid));
  assert.equal(toHex(key.salt), v.sframe_salt);
  assert.equal(toHex(nonce(key, BigInt(v.ctr))), v.nonce);
  const header = encodeHeader(BigInt(v.kid), BigInt(v.ctr));
  const sealed = await encrypt(key, BigInt(v.ctr), bytes(v.pt), bytes(v.aad));
  assert.equal(toHex(header) + toHex(sealed), v.ct);
  assert.equal(toHex(await decrypt(key, BigInt(v.ctr), sealed, bytes(v.aad))), v.pt);
});

/** Two ends with the keys of as many epochs as they ask for. */
async function pair() {
  const base = (epoch) => new Uint8Array(64).fill(epoch + 1);
  const ends = {};
  let sent = 0, received = 0;
  ends.sender = new Sender(0, 96, () => ends.sender.addKey(sent, base(sent++)));
  ends.receiver = new Receiver(0, 96, () => ends.receiver.addKey(received, base(received++)));
  for (let i = 0; i < 2; i++) await ends.sender.addKey(sent, base(sent++));
  for (let i = 0; i < 3; i++) await ends.receiver.addKey(received, base(received++));
  return ends;
}

test("every frame has one size, and what was said comes out", async () => {
  const { sender, receiver } = await pair();
  for (const [said, controls] of [[opus, []], [new Uint8Array(0), []], [opus, [{ kind: MUTE, muted: true }, { kind: HANGUP, reason: 1 }]]]) {
    const frame = await sender.seal(1000, said, controls);
    assert.equal(frame.length, 96 + OVERHEAD);
    assert.deepEqual(await receiver.open(1000, frame), { opus: said, controls });
  }
  assert.equal(await sender.seal(1000, new Uint8Array(95), []), null, "a frame that does not fit is not sent larger");
});

test("without a key nothing is sealed", async () => {
  assert.equal(await new Sender(0, 96, () => {}).seal(1000, opus, []), null);
});

test("replays, reflections, other keys and flipped bits are refused", async () => {
  const { sender, receiver } = await pair();
  const frame = await sender.seal(1000, opus, []);
  for (const at of [0, 1, 2, 3, 50, 114]) {
    const bad = frame.slice();
    bad[at] ^= 1;
    assert.equal(await receiver.open(1000, bad), null, `byte ${at}`);
  }
  assert.ok(await receiver.open(1000, frame));
  assert.equal(await receiver.open(1000, frame), null, "a replay");
  assert.equal(await receiver.open(1000, frame.slice(1)), null, "another size");
  const mine = new Receiver(1, 96, () => {});
  await mine.addKey(0, new Uint8Array(64).fill(1));
  assert.equal(await mine.open(1000, frame), null, "reflected");
});

test("frames may come late by less than the window", async () => {
  const { sender, receiver } = await pair();
  const frames = [];
  for (let i = 0; i < 1100; i++) frames.push(await sender.seal(1000, opus, []));
  assert.ok(await receiver.open(1000, frames[1099]));
  assert.equal(await receiver.open(1000, frames[0]), null);
  assert.ok(await receiver.open(1000, frames[1099 - 1023]));
});

test("keys go forward every minute, and the old one is forgotten after five seconds", async () => {
  const { sender, receiver } = await pair();
  let before = [];
  for (let minute = 0; minute < 9; minute++) {
    const now = 1000 + 60_000 * minute;
    const frames = [];
    for (let i = 0; i < 3; i++) frames.push(await sender.seal(now, opus, []));
    assert.equal(frames[0][0] >> 4, 2 * (minute % 4), "the epoch is in the header");
    assert.ok(await receiver.open(now, frames[0]), `minute ${minute}`);
    if (minute > 0) {
      assert.ok(await receiver.open(now + 4_999, before[1]), "late, but not too late");
      assert.equal(await receiver.open(now + 5_000, before[2]), null, "too late");
    }
    before = frames;
    await new Promise((resolve) => setTimeout(resolve, 20)); // further keys are being derived
  }
});

test("what is inside is parsed strictly", () => {
  const good = fill(96, opus, [{ kind: MUTE, muted: false }]);
  assert.deepEqual(take(good), { opus, controls: [{ kind: MUTE, muted: false }] });
  const unknown = fill(96, opus, []);
  unknown.set([99, 1, 5], 82);
  assert.deepEqual(take(unknown), { opus, controls: [] }, "later versions may say more");
  for (const [name, at, what] of [["a mute of 2", 82, [1, 1, 2]], ["a wrong length", 82, [1, 2, 0, 0]], ["twice", 82, [3, 0, 3, 0]], ["not zero", 84, [1]], ["too long", 0, [0, 95]]]) {
    const bad = fill(96, opus, []);
    bad.set(what, at);
    assert.equal(take(bad), null, name);
  }
});
