// The web phone in a real browser, against the terminal phone and against another browser.

import assert from "node:assert/strict";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { add, call, gone, hangUp, oneSize, spoken, state } from "./steps.mjs";
import { barriers, pause, speech, until, World } from "./world.mjs";

const TALK = 12_000; // ms: all of speech.wav

/** @type {World} */ let w;
before(async () => { w = await World.open(); });
after(async () => { await w.close(); });

test("the page asks nobody else, breaks no policy and is ready at once", async (t) => {
  const started = Date.now();
  const p = await w.person();
  await p.getByRole("button", { name: "Start", exact: true }).waitFor();
  t.diagnostic(`ready after ${Date.now() - started} ms, the browser's start included`);
  assert.deepEqual(await barriers(p), []);
  await p.getByRole("button", { name: "Start", exact: true }).click();
  await p.getByText("online", { exact: true }).waitFor();
  await p.reload();
  await p.getByText("online", { exact: true }).waitFor();
  t.diagnostic(`a known phone is online ${Math.round(await p.evaluate(() => performance.now()))} ms after its page was asked for`);
  assert.deepEqual(await barriers(p), []);
  await p.getByRole("button", { name: "Settings" }).click();
  await p.getByText("Version of this page").waitFor();
  assert.deepEqual(await barriers(p), []);
  assert.deepEqual(p.complaints, []);
});

spoken("a browser calls the terminal phone, which understands", async (_, n) => {
  w.terminal("bob" + n, "init", "--server", w.url);
  const out = join(w.dir, "bob.wav");
  const bob = w.startTerminal("bob" + n, "listen", "--answer", "--record", out, "--play", "silence", "--once");
  await until("bob listens", () => bob.said.includes("listening"));
  const alice = await w.phone();
  await add(alice, "Bob", w.terminal("bob" + n, "id", "--link").trim());
  w.wire.forget();
  await call(alice, "Bob");
  await state(alice, "talking");
  assert.match(await alice.locator(".digits").textContent(), /^\d{5} \d{5}$/);
  assert.ok(bob.said.includes(await alice.locator(".digits").textContent()), "both see the same code");
  await pause(TALK);
  const voice = w.wire.voice();
  await hangUp(alice);
  await bob.over;
  const stoi = w.score(out);
  assert.equal(voice.length, 2);
  voice.forEach(oneSize);
  assert.equal(voice[0][0].rtp.length, voice[1][0].rtp.length, "nobody can tell which is the browser");
  assert.deepEqual(alice.complaints, []);
  return stoi;
});

spoken("the terminal phone calls a browser, which understands; nothing is spoken before the press", async (_, n) => {
  const bob = await w.phone({ quiet: true });
  w.terminal("carol" + n, "init", "--server", w.url);
  await add(bob, "Carol", w.terminal("carol" + n, "id", "--link").trim());
  w.wire.forget();
  const carol = w.startTerminal("carol" + n, "call", bob.link, "--play", speech, "--for", "12s");
  await state(bob, "ringing");
  assert.deepEqual(await barriers(bob), []);
  await pause(1500); // the path is made meanwhile
  assert.deepEqual(w.wire.voice(), [], "no voice before somebody accepts"); // covers M1
  await bob.getByRole("button", { name: "Accept" }).click();
  await state(bob, "talking");
  await carol.over;
  const stoi = w.score(await w.heard(bob, "carol.wav"));
  w.wire.voice().forEach(oneSize);
  await gone(bob);
  await bob.getByText("Calls", { exact: true }).waitFor();
  assert.deepEqual(bob.complaints, []);
  return stoi;
});

spoken("two browsers call one another, mute, compare the code and hang up", async (t) => {
  const [alice, bob] = await Promise.all([w.phone(), w.phone({ quiet: true })]);
  await add(alice, "Bob", bob.link);
  await add(bob, "Alice", alice.link);
  w.wire.forget();
  const pressed = Date.now();
  await call(alice, "Bob");
  await state(bob, "ringing");
  t.diagnostic(`press to ring ${Date.now() - pressed} ms`);
  await state(alice, "ringing");
  await bob.getByRole("button", { name: "Accept" }).click();
  await Promise.all([state(alice, "talking"), state(bob, "talking")]);
  assert.equal(await alice.locator(".digits").textContent(), await bob.locator(".digits").textContent());
  await pause(TALK);
  const stoi = w.score(await w.heard(bob, "alice.wav"));
  assert.deepEqual(await barriers(alice), []);
  await alice.getByRole("button", { name: "Same digits" }).click();
  await alice.getByText("Verified: nobody sits between you").waitFor();
  await bob.keyboard.press("m");
  await alice.getByText("Bob has muted the microphone").waitFor();
  await pause(1000);
  const voice = w.wire.voice();
  await hangUp(bob);
  await Promise.all([gone(alice), gone(bob)]);
  assert.equal(voice.length, 2);
  voice.forEach(oneSize); // while muted, too
  await alice.getByText("verified", { exact: true }).waitFor();
  assert.deepEqual([...alice.complaints, ...bob.complaints], []);
  return stoi;
});

test("Firefox calls Chromium: nothing before the press, and nobody can tell which browser is which", async () => {
  const [alice, bob] = await Promise.all([w.phone({ browser: "firefox" }), w.phone({ quiet: true })]);
  await add(alice, "Bob", bob.link);
  w.wire.forget();
  await call(alice, "Bob");
  await state(bob, "ringing");
  await pause(1000);
  assert.deepEqual(w.wire.voice(), [], "no voice before somebody accepts"); // covers M1
  await bob.getByRole("button", { name: "Accept" }).click();
  await Promise.all([state(alice, "talking"), state(bob, "talking")]);
  assert.equal(await alice.locator(".digits").textContent(), await bob.locator(".digits").textContent());
  await pause(6_000);
  const voice = w.wire.voice();
  assert.equal(voice.length, 2);
  voice.forEach(oneSize);
  assert.equal(voice[0][0].rtp.length, voice[1][0].rtp.length);
  await hangUp(bob);
  await Promise.all([gone(alice), gone(bob)]);
});

test("a call that is declined, and one that is given up, end on both sides", async () => {
  const [alice, bob] = await Promise.all([w.phone(), w.phone()]);
  await add(alice, "Bob", bob.link);
  await add(bob, "Alice", alice.link);
  await call(alice, "Bob");
  await state(bob, "ringing");
  await bob.getByRole("button", { name: "Decline" }).click();
  await alice.locator(".callview").getByText("declined").waitFor();
  await Promise.all([gone(alice), gone(bob)]);
  await call(alice, "Bob");
  await state(bob, "ringing");
  await alice.getByRole("button", { name: "Cancel" }).click();
  await bob.locator(".callview").getByText("missed call").waitFor();
  await Promise.all([gone(alice), gone(bob)]);
});

test("when both press call at once, one call results and nobody rings", async () => {
  // covers N10
  const [alice, bob] = await Promise.all([w.phone(), w.phone()]);
  await add(alice, "Bob", bob.link);
  await add(bob, "Alice", alice.link);
  for (let i = 0; i < 3; i++) {
    await Promise.all([call(alice, "Bob"), call(bob, "Alice")]);
    await Promise.all([state(alice, "talking"), state(bob, "talking")]);
    assert.equal(await alice.locator(".digits").textContent(), await bob.locator(".digits").textContent());
    await hangUp(i % 2 ? alice : bob);
    await Promise.all([gone(alice), gone(bob)]);
  }
});

test("a key file moves the phone to the terminal, and to another browser", async (t) => {
  const fay = await w.phone();
  await fay.getByRole("button", { name: "Settings" }).click();
  await fay.locator("#set-phrase").fill("correct horse");
  const started = Date.now();
  const [download] = await Promise.all([fay.waitForEvent("download"), fay.getByRole("button", { name: "Save key file" }).click()]);
  t.diagnostic(`encrypted after ${Date.now() - started} ms`);
  const key = w.profileFile("fay", "identity.key");
  copyFileSync(await download.path(), key);
  await w.forgetPerson(fay); // one identity is at one place
  chmodSync(key, 0o600);
  const phrase = w.profileFile("fay", "phrase");
  writeFileSync(phrase, "correct horse\n", { mode: 0o600 });
  assert.equal(w.terminal("fay", "--passphrase-file", phrase, "id", "--link").trim(), fay.link);

  const again = await w.person();
  await again.getByRole("button", { name: "I have a key file" }).click();
  await again.locator("#keyfile").setInputFiles(key);
  await again.locator("#keyphrase").fill("wrong");
  const bring = () => again.locator("dialog").getByRole("button", { name: "Start" }).click();
  await bring();
  await again.getByText("the passphrase is wrong").waitFor();
  await again.locator("#keyphrase").fill("correct horse");
  await bring();
  await again.getByText("online", { exact: true }).waitFor();
  assert.equal(await again.locator("#my-link").textContent(), fay.link);
  assert.deepEqual(again.complaints, []);
});

/** Waits for the end of a call whose other side has gone without a word, and says how long that took. */
async function left(t, page, within) {
  const started = Date.now();
  await state(page, "ended");
  const took = Date.now() - started;
  t.diagnostic(`ended after ${took} ms`);
  assert.ok(took < within, `${took} ms`);
}

test("closing the page hangs up", async (t) => {
  const [alice, bob] = await Promise.all([w.phone({ quiet: true }), w.phone({ quiet: true })]);
  await add(alice, "Bob", bob.link);
  await add(bob, "Alice", alice.link);
  await call(alice, "Bob");
  await bob.getByRole("button", { name: "Accept" }).click();
  await state(alice, "talking");
  await pause(1000);
  await bob.close();
  await left(t, alice, 5_000);
});

test("a call ends when the other phone dies", async (t) => {
  const alice = await w.phone({ quiet: true });
  w.terminal("gina", "init", "--server", w.url);
  const gina = w.startTerminal("gina", "listen", "--answer", "--once");
  await until("gina listens", () => gina.said.includes("listening"));
  await add(alice, "Gina", w.terminal("gina", "id", "--link").trim());
  await call(alice, "Gina");
  await state(alice, "talking");
  await pause(1000);
  gina.kill("SIGKILL");
  await left(t, alice, 31_000);
});

test("a stranger's call makes no packet before the press", async () => {
  const bob = await w.phone();
  w.terminal("dora", "init", "--server", w.url);
  w.wire.forget();
  const dora = w.startTerminal("dora", "call", bob.link, "--play", "tone", "--for", "2s");
  await state(bob, "ringing");
  await bob.getByText("Somebody with your link").first().waitFor();
  await pause(1000);
  assert.ok(!dora.said.includes("ringing"), "dora does not learn that bob is here"); // covers P7
  await bob.getByRole("button", { name: "Accept" }).click();
  await state(bob, "talking");
  await dora.over;
});

test("a browser that ignores the transform speaks no word", async () => {
  // covers M2
  const open = await w.phone({ prepare: () => {
    for (const C of [RTCRtpSender, RTCRtpReceiver]) Object.defineProperty(C.prototype, "transform", { set() {}, get() { return null; } });
    const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = (...args) => { globalThis.microphones = (globalThis.microphones ?? 0) + 1; return original(...args); };
  } });
  w.terminal("erin", "init", "--server", w.url);
  const erin = w.startTerminal("erin", "listen", "--answer", "--record", join(w.dir, "erin.wav"), "--once");
  await until("erin listens", () => erin.said.includes("listening"));
  await add(open, "Erin", w.terminal("erin", "id", "--link").trim());
  await call(open, "Erin");
  await open.locator(".callview").getByText("the connection was lost").waitFor({ timeout: 10_000 });
  assert.equal(await open.evaluate(() => globalThis.microphones ?? 0), 0, "the microphone was never opened");
  await erin.over;
});
