// The world of the browser tests: real processes, real browsers, and a wire that is listened to.
//
//	browser ══ wire ══ relay        the wire counts sizes and times of what each client sends
//
// WEB_TOOLS names a folder with node_modules (playwright-core, axe-core): see .ci/web.

import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, prepare } from "./browsers.mjs";
import { Wire } from "./wire.mjs";

export { barriers } from "./browsers.mjs";

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

export class World {
  dir = mkdtempSync(join(tmpdir(), "taciturn-web-"));
  children = [];
  /** By kind and what the microphone plays: starting one takes seconds. */ #browsers = new Map();

  /** transport is how phones reach the relay: udp, tcp or tls. */
  static async open({ transport = "udp", flags = [] } = {}) {
    const w = new World();
    w.silence = join(w.dir, "silence.wav");
    writeFileSync(w.silence, wav(Buffer.alloc(96_000)));
    w.wire = await Wire.open();
    const port = await freePort();
    const url = w.turn = {
      udp: `turn:127.0.0.1:${w.wire.udpPort}?transport=udp`, tcp: `turn:127.0.0.1:${w.wire.tcpPort}?transport=tcp`,
      tls: `turns:127.0.0.1:${port}?transport=tcp`, // the server's one port for everything; nothing to listen to on the way
    }[transport];
    if (transport === "tls") flags = [...flags, ...w.#certificate()];
    const server = w.run("taciturnd", ["--listen", "127.0.0.1:" + port, "--turn-listen", "127.0.0.1:0", "--turn-shards", "1", "--admin-listen", "off", "--turn-url", url, ...flags]);
    w.url = await until("the server", () => /signaling +(https?:\S+)/.exec(server.said)?.[1]);
    w.wire.relay = udpPort(server.pid);
    w.wire.relayTCP = port;
    return w;
  }

  /** A certificate for this machine's loopback address. The terminal phone trusts it; browsers ask for nothing. */
  #certificate() {
    this.ca = join(this.dir, "cert.pem");
    const key = join(this.dir, "key.pem");
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=taciturn",
      "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", this.ca], { stdio: "ignore" });
    return ["--tls-cert", this.ca, "--tls-key", key];
  }

  run(name, args) {
    const child = spawn(bin(name), args, { stdio: ["ignore", "pipe", "pipe"], env: this.#environment() });
    child.said = "";
    for (const out of [child.stdout, child.stderr]) out.on("data", (d) => { child.said += d; });
    child.over = new Promise((resolve) => child.on("exit", resolve));
    this.children.push(child);
    return child;
  }

  #environment() { return this.ca ? { ...process.env, SSL_CERT_FILE: this.ca } : process.env; }

  #home(name, args) { return ["--home", join(this.dir, "homes"), "--profile", name, ...args]; }

  /** Runs the terminal phone of a person to its end. */
  terminal(name, ...args) {
    return execFileSync(bin("taciturn"), this.#home(name, args), { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8", env: this.#environment() });
  }

  /** Starts it. */
  startTerminal(name, ...args) { return this.run("taciturn", this.#home(name, args)); }

  /** One that answers; said gets what it prints. */
  async answering(name, ...args) {
    this.terminal(name, "init", "--server", this.url);
    const phone = this.startTerminal(name, "listen", "--answer", "--once", ...args);
    await until(name + " listens", () => phone.said.includes("listening"));
    phone.link = this.terminal(name, "id", "--link").trim();
    return phone;
  }

  #browser(kind, file) {
    const key = kind + " " + file;
    if (!this.#browsers.has(key)) this.#browsers.set(key, launch(kind, file));
    return this.#browsers.get(key);
  }

  /**
   * Somebody with a browser profile of their own and this page open, speaking speech.wav or, quiet, silence. Only one side of
   * a call should speak: to echo cancellation, the same words from both sides at once are an echo.
   */
  async person({ browser = "chromium", prepare: first, quiet = false, path = "/", ...context } = {}) {
    const file = quiet ? this.silence : speech;
    const permissions = browser === "chromium" ? { permissions: ["microphone", "clipboard-read", "clipboard-write", "notifications"] } : {};
    const c = await (await this.#browser(browser, file)).newContext({ ...permissions, locale: "en-GB", ignoreHTTPSErrors: true, ...context });
    const p = await c.newPage();
    p.complaints = []; // but for 403, said to a queue that has just gone, and 412, the challenge of a signed change
    p.on("console", (m) => { if (["error", "warning"].includes(m.type()) && !/status of 4(03|12)/.test(m.text())) p.complaints.push(m.text()); });
    p.on("pageerror", (e) => p.complaints.push(e.message));
    p.on("request", (r) => { if (!r.url().startsWith(this.url + "/") && !/^(data|blob):/.test(r.url())) p.complaints.push("a request to " + r.url()); });
    await prepare(p, browser, file);
    if (first) await p.addInitScript(first);
    await p.goto(this.url + path);
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

  /** Closes the browser profile of a person. */
  async forgetPerson(page) { await page.context().close(); }

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
    for (const b of this.#browsers.values()) await (await b).close();
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

/** A TCP port that nobody listens on. */
async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The UDP port that process pid reads. */
function udpPort(pid) {
  const inodes = execFileSync("sh", ["-c", `ls -l /proc/${pid}/fd`], { encoding: "utf8" }).match(/socket:\[(\d+)\]/g).map((s) => s.slice(8, -1));
  for (const line of readFileSync("/proc/net/udp", "utf8").split("\n").slice(1)) {
    const field = line.trim().split(/\s+/);
    if (inodes.includes(field[9])) return parseInt(field[1].split(":")[1], 16);
  }
  throw new Error("the relay listens nowhere");
}
