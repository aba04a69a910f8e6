// The worker between encoder and network. Every frame of the microphone is sealed here or dropped, every frame of the
// network is opened here or dropped: without keys nothing passes in either direction. The page counts on the counts.

import { Receiver, Sender } from "./sframe.js";

/** @typedef {import("./types.d.ts").Control} Control */

const COUNT_EVERY = 50; // ms

const KEEP_OLD = 5_000; // ms that frames with the key before a restart are opened, after the first with the new one
const MAX_RECEIVERS = 3;

/** @typedef {{restart: number, sender: Sender, proven: boolean}} Sending */
/** @typedef {{restart: number, receiver: Receiver, heard: boolean, until: number}} Receiving */

/** @type {Sending|null} */ let sending = null;
/** The key of a restart: used when it is there, and the other side is known to have it. @type {Sending|null} */ let next = null;
/** Newest first. @type {Receiving[]} */ const receiving = [];
/** What start said. @type {{out: number, in: number, bucket: number}} */ let how;
/** In how many further frames each control goes; negative: until the end. @type {Map<number, {control: Control, frames: number}>} */
const saying = new Map();
/** @type {import("./types.d.ts").Counts} */
const counts = { sent: 0, seen: 0, opened: 0, refused: 0, empty: 0, large: 0, restart: 0 };

self.onmessage = ({ data }) => {
  switch (data.kind) {
    case "start":
      how = data;
      sending = newSending(0, true);
      listenWith(0);
      setInterval(() => self.postMessage({ kind: "counts", counts }), COUNT_EVERY);
      break;
    case "renew":
      next = newSending(data.restart, data.asked); // who has answered has the key
      listenWith(data.restart);
      break;
    case "key":
      if (data.out) void [next, sending].find((s) => s?.restart === data.restart)?.sender.addKey(data.epoch, data.base);
      else void receiving.find((r) => r.restart === data.restart)?.receiver.addKey(data.epoch, data.base);
      break;
    case "count":
      self.postMessage({ kind: "counts", counts, asked: data.asked });
      break;
    case "say":
      saying.set(data.control.kind, { control: data.control, frames: data.frames });
      break;
  }
};

/** @param {number} restart @param {boolean} proven @returns {Sending} */
function newSending(restart, proven) {
  return { restart, proven, sender: new Sender(how.out, how.bucket, () => self.postMessage({ kind: "need", out: true, restart })) };
}

/** @param {number} restart */
function listenWith(restart) {
  const receiver = new Receiver(how.in, how.bucket, () => self.postMessage({ kind: "need", out: false, restart }));
  receiving.unshift({ restart, receiver, heard: false, until: Infinity });
  receiving.length = Math.min(receiving.length, MAX_RECEIVERS);
}

// @ts-ignore: not in TypeScript's library
self.onrtctransform = (event) => {
  const { readable, writable, options } = event.transformer;
  const transform = options.out ? seal : open;
  readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable).catch(() => {});
};

/** @param {{data: ArrayBuffer}} frame @param {TransformStreamDefaultController} out */
async function seal(frame, out) {
  if (next?.proven && next.sender.ready) [sending, next] = [next, null];
  if (!sending) return;
  const { sender } = sending;
  const controls = [...saying.values()].map((s) => s.control);
  const now = Date.now();
  let sealed = await sender.seal(now, new Uint8Array(frame.data), controls);
  if (!sealed) {
    sealed = await sender.seal(now, new Uint8Array(0), controls); // too large for the bucket: the size must not tell
    if (!sealed) return;
    counts.large++;
  }
  for (const [kind, s] of saying) {
    if (s.frames > 0 && --s.frames === 0) saying.delete(kind);
  }
  frame.data = sealed.buffer;
  counts.sent++;
  out.enqueue(frame);
}

/** @param {{data: ArrayBuffer}} frame @param {TransformStreamDefaultController} out */
async function open(frame, out) {
  counts.seen++;
  const opened = await openWithAny(Date.now(), new Uint8Array(frame.data));
  if (!opened) {
    counts.refused++;
    return;
  }
  counts.opened++;
  for (const control of opened.controls) self.postMessage({ kind: "control", control });
  if (opened.opus.length === 0) {
    counts.empty++;
    return; // the player makes something up
  }
  frame.data = opened.opus.slice().buffer;
  out.enqueue(frame);
}

/** A KID names four epochs, and roots have them all, so the newest is tried first. @param {number} now @param {Uint8Array} data */
async function openWithAny(now, data) {
  while (receiving.length > 1 && now > receiving[receiving.length - 1].until) receiving.pop();
  for (const r of [...receiving]) {
    const opened = await r.receiver.open(now, data);
    if (!opened) continue;
    if (!r.heard) {
      r.heard = true;
      counts.restart = Math.max(counts.restart, r.restart);
      for (const old of receiving) if (old.restart < r.restart) old.until = Math.min(old.until, now + KEEP_OLD);
      if (next?.restart === r.restart) next.proven = true;
    }
    return opened;
  }
  return null;
}
