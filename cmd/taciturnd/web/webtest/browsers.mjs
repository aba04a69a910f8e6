// The browsers of the tests: Debian's own, driven by playwright-core, with a microphone that plays a file.
//
// Chromium brings a microphone that plays a file. Firefox has only one that hums, so there the page's getUserMedia is
// replaced by one that plays the same file; so it is in Chromium where a test asks for it.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const tools = createRequire(join(process.env.WEB_TOOLS ?? ".", "package.json"));
const { chromium, firefox } = tools("playwright-core");
const axeSource = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

/** Nothing of it may ask the world for updates or lists: the tests' machines have no world. */
const CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--mute-audio", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--ignore-certificate-errors",
];
const FIREFOX = {
  "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true, "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0,
  "media.peerconnection.ice.loopback": true, "dom.webnotifications.enabled": true, "permissions.default.desktop-notification": 1,
  "app.update.enabled": false, "browser.safebrowsing.update.enabled": false, "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false, "services.settings.server": "data:,#", "dom.push.connection.enabled": false,
  "toolkit.telemetry.enabled": false, "datareporting.policy.dataSubmissionEnabled": false, "extensions.systemAddon.update.enabled": false,
};

/** @param {"chromium"|"firefox"} kind @param {string} file what the microphone plays */
export function launch(kind, file) {
  if (kind === "firefox") {
    return firefox.launch({ channel: "moz-firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", firefoxUserPrefs: FIREFOX });
  }
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...CHROMIUM, "--use-file-for-fake-audio-capture=" + file] });
}

/** What a new page needs before its own code runs. @param {"chromium"|"firefox"} kind @param {string} file */
export async function prepare(page, kind, file) {
  await page.addInitScript(listenIn);
  if (kind === "firefox") await page.addInitScript(play, readFileSync(file).toString("base64"));
}

/** Runs in the page: the microphone plays this WAV file, from its beginning, again and again. */
function play(wav) {
  globalThis.microphones = 0;
  navigator.mediaDevices.getUserMedia = async () => {
    globalThis.microphones++;
    const context = new AudioContext({ sampleRate: 48_000 });
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(Uint8Array.from(atob(wav), (c) => c.charCodeAt(0)).buffer);
    source.loop = true;
    const out = context.createMediaStreamDestination();
    source.connect(out);
    source.start();
    return out.stream;
  };
}

/** Runs in the page before its own code: keeps the sound that arrives. */
function listenIn() {
  const Original = globalThis.RTCPeerConnection;
  const chunks = [];
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      globalThis.connections.push(this);
      this.addEventListener("track", ({ track }) => record(track));
    }
    addTransceiver(...args) {
      const t = super.addTransceiver(...args);
      record(t.receiver.track);
      return t;
    }
  };
  const keep = (samples) => chunks.push(Int16Array.from(samples, (s) => Math.max(-32768, Math.min(32767, Math.round(32768 * s)))));
  async function record(track) {
    if (track.recorded) return;
    track.recorded = true;
    if (!globalThis.MediaStreamTrackProcessor) { // Firefox
      const context = new AudioContext({ sampleRate: 48_000 });
      const tap = context.createScriptProcessor(4096, 1, 1);
      tap.onaudioprocess = ({ inputBuffer }) => keep(inputBuffer.getChannelData(0));
      context.createMediaStreamSource(new MediaStream([track])).connect(tap).connect(context.destination);
      return;
    }
    for (const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();;) {
      const { value, done } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      value.close();
      keep(samples);
    }
  }
  globalThis.heard = async () => {
    const url = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.readAsDataURL(new Blob(chunks));
    });
    return url.slice(url.indexOf(",") + 1);
  };
}

/** What a person who cannot see or point would stumble over (axe-core, serious or worse). */
export async function barriers(page) {
  await page.evaluate(axeSource); // not a script element: the page's policy stays as it is
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(", "));
  });
}
