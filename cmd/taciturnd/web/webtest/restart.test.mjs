// Calls whose path changes: the browser gathers again, and every restart brings a new voice key.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { add, call, gone, hangUp, spoken, state } from "./steps.mjs";
import { pause, speech, until, World } from "./world.mjs";

/** @type {World} */ let w;
before(async () => { w = await World.open(); });
after(async () => { await w.close(); });

/** What a browser says when its network has changed. */
const networkChanges = (page) => page.evaluate(() => { globalThis.dispatchEvent(new Event("online")); });
const restarts = async (page) => Number(await page.locator(".callview").getAttribute("data-restarts"));
/** A key that the other side has only just got is fresh enough: nobody asks for another. */
const settle = () => pause(1_500);
const restarted = (page, times) => until(`${times} restarts`, async () => await restarts(page) >= times, 10_000);

/**
 * Voice has one size on all paths. TURN's wrapping is not looked at: until the relay has bound a channel for a new address,
 * packets to it travel in indications.
 */
function sameFrames(voice) {
  assert.equal(new Set(voice.flat().map((p) => p.rtp.length)).size, 1, "one packet size, before and after"); // covers M5
}

/** Waits until the page plays something that is not silence, from now on. */
async function hears(page) {
  const from = Buffer.from(await page.evaluate(() => globalThis.heard()), "base64").length;
  await until("a voice", async () => {
    const pcm = Buffer.from(await page.evaluate(() => globalThis.heard()), "base64");
    for (let at = from; at + 1 < pcm.length; at += 2) if (Math.abs(pcm.readInt16LE(at)) > 1000) return true;
    return false;
  }, 10_000);
}

spoken("the network under a browser changes: the terminal phone goes on understanding, with a new key", async (_, n) => {
  const out = join(w.dir, `bob${n}.wav`);
  const bob = await w.answering("bob" + n, "--record", out, "--play", speech);
  const alice = await w.phone();
  await add(alice, "Bob", bob.link);
  w.wire.forget();
  await call(alice, "Bob");
  await state(alice, "talking");
  await pause(3_000);
  assert.equal(await restarts(alice), 0);
  await networkChanges(alice);
  await restarted(alice, 1);
  await hears(alice);
  await pause(9_000);
  const voice = w.wire.voice();
  sameFrames(voice);
  assert.equal(await restarts(alice), 1);
  await hangUp(alice);
  await bob.over;
  assert.deepEqual(alice.complaints, []);
  return w.score(out);
});

test("the terminal phone loses its path: the browser that it called follows, and hears it again", async () => {
  const bob = await w.phone({ quiet: true });
  w.terminal("carol", "init", "--server", w.url);
  await add(bob, "Carol", w.terminal("carol", "id", "--link").trim());
  const carol = w.startTerminal("carol", "call", bob.link, "--play", speech, "--for", "40s");
  await state(bob, "ringing");
  await bob.getByRole("button", { name: "Accept" }).click();
  await state(bob, "talking");
  await hears(bob);
  w.wire.cut = true;
  await pause(2_500);
  w.wire.cut = false;
  await restarted(bob, 1);
  await hears(bob);
  await hangUp(bob);
  await gone(bob);
  await carol.over;
});

test("two browsers restart their call one after the other, and both at once", async () => {
  const [alice, bob] = await Promise.all([w.phone(), w.phone({ quiet: true })]);
  await add(alice, "Bob", bob.link);
  w.wire.forget();
  await call(alice, "Bob");
  await state(bob, "ringing");
  await bob.getByRole("button", { name: "Accept" }).click();
  await Promise.all([state(alice, "talking"), state(bob, "talking")]);
  await hears(bob);
  await networkChanges(bob); // the callee
  await Promise.all([restarted(alice, 1), restarted(bob, 1)]);
  await hears(bob);
  await settle();
  await networkChanges(alice);
  await Promise.all([restarted(alice, 2), restarted(bob, 2)]);
  await hears(bob);
  await settle();
  await Promise.all([networkChanges(alice), networkChanges(bob)]);
  await Promise.all([restarted(alice, 3), restarted(bob, 3)]);
  await hears(bob);
  const voice = w.wire.voice();
  assert.ok(voice.length > 2, "voice took paths that were not there at the beginning");
  sameFrames(voice);
  await hangUp(bob);
  await Promise.all([gone(alice), gone(bob)]);
  assert.deepEqual([...alice.complaints, ...bob.complaints], []);
});
