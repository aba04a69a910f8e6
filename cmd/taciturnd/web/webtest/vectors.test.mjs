// A second implementation of the protocol's arithmetic, written from docs/protocol.md with node's own primitives and nothing of
// this repository: it replays testdata/vectors/handshake.json, from the KEM's shared secrets on, and sframe.json.
// covers C7, C5

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash, createHmac, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (name) => readFileSync(new URL(`../../../../testdata/vectors/${name}`, import.meta.url), "utf8");
const call = JSON.parse(read("handshake.json"));
const bytes = (base64) => Buffer.from(base64, "base64");
const ascii = (text) => Buffer.from(text, "latin1");
const cat = (...parts) => Buffer.concat(parts.map((p) => (typeof p === "string" ? ascii(p) : p)));
const u8 = (n) => Buffer.from([n]);
const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };
const lp = (x) => cat(u16(x.length), x);

// Section 1: the primitives that node has under other names.
const hmac = (key, message, hash = "sha256") => createHmac(hash, key).update(message).digest();
const extract = (salt, ikm, hash = "sha256") => hmac(salt, ikm, hash);
function expand(prk, info, length, hash = "sha256") {
  let out = Buffer.alloc(0), block = Buffer.alloc(0);
  for (let i = 1; out.length < length; i++) out = cat(out, (block = hmac(prk, cat(block, info, u8(i)), hash)));
  return out.subarray(0, length);
}
const sha256 = (x) => createHash("sha256").update(x).digest();
const signed = (key, label, message, signature) => verify(null, cat(label, u8(0), message),
  createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: key.toString("base64url") }, format: "jwk" }), signature);
function chacha(key, nonce, aad, sealed) {
  const d = createDecipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
  d.setAAD(aad, { plaintextLength: sealed.length - 16 });
  d.setAuthTag(sealed.subarray(-16));
  return cat(d.update(sealed.subarray(0, -16)), d.final());
}

/** HPKE base mode (RFC 9180 section 5.1) from the KEM's secret on. */
function hpke(secret, info) {
  const suite = cat("HPKE", u16(0x647a), u16(1), u16(3));
  const from = (salt, label, ikm) => extract(salt, cat("HPKE-v1", suite, label, ikm));
  const to = (prk, label, info, length) => expand(prk, cat(u16(length), "HPKE-v1", suite, label, info), length);
  const context = cat(u8(0), from("", "psk_id_hash", ""), from("", "info_hash", info));
  const root = from(secret, "secret", "");
  const key = to(root, "key", context, 32), nonce = to(root, "base_nonce", context, 12), exporter = to(root, "exp", context, 32);
  return { open: (aad, sealed) => chacha(key, nonce, aad, sealed), export: (label, length) => to(exporter, "sec", label, length) };
}

// Section 3 and the key file: what the two people publish.
function person(file) {
  const at = "taciturn/1 keys".length + 2 + file["taciturn/1 keys".length + 1]; // form, server
  const seeds = file.subarray(at);
  const list = seeds.subarray(96 + 2, 96 + 2 + seeds.readUInt16BE(96));
  const prekey = file.subarray(file.indexOf(cat(u16(17), "taciturn/1 prekey")));
  const device = list.subarray(2 + 18 + 32 + 8 + 32 + 16 + 1);
  return {
    list, account: list.subarray(20, 52), deviceID: device.subarray(0, 8), device: device.subarray(8, 40),
    prekeyID: prekey.subarray(19, 27), mailbox: prekey.subarray(35, 51), prekey: prekey.subarray(51, 51 + 1216),
    prekeySigned: prekey.subarray(0, 51 + 1216 + 16), prekeySignature: prekey.subarray(51 + 1216 + 16, 51 + 1216 + 16 + 64),
  };
}

// Section 6.
const header = (e) => e.subarray(0, 26), enc = (e) => e.subarray(26, 1146), ciphertext = (e) => e.subarray(1146);
function unpadded(plaintext) {
  assert.equal(plaintext.length, 2934);
  let end = plaintext.length;
  while (plaintext[end - 1] === 0) end--;
  assert.equal(plaintext[end - 1], 0x80);
  return plaintext.subarray(0, end - 1);
}

// Section 8.
const TH = (label, ...parts) => sha256(cat(lp(ascii(label)), ...parts.map((p) => cat(u32(p.length), p))));
const base = (mr, direction, epoch) => expand(mr, cat("taciturn/1 sframe ", u8(direction), u32(epoch)), 64);

/** A reader of fields, in the order of section 7. */
const fields = (b) => ({ take(n) { const x = b.subarray(0, n); assert.equal(x.length, n); b = b.subarray(n); return x; }, u8() { return this.take(1)[0]; }, u16() { return this.take(2).readUInt16BE(); }, lp8() { return this.take(this.u8()); }, done() { assert.equal(b.length, 0); } });
function readTransport(f) {
  const t = { fingerprint: f.take(32), ufrag: f.lp8(), pwd: f.lp8(), candidates: [] };
  for (let n = f.u8(); n > 0; n--) t.candidates.push({ address: f.take({ 4: 4, 6: 16 }[f.u8()]), port: f.u16(), priority: f.take(4) });
  return t;
}

const alice = person(bytes(call.caller_key_file)), bob = person(bytes(call.callee_key_file));

test("records are signed by whom they say", () => {
  for (const p of [alice, bob]) {
    assert.ok(signed(p.account, "taciturn/1 devices", p.list.subarray(0, -64), p.list.subarray(-64)));
    assert.ok(signed(p.device, "taciturn/1 prekey", p.prekeySigned, p.prekeySignature));
    assert.ok(!signed(p.device, "taciturn/1 devices", p.prekeySigned, p.prekeySignature), "under another label");
  }
});

test("a whole call, from OFFER to the voice keys and a restart", () => {
  const offerEnvelope = bytes(call.offer), ringEnvelope = bytes(call.ring), secrets = call.kem_shared_secrets;
  for (const e of [offerEnvelope, ringEnvelope]) {
    assert.equal(e.length, 4096);
    assert.deepEqual([...e.subarray(0, 2)], [1, 1]);
  }
  assert.deepEqual(header(offerEnvelope).subarray(2), cat(bob.mailbox, bob.prekeyID));

  const s1 = hpke(bytes(secrets.offer), cat("taciturn/1 offer", TH("prekey", bob.prekey, bob.device)));
  const inner1 = unpadded(s1.open(header(offerEnvelope), ciphertext(offerEnvelope)));
  const offer = inner1.subarray(0, -64);
  assert.ok(signed(alice.device, "taciturn/1 sig offer", TH("o", header(offerEnvelope), enc(offerEnvelope), offer, bob.device), inner1.subarray(-64)));
  const f = fields(offer);
  assert.equal(f.u8(), 1);
  assert.deepEqual([f.u8(), f.u16()], [1, 1], "one suite, the first");
  const callID = f.take(16);
  assert.deepEqual(f.take(8), alice.deviceID);
  assert.deepEqual(f.take(f.u16()), alice.list);
  f.take(1216);
  const commitment = f.take(32);
  assert.equal(readTransport(f).candidates.length, 2);
  assert.equal(f.lp8().toString(), "https://a.example");
  const replyQueue = f.take(16), replyKeyID = f.take(8), time = f.take(8).readBigUInt64BE();
  assert.equal(new Date(Number(time)).toISOString(), "2026-01-02T03:04:05.000Z");
  for (let urls = f.u8(); urls > 0; urls--) f.lp8();
  f.lp8(), f.lp8();
  assert.deepEqual([f.u8(), f.take(4).readUInt32BE(), f.u16()], [20, 32000, 96]);
  f.done();
  const th1 = TH("th1", header(offerEnvelope), enc(offerEnvelope), ciphertext(offerEnvelope), inner1);
  const x1 = s1.export("taciturn/1 x1", 32);

  assert.deepEqual(header(ringEnvelope).subarray(2), cat(replyQueue, replyKeyID));
  const s2 = hpke(bytes(secrets.ring), cat("taciturn/1 ring", th1));
  const inner2 = unpadded(s2.open(header(ringEnvelope), ciphertext(ringEnvelope)));
  const ring = inner2.subarray(0, -64);
  assert.ok(signed(bob.device, "taciturn/1 sig ring", TH("r", th1, enc(ringEnvelope), ring), inner2.subarray(-64)));
  const r = fields(ring);
  assert.deepEqual([r.u8(), r.u16(), r.u8(), r.u16()], [2, 1, 1, 1]);
  const nB = r.take(32);
  assert.deepEqual(r.take(8), bob.deviceID);
  assert.deepEqual(r.take(r.u16()), bob.list);
  const bobQueue = r.take(16);
  assert.equal(r.u8(), 1);
  readTransport(r);
  r.done();
  const th2 = TH("th2", th1, header(ringEnvelope), enc(ringEnvelope), ciphertext(ringEnvelope), inner2);
  assert.equal(th2.toString("base64"), call.th2);

  const hs = extract(th2, cat(x1, s2.export("taciturn/1 x2", 32)));
  const K = (label, length = 32) => expand(hs, `taciturn/1 ${label}`, length);
  const sessionHeader = (queue, id, sequence) => cat(u8(1), u8(1), queue, hmac(K(id), u64(sequence)).subarray(0, 8)).toString("base64");
  assert.equal(call.accept, sessionHeader(replyQueue, "id b2a", 0));
  assert.equal(call.confirm, sessionHeader(bobQueue, "id a2b", 0));
  assert.equal(call.connected, sessionHeader(replyQueue, "id b2a", 1));

  const { accept, confirm, connected } = Object.fromEntries(Object.entries(call.plaintexts).map(([k, v]) => [k, bytes(v)]));
  assert.deepEqual([accept[0], accept.length, confirm[0], confirm.length, connected[0], connected.length], [3, 34, 4, 65, 5, 33]);
  const nA = confirm.subarray(1, 33), th3 = TH("th3", th2, accept), th4 = TH("th4", th3, confirm);
  assert.deepEqual(commitment, TH("code", callID, nA));
  assert.deepEqual(confirm.subarray(33), hmac(K("finA"), th3));
  assert.deepEqual(connected.subarray(1), hmac(K("finB"), th4));
  assert.equal(th4.toString("base64"), call.th4);

  const bits = cat(Buffer.alloc(3), expand(hs, cat("taciturn/1 code", lp(nA), lp(nB)), 5)).readBigUInt64BE() >> 7n;
  const five = (n) => String(n).padStart(5, "0");
  assert.equal(`${five(bits / 100000n)} ${five(bits % 100000n)}`, call.code);

  const mr = extract(th4, cat(K("media"), accept.subarray(1, 33)));
  const rk = expand(mr, "taciturn/1 renew", 32);
  const restart = bytes(call.restart), ack = bytes(call.restart_ack);
  const x = hpke(bytes(secrets.restart), cat("taciturn/1 restart", th4)).export("taciturn/1 x3", 32);
  const renewed = extract(TH("rk", th4, restart, ack), cat(x, rk));
  const roots = [[mr, 0], [expand(mr, "taciturn/1 ratchet", 32), 1], [renewed, 65536]];
  assert.deepEqual(roots.map(([root, epoch]) => [0, 1].map((d) => base(root, d, epoch).toString("base64"))), call.sframe_base_keys);
});

// Section 10.
function sframeKey(baseKey, kid) {
  const secret = extract("", baseKey, "sha512"), info = (label) => cat(label, u64(kid), u16(5));
  return { secret, key: expand(secret, info("SFrame 1.0 Secret key "), 32, "sha512"), salt: expand(secret, info("SFrame 1.0 Secret salt "), 12, "sha512") };
}
function sframeNonce(salt, ctr) {
  const nonce = Buffer.from(salt), counter = u64(ctr);
  for (let i = 0; i < 8; i++) nonce[4 + i] ^= counter[i];
  return nonce;
}
function seal(key, nonce, aad, plaintext) {
  const c = createCipheriv("aes-256-gcm", key, nonce);
  c.setAAD(aad);
  return cat(c.update(plaintext), c.final(), c.getAuthTag());
}
function sframeHeader(kid, ctr) {
  const part = (n) => {
    if (n < 8n) return [Number(n), ""];
    const hex = n.toString(16), whole = hex.length % 2 ? "0" + hex : hex;
    return [8 + whole.length / 2 - 1, whole];
  };
  const [k, kidHex] = part(kid), [c, ctrHex] = part(ctr);
  return cat(u8((k << 4) | c), Buffer.from(kidHex + ctrHex, "hex"));
}

test("frames are those of RFC 9605", () => {
  // Numbers beyond 2^53 must not pass through a double.
  const vectors = JSON.parse(read("sframe.json").replace(/"(kid|ctr)": (\d+)/g, '"$1": "$2"'));
  assert.equal(vectors.header.length, 289);
  for (const v of vectors.header) assert.equal(sframeHeader(BigInt(v.kid), BigInt(v.ctr)).toString("hex"), v.encoded);
  assert.equal(vectors.sframe.length, 1);
  for (const v of vectors.sframe) {
    const k = sframeKey(Buffer.from(v.base_key, "hex"), v.kid), nonce = sframeNonce(k.salt, v.ctr), head = sframeHeader(BigInt(v.kid), BigInt(v.ctr));
    assert.deepEqual([k.secret, k.key, k.salt, nonce].map((b) => b.toString("hex")), [v.sframe_secret, v.sframe_key, v.sframe_salt, v.nonce]);
    const aad = cat(head, Buffer.from(v.metadata, "hex"));
    assert.equal(aad.toString("hex"), v.aad);
    assert.equal(cat(head, seal(k.key, nonce, aad, Buffer.from(v.pt, "hex"))).toString("hex"), v.ct);
  }
});
