// The worker between encoder and network. Every frame of the microphone is sealed here or dropped, every frame of the
// network is opened here or dropped: without keys nothing passes in either direction. The page counts on the counts.

import { Receiver, Sender } from "./sframe.js";

/** @typedef {import("./types.d.ts").Control} Control */

const COUNT_EVERY = 50; // ms

/** @type {Sender|null} */ let sender = null;
/** @type {Receiver|null} */ let receiver = null;
/** In how many further frames each control goes; negative: until the end. @type {Map<number, {control: Control, frames: number}>} */
const saying = new Map();
/** @type {import("./types.d.ts").Counts} */
const counts = { sent: 0, seen: 0, opened: 0, refused: 0, empty: 0, large: 0 };

self.onmessage = ({ data }) => {
  switch (data.kind) {
    case "start":
      sender = new Sender(data.out, data.bucket, () => self.postMessage({ kind: "need", out: true }));
      receiver = new Receiver(data.in, data.bucket, () => self.postMessage({ kind: "need", out: false }));
      setInterval(() => self.postMessage({ kind: "counts", counts }), COUNT_EVERY);
      break;
    case "key":
      void (data.out ? sender : receiver)?.addKey(data.epoch, data.base);
      break;
    case "count":
      self.postMessage({ kind: "counts", counts, asked: data.asked });
      break;
    case "say":
      saying.set(data.control.kind, { control: data.control, frames: data.frames });
      break;
  }
};

// @ts-ignore: not in TypeScript's library
self.onrtctransform = (event) => {
  const { readable, writable, options } = event.transformer;
  const transform = options.out ? seal : open;
  readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable).catch(() => {});
};

/** @param {{data: ArrayBuffer}} frame @param {TransformStreamDefaultController} out */
async function seal(frame, out) {
  if (!sender) return;
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
  const opened = receiver && await receiver.open(Date.now(), new Uint8Array(frame.data));
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
