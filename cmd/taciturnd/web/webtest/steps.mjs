// What people do with the phone, and what is demanded of their voices.

import assert from "node:assert/strict";
import { test } from "node:test";

const LEAST = 0.93; // STOI
const ATTEMPTS = 3;

export async function add(page, name, link) {
  await page.getByRole("button", { name: "Add a contact" }).click();
  await page.locator("#add-name").fill(name);
  await page.locator("#add-link").fill(link);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Call " + name }).waitFor();
}
export const call = (page, name) => page.getByRole("button", { name: "Call " + name }).click();
export const state = (page, s) => page.locator(`.callview[data-state=${s}]`).waitFor({ timeout: 35_000 });
export const hangUp = (page) => page.getByRole("button", { name: "Hang up" }).click();
export const gone = (page) => page.locator(".callview").waitFor({ state: "detached" });

/**
 * A test that measures what is understood. A machine that is busy hurts voice, which says nothing about the phone: it is
 * tried again before giving up.
 */
export function spoken(name, tell) {
  test(name, async (t) => {
    for (let attempt = 1; ; attempt++) {
      const stoi = await tell(t, String(attempt));
      t.diagnostic(`STOI ${stoi}`);
      if (stoi >= LEAST) return;
      assert.ok(attempt < ATTEMPTS, `STOI ${stoi}`);
    }
  });
}

/** Every voice packet of each client has one size, from the first to the last. covers M5 */
export function oneSize(packets) {
  assert.ok(packets.length > 100, `${packets.length} packets`);
  const sizes = new Set(packets.map((p) => p.size));
  assert.equal(sizes.size, 1, `sizes ${[...sizes]}`);
  // No extension, no CSRC, no padding. covers M6
  assert.ok(packets.every((p) => p.rtp[0] === 0x80), "plain RTP headers");
}
