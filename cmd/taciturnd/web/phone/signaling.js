// The post office, as package signaling describes it: requests over fetch, frames over WebSocket.

import { concat, fromBase64url, Reader, sha256, toBase64url, utf8 } from "./bytes.js";

/** @typedef {import("./types.d.ts").CoreProfile} CoreProfile */
/** @typedef {import("./types.d.ts").RelayPair} RelayPair */
/** @typedef {{envelope: Uint8Array, age: number}} Delivery age in ms, also of the time here */

const ANSWER_TIME = 10_000;
const HANDSHAKE_TIME = 10_000;
const PING_EVERY = 20_000;
const SILENCE = 30_000;
const MAX_SIGNINGS = 4;
const BACKOFF_FIRST = 500;
const BACKOFF_MOST = 16_000;
const ENVELOPE = 4096;

const CHALLENGE = 1, READY = 2, REFUSED = 3, DELIVER = 4, PONG = 5, RELAY = 6;
const OPEN = 17, ACK = 18, PING = 19, RELAY_REQUEST = 20, LEAVE = 21;

/** why: not-found, refused, rate-limited or unavailable. */
export class SignalingError extends Error {
  /** @param {string} why */
  constructor(why) {
    super(why);
    this.why = why;
  }
}

/** Full jitter: each wait is uniform below a bound that doubles. */
export class Backoff {
  bound = 0;
  reset() { this.bound = 0; }
  wait() {
    this.bound = Math.min(Math.max(BACKOFF_FIRST, 2 * this.bound), BACKOFF_MOST);
    return pause(Math.random() * this.bound);
  }
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {number} status */
function statusError(status) {
  if (status < 300) return null;
  if (status === 404) return new SignalingError("not-found");
  if (status === 429) return new SignalingError("rate-limited");
  return new SignalingError(status >= 400 && status < 500 ? "refused" : "unavailable");
}

/** One server. */
export class Server {
  /** @param {string} base "https://calls.example.org" */
  constructor(base) {
    this.base = base;
    this.host = new URL(base).host;
  }

  /**
   * @param {string} method @param {string} path
   * @param {{headers?: Record<string, string>, body?: Uint8Array}} [more]
   */
  async #do(method, path, { headers = {}, body } = {}) {
    try {
      const answer = await fetch(this.base + path, {
        method, body: /** @type {BodyInit|undefined} */ (body), credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
        keepalive: method === "POST", // a hang-up gets out although the page is being closed
        headers: body ? { ...headers, "Content-Type": "application/octet-stream" } : headers,
        signal: AbortSignal.timeout(ANSWER_TIME),
      });
      return { status: answer.status, tag: answer.headers.get("ETag"), body: new Uint8Array(await answer.arrayBuffer()) };
    } catch {
      throw new SignalingError("unavailable");
    }
  }

  /** What an account publishes; the core verifies it. @param {string} account */
  async directory(account) {
    const answer = await this.#do("GET", "/v1/directory/" + account);
    const error = statusError(answer.status);
    if (error) throw error;
    return answer.body;
  }

  /** @returns {Promise<string[]>} */
  async relayHosts() {
    const answer = await this.#do("GET", "/v1/relay-hosts");
    const error = statusError(answer.status);
    if (error) throw error;
    try {
      return JSON.parse(new TextDecoder().decode(answer.body)).hosts.map(String);
    } catch {
      throw new SignalingError("unavailable");
    }
  }

  /** @param {Uint8Array} envelope @param {Uint8Array} key */
  async submit(envelope, key) {
    const answer = await this.#do("POST", "/v1/envelopes", { headers: { "Taciturn-Delivery-Key": toBase64url(key) }, body: envelope });
    const error = statusError(answer.status);
    if (error) throw error;
  }

  /** @param {CoreProfile} profile */
  register(profile) { return this.#change("POST", "/v1/registrations", profile.registration(), profile); }

  /** @param {CoreProfile} profile */
  publish(profile) { return this.#change("PUT", "/v1/directory/" + profile.account, profile.publication(), profile); }

  /**
   * Sends a signed change: first as if the account were new, then for the revision that the server names.
   * @param {string} method @param {string} path @param {Uint8Array} body @param {CoreProfile} profile
   */
  async #change(method, path, body, profile) {
    /** @type {string|null} */
    let tag = null;
    for (let i = 0; i < MAX_SIGNINGS; i++) {
      const revision = tag ? fromBase64url(tag.replaceAll('"', "")) : new Uint8Array(32);
      if (revision?.length !== 32) throw new SignalingError("unavailable");
      const signature = profile.signRequest("taciturn/1 request", method, this.host, path, revision, body);
      /** @type {Record<string, string>} */
      const headers = { "Taciturn-Device": toBase64url(profile.device), "Taciturn-Signature": toBase64url(signature) };
      if (tag) headers["If-Match"] = tag;
      else headers["If-None-Match"] = "*";
      const answer = await this.#do(method, path, { headers, body });
      if (answer.status !== 412) {
        const error = statusError(answer.status);
        if (error) throw error;
        return;
      }
      tag = answer.tag;
    }
    throw new SignalingError("unavailable");
  }

  /** Connects and logs in. @param {CoreProfile} profile @param {(d: Delivery) => void} deliver */
  async openMailbox(profile, deliver) {
    const socket = await Socket.open(this.base, "/v1/mailbox");
    try {
      const challenge = await socket.next();
      if (challenge[0] !== CHALLENGE || challenge.length !== 33) throw new SignalingError("unavailable");
      socket.send(profile.login("taciturn/1 mailbox", this.host, challenge.slice(1)));
      verdict(await socket.next());
    } catch (error) {
      socket.close();
      throw error;
    }
    return new Mailbox(socket, deliver);
  }

  /** Opens a queue with a new id. @param {(d: Delivery) => void} deliver */
  async openQueue(deliver) {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const id = (await sha256(concat(utf8("taciturn/1 queue"), secret))).slice(0, 16);
    const queue = new Queue(this, id, secret, deliver);
    await queue.connect();
    return queue;
  }
}

/** @param {Uint8Array} frame */
function verdict(frame) {
  if (frame[0] === READY && frame.length === 1) return;
  if (frame[0] === REFUSED) throw new SignalingError(["", "not-found", "refused"][frame[1]] || "unavailable");
  throw new SignalingError("unavailable");
}

/** A WebSocket that carries frames and keeps itself alive. */
class Socket {
  /** @type {((frame: Uint8Array) => void)|null} */ onframe = null;
  /** @type {() => void} */ onclose = () => {};
  /** @type {Uint8Array[]} */ #waiting = [];
  #heard = Date.now();
  closed = false;

  /** @param {WebSocket} ws */
  constructor(ws) {
    this.ws = ws;
    ws.onmessage = ({ data }) => {
      this.#heard = Date.now();
      const frame = new Uint8Array(data);
      if (this.onframe) this.onframe(frame);
      else this.#waiting.push(frame);
    };
    ws.onclose = ws.onerror = () => this.close();
    this.pinging = setInterval(() => {
      if (Date.now() - this.#heard > SILENCE + PING_EVERY) this.close();
      else this.send(new Uint8Array([PING]));
    }, PING_EVERY);
  }

  /** @param {string} base @param {string} path @returns {Promise<Socket>} */
  static open(base, path) {
    return new Promise((resolve, reject) => {
      const ws = new WebSocket(base.replace(/^http/, "ws") + path);
      ws.binaryType = "arraybuffer";
      const late = setTimeout(() => ws.close(), HANDSHAKE_TIME);
      ws.onopen = () => {
        clearTimeout(late);
        resolve(new Socket(ws));
      };
      ws.onclose = ws.onerror = () => {
        clearTimeout(late);
        reject(new SignalingError("unavailable"));
      };
    });
  }

  /** The next frame, before frames have a handler. @returns {Promise<Uint8Array>} */
  next() {
    const frame = this.#waiting.shift();
    if (frame) return Promise.resolve(frame);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.close(), HANDSHAKE_TIME);
      const settle = () => {
        clearTimeout(late);
        this.onframe = null;
        this.onclose = () => {};
      };
      this.onframe = (f) => { settle(); resolve(f); };
      this.onclose = () => { settle(); reject(new SignalingError("unavailable")); };
      if (this.closed) this.onclose();
    });
  }

  /** From now on each frame goes to f. @param {(frame: Uint8Array) => void} f @param {() => void} closed */
  serve(f, closed) {
    this.onframe = f;
    this.onclose = closed;
    for (const frame of this.#waiting.splice(0)) f(frame);
    if (this.closed) closed();
  }

  /** @param {Uint8Array} frame */
  send(frame) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(/** @type {BufferSource} */ (frame));
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.pinging);
    this.ws.onclose = this.ws.onerror = this.ws.onmessage = null;
    this.ws.close();
    this.onclose();
  }
}

/** Hands a deliver frame on and acknowledges it. @param {Socket} socket @param {Uint8Array} frame @param {(d: Delivery) => void} deliver */
function delivered(socket, frame, deliver) {
  if (frame.length !== 13 + ENVELOPE) return;
  const age = new Reader(frame.slice(9, 13)).u32();
  socket.send(concat(new Uint8Array([ACK]), frame.slice(1, 9)));
  deliver({ envelope: frame.slice(13), age });
}

/** The device's long-lived connection. */
export class Mailbox {
  #asked = 0;
  /** @type {Map<number, (pair: RelayPair|null) => void>} */ #answers = new Map();

  /** @param {Socket} socket @param {(d: Delivery) => void} deliver */
  constructor(socket, deliver) {
    this.socket = socket;
    /** Kept when the connection has ended. @type {Promise<void>} */
    this.ended = new Promise((resolve) => {
      socket.serve((frame) => this.#handle(frame, deliver), () => {
        for (const answer of this.#answers.values()) answer(null);
        resolve();
      });
    });
  }

  /** @param {Uint8Array} frame @param {(d: Delivery) => void} deliver */
  #handle(frame, deliver) {
    if (frame[0] === DELIVER) delivered(this.socket, frame, deliver);
    else if (frame[0] === RELAY) {
      const r = new Reader(frame.slice(1));
      const request = r.u32();
      this.#answers.get(request)?.(r.left ? parsePair(r) : null);
      this.#answers.delete(request);
    } else if (frame[0] !== PONG) this.socket.close();
  }

  /** One call's worth of relay credentials. @returns {Promise<RelayPair>} */
  relayCredentials() {
    const request = ++this.#asked;
    return new Promise((resolve, reject) => {
      const fail = () => reject(new SignalingError("unavailable"));
      const late = setTimeout(fail, ANSWER_TIME);
      this.#answers.set(request, (pair) => {
        clearTimeout(late);
        if (pair) resolve(pair);
        else fail();
      });
      if (this.socket.closed) fail();
      const frame = new Uint8Array(5);
      frame[0] = RELAY_REQUEST;
      new DataView(frame.buffer).setUint32(1, request);
      this.socket.send(frame);
    });
  }

  close() { this.socket.close(); }
}

/** @param {Reader} r @returns {RelayPair} */
function parsePair(r) {
  r.u64(); // when it expires: long after the call has begun
  const texts = (/** @type {number} */ n) => Array.from({ length: n }, () => r.text8());
  const urls = texts(r.u8());
  const hosts = texts(r.u8());
  const login = () => ({ username: r.text8(), password: r.text8() });
  return { urls, hosts, caller: login(), callee: login() };
}

/** A per-call queue. It reconnects by itself: a change of networks during a call does not end it. */
export class Queue {
  /** @type {Socket|null} */ #socket = null;
  #closed = false;

  /** @param {Server} server @param {Uint8Array} id @param {Uint8Array} secret @param {(d: Delivery) => void} deliver */
  constructor(server, id, secret, deliver) {
    this.server = server;
    this.id = id;
    this.secret = secret;
    this.deliver = deliver;
  }

  async connect() {
    const socket = await Socket.open(this.server.base, "/v1/queues/" + toBase64url(this.id));
    try {
      socket.send(concat(new Uint8Array([OPEN]), this.secret));
      verdict(await socket.next());
    } catch (error) {
      socket.close();
      throw error;
    }
    if (this.#closed) return socket.close();
    this.#socket = socket;
    socket.serve((frame) => {
      if (frame[0] === DELIVER) delivered(socket, frame, this.deliver);
      else if (frame[0] !== PONG) socket.close();
    }, () => this.#reconnect());
  }

  async #reconnect() {
    this.#socket = null;
    for (const backoff = new Backoff(); !this.#closed;) {
      await backoff.wait();
      if (this.#closed) return;
      try {
        return await this.connect();
      } catch { /* again */ }
    }
  }

  /** Tells the server that the queue is not needed any more. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.send(new Uint8Array([LEAVE]));
    this.#socket?.close();
  }
}
