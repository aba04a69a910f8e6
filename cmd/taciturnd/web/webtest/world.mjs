// The world of the browser tests: real processes, real browsers, and a wire that is listened to.
//
//	browser ══ UDP ══ wire ══ UDP ══ relay        the wire counts sizes and times of what each client sends
//
// WEB_TOOLS names a folder with node_modules (playwright-core, axe-core): see .ci/web.

import { execFileSync, spawn } from "node:child_process";
import dgram from "node:dgram";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const tools = createRequire(join(process.env.WEB_TOOLS ?? ".", "package.json"));
const { chromium } = tools("playwright-core");
const axeSource = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

export const root = fileURLToPath(new URL("../../../..", import.meta.url));
export const speech = join(root, "testdata/audio/speech.wav");
const bin = (name) => join(process.env.TACITURN_BIN ?? join(root, "bin"), name);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until check returns something true. */
export async function until(what, check, ms = 20_000) {
  for (const end = Date.now() + ms; Date.now() < end; await pause(20)) {
    const got = await check();
    if (got) return got;
  }
  throw new Error("never: " + what);
}

/** Forwards between clients and the relay, and keeps the size and time of every datagram. */
class Wire {
  clients = new Map(); // by address of the client: {up, sent: [{at, bytes}], received: [...]}

  static async open() {
    const wire = new Wire();
    wire.socket = dgram.createSocket("udp4");
    await new Promise((resolve) => wire.socket.bind(0, "127.0.0.1", resolve));
    wire.socket.on("message", (bytes, from) => wire.client(from).forward(bytes));
    return wire;
  }

  get port() { return this.socket.address().port; }

  client(from) {
    const key = from.address + " " + from.port;
    let c = this.clients.get(key);
    if (c) return c;
    const up = dgram.createSocket("udp4");
    c = { port: from.port, up, sent: [], received: [], forward: (bytes) => {
      c.sent.push({ at: performance.now(), bytes: Buffer.from(bytes) });
      up.send(bytes, this.relay, "127.0.0.1");
    } };
    up.on("message", (bytes) => {
      c.received.push({ at: performance.now(), bytes: Buffer.from(bytes) });
      this.socket.send(bytes, from.port, from.address);
    });
    this.clients.set(key, c);
    return c;
  }

  /** RTP packets that clients sent, by client: inside ChannelData, or a Send indication. */
  voice() {
    const all = [];
    for (const c of this.clients.values()) {
      const packets = c.sent.map(({ at, bytes }) => ({ at, size: bytes.length, rtp: inner(bytes) })).filter(({ rtp }) => rtp && isRTP(rtp));
      if (packets.length > 0) all.push(packets);
    }
    return all;
  }

  forget() { for (const c of this.clients.values()) c.sent = c.received = []; }

  close() {
    this.socket.close();
    for (const c of this.clients.values()) c.up.close();
  }
}

/** What ChannelData or a Send indication carries (RFC 8656). */
function inner(b) {
  if (b.length > 4 && (b[0] & 0xc0) === 0x40) return b.subarray(4, 4 + b.readUInt16BE(2));
  if (b.length < 20 || b.readUInt16BE(0) !== 0x0016) return null;
  for (let at = 20; at + 4 <= b.length;) {
    const type = b.readUInt16BE(at), size = b.readUInt16BE(at + 2);
    if (type === 0x0013) return b.subarray(at + 4, at + 4 + size);
    at += 4 + ((size + 3) & ~3);
  }
  return null;
}

/** RFC 7983 and RFC 5761: neither STUN, nor DTLS, nor RTCP. */
const isRTP = (b) => b.length > 12 && b[0] >= 128 && b[0] < 192 && !(b[1] >= 192 && b[1] <= 223);

export class World {
  dir = mkdtempSync(join(tmpdir(), "taciturn-web-"));
  children = [];
  browsers = [];
  people = [];

  static async open() {
    const w = new World();
    w.silence = join(w.dir, "silence.wav");
    writeFileSync(w.silence, wav(Buffer.alloc(96_000)));
    w.wire = await Wire.open();
    const server = w.run("taciturnd", ["--listen", "127.0.0.1:0", "--turn-listen", "127.0.0.1:0", "--turn-public", "127.0.0.1:" + w.wire.port, "--turn-shards", "1", "--admin-listen", "off"]);
    w.url = await until("the server", () => /signaling +(http:\S+)/.exec(server.said)?.[1]);
    w.wire.relay = relayPort(server.pid);
    return w;
  }

  run(name, args) {
    const child = spawn(bin(name), args, { stdio: ["ignore", "pipe", "pipe"] });
    child.said = "";
    for (const out of [child.stdout, child.stderr]) out.on("data", (d) => { child.said += d; });
    child.over = new Promise((resolve) => child.on("exit", resolve));
    this.children.push(child);
    return child;
  }

  /** Runs the terminal phone of a person to its end. */
  terminal(name, ...args) { return execFileSync(bin("taciturn"), ["--home", join(this.dir, "homes"), "--profile", name, ...args], { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" }); }

  /** Starts it. */
  startTerminal(name, ...args) { return this.run("taciturn", ["--home", join(this.dir, "homes"), "--profile", name, ...args]); }

  /**
   * A browser of its own with this page open, speaking speech.wav or, quiet, silence. Only one side of a call should speak:
   * to echo cancellation, the same words from both sides at once are an echo.
   */
  async person({ prepare, quiet = false, ...context } = {}) {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
      "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-audio-capture=" + (quiet ? this.silence : speech),
    ] });
    this.browsers.push(browser);
    const p = await (await browser.newContext({ permissions: ["microphone", "clipboard-read", "clipboard-write"], locale: "en-GB", ...context })).newPage();
    p.complaints = []; // but for 403, said to a queue that has just gone, and 412, the challenge of a signed change
    p.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !/status of 4(03|12)/.test(m.text())) p.complaints.push(m.text()); });
    p.on("pageerror", (e) => p.complaints.push(e.message));
    p.on("request", (r) => { if (!r.url().startsWith(this.url + "/") && !/^(data|blob):/.test(r.url())) p.complaints.push("a request to " + r.url()); });
    await p.addInitScript(listenIn);
    if (prepare) await p.addInitScript(prepare);
    await p.goto(this.url);
    this.people.push(p);
    return p;
  }

  /** person, with a phone that is online. */
  async phone(options) {
    const p = await this.person(options);
    await p.getByRole("button", { name: "Start", exact: true }).click();
    await p.getByText("online", { exact: true }).waitFor();
    p.link = await p.locator("#my-link").textContent();
    return p;
  }

  /** Where a file of a terminal phone's profile goes. */
  profileFile(name, file) {
    const dir = join(this.dir, "homes", name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    return join(dir, file);
  }

  /** Closes the browser of a person. */
  async forgetPerson(page) { await page.context().browser().close(); }

  /** How well what is in file can be understood, from 0 to 1. */
  score(file) {
    const out = execFileSync(bin("callsim"), ["score", "--min", "0", speech, file], { encoding: "utf8" });
    return Number(/stoi ([0-9.]+)/.exec(out)[1]);
  }

  /** What a page has heard, as a file. */
  async heard(page, name) {
    const pcm = Buffer.from(await page.evaluate(() => globalThis.heard()), "base64");
    const file = join(this.dir, name);
    writeFileSync(file, wav(pcm));
    return file;
  }

  async close() {
    for (const b of this.browsers) await b.close();
    for (const c of this.children) {
      c.kill("SIGTERM");
      await c.over;
    }
    this.wire.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** 48 kHz, mono, 16 bit. */
function wav(pcm) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write("WAVEfmt ", 8);
  [[16, 4], [1, 2], [1, 2], [48_000, 4], [96_000, 4], [2, 2], [16, 2]].reduce((at, [v, n]) => head.writeUIntLE(v, at, n), 16);
  head.write("data", 36);
  head.writeUInt32LE(pcm.length, 40);
  return Buffer.concat([head, pcm]);
}

/** Runs in the page before its own code: keeps the sound that arrives. */
function listenIn() {
  const Original = globalThis.RTCPeerConnection;
  const chunks = [];
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      this.addEventListener("track", ({ track }) => record(track));
    }
    addTransceiver(...args) {
      const t = super.addTransceiver(...args);
      record(t.receiver.track);
      return t;
    }
  };
  async function record(track) {
    if (track.recorded) return;
    track.recorded = true;
    for (const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();;) {
      const { value, done } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      value.close();
      chunks.push(Int16Array.from(samples, (s) => Math.max(-32768, Math.min(32767, Math.round(32768 * s)))));
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

/** The UDP port that process pid reads. */
function relayPort(pid) {
  const inodes = execFileSync("sh", ["-c", `ls -l /proc/${pid}/fd`], { encoding: "utf8" }).match(/socket:\[(\d+)\]/g).map((s) => s.slice(8, -1));
  for (const line of readFileSync("/proc/net/udp", "utf8").split("\n").slice(1)) {
    const field = line.trim().split(/\s+/);
    if (inodes.includes(field[9])) return parseInt(field[1].split(":")[1], 16);
  }
  throw new Error("the relay listens nowhere");
}

/** What a person who cannot see or point would stumble over (axe-core, serious or worse). */
export async function barriers(page) {
  await page.evaluate(axeSource); // not a script element: the page's policy stays as it is
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => v.id + ": " + v.nodes.map((n) => n.target.join(" ")).join(", "));
  });
}
