// One call, from the press of a button to exactly one result. The core decides; this carries out what it says, and tells
// it what happened.

import { Media } from "./media.js";
import { Allowed } from "./sdp.js";
import { HANGUP, HANGUP_ACK, MUTE } from "./sframe.js";
import { pause, Server, SignalingError } from "./signaling.js";

/** @typedef {import("./types.d.ts").Step} Step */
/** @typedef {import("./types.d.ts").CoreCall} CoreCall */
/** @typedef {import("./types.d.ts").Todo} Todo */
/** @typedef {import("./types.d.ts").Transport} Transport */
/** @typedef {import("./types.d.ts").Control} Control */
/** @typedef {import("./phone.js").Phone} Phone */
/** @typedef {"dialing"|"ringing"|"accepted"|"talking"|"ended"} Shown */

const FIRST_RETRY = 200;
const MAX_RETRIES = 5;
const ACK_FRAMES = 5;
const RENEW_EVERY = 30 * 60_000; // a call that is well gets a new key; its caller sees to it
const LOGIN_TIME = 2_000; // for fresh relay credentials, before a restart goes on with the old ones
const BITRATE = 32_000;
const SEND_KEYS = 2; // the present epoch's and the next one's
const RECEIVE_KEYS = 3;

/** Who says that the network has changed. @type {EventTarget[]} */
const NETWORK = [globalThis, /** @type {any} */ (globalThis.navigator)?.connection].filter(Boolean);

/** What a person would say. @type {Record<string, "dialing"|"ringing"|"accepted">} */
const SHOWN = {
  preparing: "dialing", dialing: "dialing", ringing: "ringing", alerting: "ringing", accepted: "accepted", connecting: "accepted",
};

/**
 * Events: "state" (state is dialing, ringing, accepted, talking or ended), "muted" (the other side), "alarm", "quality",
 * "microphone" (open or lost), "ended" (result, why).
 */
export class Call extends EventTarget {
  /** @type {Shown} */ state = "dialing";
  result = "";
  why = "";
  code = "";
  peerMuted = false;
  muted = false;
  alarm = false;
  microphone = "closed";
  /** @type {import("./media.js").Quality|null} */ quality = null;
  startedAt = Date.now();
  talkingAt = 0;
  /** @type {Media|null} */ media = null;
  /** Kept when the call has ended and its last envelopes are out. @type {Promise<void>} */ done;
  #resolveDone = () => {};
  /** @type {import("./signaling.js").Queue|null} */ #queue = null;
  /** @type {Promise<void>} */ #outbox = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout>|undefined} */ #timer;
  /** What restarts do to the path, one after the other. @type {Promise<void>} */ #path = Promise.resolve();
  /** @type {ReturnType<typeof setInterval>|undefined} */ #renewing;
  /** How many new keys there have been. */ restarts = 0;
  #last = 0; // number of the newest step
  #turns = 0; // how often both have called at once, and this side's call became an accept

  /** @param {Phone} phone @param {CoreCall} core */
  constructor(phone, core) {
    super();
    this.phone = phone;
    this.core = core;
    this.incoming = core.incoming;
    this.peer = core.peer;
    this.state = core.incoming ? "ringing" : "dialing";
    this.done = new Promise((resolve) => { this.#resolveDone = resolve; });
  }

  get ended() { return this.state === "ended"; }
  /** ms of talking. */
  get duration() { return this.talkingAt ? (this.endedAt || Date.now()) - this.talkingAt : 0; }
  endedAt = 0;

  /** Takes an incoming call: this press draws the secret without which no voice key exists. */
  accept() { this.#step(() => this.core.accept(Date.now())); }
  reject() { this.#step(() => this.core.reject(Date.now())); }
  hangup() { this.#step(() => this.core.hangup(Date.now())); }
  quit() { this.#step(() => this.core.quit(Date.now())); }

  /** @param {boolean} on */
  mute(on) {
    this.muted = on;
    this.media?.mute(on);
    this.#tell("state");
  }

  /** @param {() => Step[]} event */
  #step(event) {
    if (!this.ended) this.phone.apply(event());
  }

  /** Does what a step says, in order. @param {Step} step */
  apply(step) {
    if (this.ended) return;
    if (step.number > this.#last) {
      this.#last = step.number;
      this.code = step.code;
      clearTimeout(this.#timer);
      if (step.deadline) this.#timer = setTimeout(() => this.#step(() => this.core.timeout(Date.now())), Math.max(0, step.deadline - Date.now()));
    }
    for (const todo of step.todo) this.#do(todo);
    const shown = SHOWN[step.state];
    if (shown && shown !== this.state && !this.ended && this.state !== "talking") this.#become(shown);
  }

  /** @param {Shown} state */
  #become(state) {
    this.state = state;
    this.#tell("state");
  }

  /** @param {string} what */
  #tell(what) { this.dispatchEvent(new Event(what)); }

  /** @param {Todo} todo */
  #do(todo) {
    switch (todo.do) {
      case "prepare":
        void (todo.role === "caller" ? this.#prepareCaller(todo) : this.#prepareCallee(todo));
        break;
      case "submit":
        this.#outbox = this.#outbox.then(() => this.#submit(todo));
        break;
      case "connect":
        void this.media?.connect(todo.remote);
        break;
      case "candidates":
        void this.media?.addCandidates(todo.remote.candidates);
        break;
      case "start-voice":
        void this.#startVoice(todo);
        break;
      case "renew-voice":
        this.restarts = todo.restart;
        this.media?.renewVoice(todo.restart, todo.asked);
        this.#addKeys(todo.restart);
        this.#tell("state");
        break;
      case "restart":
        this.#onPath(async (media) => {
          const transport = await media.restart(() => this.#login(media));
          if (transport) this.#step(() => this.core.restarted(Date.now(), todo.epoch, transport));
        });
        break;
      case "answer-restart":
        this.#onPath(async (media) => {
          const transport = await media.answer(todo.remote);
          this.#step(() => this.core.answered(Date.now(), todo.epoch, transport));
        });
        break;
      case "finish-restart":
        this.#onPath((media) => media.finish(todo.remote));
        break;
      case "abandon-restart":
        this.media?.abandon();
        break;
      case "say-hangup":
        this.media?.say({ kind: HANGUP, reason: todo.reason }, -1);
        break;
      case "say-ack":
        this.media?.say({ kind: HANGUP_ACK }, ACK_FRAMES);
        break;
      case "alert":
        this.phone.alert(this);
        break;
      case "explain":
        this.why = todo.why;
        break;
      case "stop-media":
        this.media?.close();
        break;
      case "turn":
        this.#turns++;
        this.media?.close();
        this.media = null;
        this.#queue?.close();
        this.#queue = null;
        break;
      case "finish":
        this.#finish(todo.result);
    }
  }

  /** Directory, relay and queue at once. @param {Extract<Todo, {do: "prepare", role: "caller"}>} todo */
  async #prepareCaller(todo) {
    try {
      const directory = new Server(todo.server).directory(todo.account);
      const queue = this.#openQueue();
      const pair = await this.phone.relayCredentials();
      const relay = { urls: pair.urls, ...pair.caller };
      const gathered = this.#gather({ role: "caller", relay, allowed: new Allowed(pair.hosts), bitrate: BITRATE });
      const [published, id, transport] = await Promise.all([directory, queue, gathered]);
      this.#step(() => this.core.prepared(Date.now(), {
        role: todo.role, published, queue: id, transport, relay: { urls: pair.urls, ...pair.callee }, bucket: 0,
      }));
    } catch (error) {
      this.#prepareFailed(todo.role, error);
    }
  }

  /** This side's queue, and the relay that the offer names if our server lists it. @param {Extract<Todo, {do: "prepare", role: "callee"}>} todo */
  async #prepareCallee(todo) {
    try {
      checkServer(this.phone.profile.server, todo.server);
      const queue = this.#openQueue();
      const allowed = new Allowed(await this.phone.server.relayHosts());
      if (!todo.relay.urls.every((url) => allowed.relay(url))) throw new Error("relay");
      const gathered = this.#gather({ role: "callee", relay: todo.relay, allowed, bitrate: BITRATE }, todo.remote);
      const [id, transport] = await Promise.all([queue, gathered]);
      this.#step(() => this.core.prepared(Date.now(), { role: todo.role, queue: id, transport }));
    } catch (error) {
      this.#prepareFailed(todo.role, error);
    }
  }

  /** @param {"caller"|"callee"} role @param {unknown} error */
  #prepareFailed(role, error) {
    const why = error instanceof SignalingError ? error.why : error instanceof Error ? error.message : "";
    this.why = { "not-found": "unknown", unavailable: "offline", relay: "relay" }[why] ?? "";
    const result = role === "callee" || this.why === "relay" ? "connect-failed" : this.why === "unknown" ? "unreachable" : "failed";
    this.#step(() => this.core.prepareFailed(Date.now(), role, result));
  }

  async #openQueue() {
    const turn = this.#turns;
    const queue = await this.phone.server.openQueue(({ envelope }) => this.#step(() => this.core.opened(Date.now(), envelope)));
    if (this.ended || turn !== this.#turns) queue.close();
    else this.#queue = queue;
    return queue.id;
  }

  /** @param {Omit<import("./media.js").MediaConfig, "observe">} cfg @param {Transport} [remote] */
  async #gather(cfg, remote) {
    const turn = this.#turns;
    const media = await Media.create({ ...cfg, observe: {
      heard: (restart) => this.#step(() => this.core.mediaHeard(Date.now(), restart)),
      impaired: () => this.#step(() => this.core.mediaImpaired(Date.now())),
      up: () => this.#step(() => this.core.mediaUp(Date.now())),
      down: () => this.#step(() => this.core.mediaFailed(Date.now())),
      control: (c) => this.#heard(c),
      need: (out, restart) => this.#addKey(out, restart),
      open: () => { this.microphone = "open"; this.#tell("microphone"); },
      microphoneLost: () => { this.microphone = "lost"; this.#tell("microphone"); },
      alarm: (on) => { this.alarm = on; this.#tell("alarm"); },
      quality: (q) => { this.quality = q; this.#tell("quality"); },
    } });
    if (this.ended || turn !== this.#turns) {
      media.close();
      throw new Error("media");
    }
    this.media = media;
    return media.gather(remote);
  }

  /** Tries until the server takes the envelope; offers are repeated by the core. @param {Extract<Todo, {do: "submit"}>} todo */
  async #submit(todo) {
    let server;
    try {
      checkServer(this.phone.profile.server, this.peer.server);
      server = new Server(this.peer.server);
    } catch {
      return;
    }
    for (let i = 0; i < MAX_RETRIES; i++) {
      try {
        await server.submit(todo.envelope, todo.key);
        if (todo.offer) this.#step(() => this.core.taken(Date.now()));
        return;
      } catch {
        if (todo.offer) return;
        await pause(FIRST_RETRY << i);
      }
    }
  }

  /** The network may be another one. */
  #networkChanged = () => this.media?.impair();

  /** @param {(media: Media) => Promise<void>} change */
  #onPath(change) {
    this.#path = this.#path.then(async () => {
      try {
        if (this.media && !this.ended) await change(this.media);
      } catch { /* dead air follows, and the next restart */ }
    });
  }

  /** Fresh credentials of our own: those of the offer may have expired. @param {Media} media */
  async #login(media) {
    const late = new Promise((/** @type {(v: null) => void} */ resolve) => setTimeout(() => resolve(null), LOGIN_TIME));
    const pair = await Promise.race([this.phone.relayCredentials().catch(() => null), late]);
    if (pair) media.useRelay({ urls: pair.urls, ...(media.cfg.role === "caller" ? pair.caller : pair.callee) });
  }

  /** @param {boolean} out @param {number} restart */
  #addKey(out, restart) {
    if (this.ended || !this.voice) return;
    this.media?.addKey(out, restart, this.core.voiceKey(out, out ? this.voice.out : this.voice.in, restart));
  }

  /** @param {number} restart */
  #addKeys(restart) {
    for (let i = 0; i < SEND_KEYS; i++) this.#addKey(true, restart);
    for (let i = 0; i < RECEIVE_KEYS; i++) this.#addKey(false, restart);
  }

  /** @type {Extract<Todo, {do: "start-voice"}>|undefined} */ voice;

  /** Both sides hold the voice key. @param {Extract<Todo, {do: "start-voice"}>} todo */
  async #startVoice(todo) {
    if (!this.media) return;
    this.voice = todo;
    if (this.muted) this.media.mute(true);
    const started = this.media.startVoice(todo, this.phone.sound.silence(), () => this.phone.sound.microphone());
    this.#addKeys(0);
    for (const target of NETWORK) target.addEventListener(target === globalThis ? "online" : "change", this.#networkChanged);
    if (this.media.cfg.role === "caller") this.#renewing = setInterval(() => this.#step(() => this.core.renew(Date.now())), RENEW_EVERY);
    void this.phone.sound.play(this.media.audio);
    this.talkingAt = Date.now();
    this.#become("talking");
    try {
      await started;
    } catch {
      this.#step(() => this.core.mediaFailed(Date.now()));
    }
  }

  /** Each control comes several times. @param {Control} c */
  #heard(c) {
    if (c.kind === HANGUP) this.#step(() => this.core.heardHangup(Date.now()));
    if (c.kind === HANGUP_ACK) this.#step(() => this.core.heardAck(Date.now()));
    if (c.kind === MUTE && this.peerMuted !== c.muted) {
      this.peerMuted = Boolean(c.muted);
      this.#tell("muted");
    }
  }

  /** @param {string} result */
  #finish(result) {
    clearTimeout(this.#timer);
    clearInterval(this.#renewing);
    for (const target of NETWORK) target.removeEventListener(target === globalThis ? "online" : "change", this.#networkChanged);
    this.result = result;
    this.endedAt = Date.now();
    this.media?.close();
    this.#become("ended");
    this.#tell("ended");
    this.phone.ended(this);
    void this.#outbox.then(() => {
      this.#queue?.close();
      this.#resolveDone();
    });
  }
}

/**
 * Refuses servers that a stranger may not send us to: anything but https, and this machine unless our own server is there.
 * @param {string} own @param {string} other
 */
function checkServer(own, other) {
  const local = (/** @type {URL} */ u) => /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|\[(::1|f[cd]|fe80))/.test(u.hostname);
  const [mine, theirs] = [new URL(own), new URL(other)];
  if (theirs.origin !== other || (theirs.protocol !== "https:" && !local(theirs)) || (local(theirs) && !local(mine))) throw new Error("server");
}
