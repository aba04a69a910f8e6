// The path and the voice of one call: the browser's WebRTC, relays only, with every frame going through the worker.
//
//	gather      allocate on the relays; returns what to tell the other side
//	connect     given what the other side said; "up" when ICE, DTLS and the fingerprint are right
//	startVoice  frames flow: first of a silent track, the microphone's only when frames of both directions were counted
//	            in the worker, for a browser that ignores the transform would send plain voice (it "fails open")
//	restart     the path is dead or will be: gathers again, beside it; finish takes the other side's answer
//	answer      the other side has moved
//	close

import { equal, sha256 } from "./bytes.js";
import { candidateLine, describe, render } from "./sdp.js";
import { MUTE } from "./sframe.js";

/** @typedef {import("./types.d.ts").Transport} Transport */
/** @typedef {import("./types.d.ts").Candidate} Candidate */
/** @typedef {import("./types.d.ts").Control} Control */
/** @typedef {import("./types.d.ts").Counts} Counts */

const GATHER_TIME = 10_000;
const REGATHER_TIME = 3_000;
const DEAD_AIR = 2_000; // without an authentic frame, once there was one: another path is sought. A busy page stalls for one
const GATE_EVERY = 40;
const GATE_FRAMES = 3; // of each direction before the microphone opens
const SLACK = 50; // packets that may be on their way from the network to the worker
const ALARM_AFTER = 1_000;
const LOST_AFTER = 30_000; // without an authentic frame: frames come all the time, also while muted
const MUTE_FRAMES = 25; // a change of mute is said in so many frames, against loss
const STATS_EVERY = 1_000;

/**
 * @typedef {object} Observer
 * @property {() => void} up        the path is there
 * @property {() => void} down      it could not be made, or is gone
 * @property {(c: Control) => void} control
 * @property {(out: boolean, restart: number) => void} need   a further voice key
 * @property {(restart: number) => void} heard  authentic frames come: for the first time, again, or with a new key
 * @property {() => void} impaired  nothing is heard, or the network has changed
 * @property {() => void} open      the microphone is on
 * @property {(on: boolean) => void} alarm   packets arrive that the other side did not seal; playback is off
 * @property {(q: Quality) => void} quality
 * @property {() => void} microphoneLost     it could not be opened: silence is sent
 */
/** @typedef {{lost: number, jitter: number, roundTrip: number}} Quality lost from 0 to 1, times in ms */

/**
 * @typedef {object} MediaConfig
 * @property {"caller"|"callee"} role
 * @property {{urls: string[], username: string, password: string}} relay
 * @property {import("./sdp.js").Allowed} allowed
 * @property {number} bitrate
 * @property {Observer} observe
 */

/** Bound to the one place that workers may come from. */
const workers = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("taciturn", {
  createScriptURL: (/** @type {string} */ url) => {
    if (url !== new URL("./worker.js", import.meta.url).href) throw new TypeError("no worker of ours");
    return url;
  },
});

export class Media {
  /** @type {RTCPeerConnection} */ pc;
  /** @type {Worker} */ #worker;
  /** @type {RTCRtpTransceiver|undefined} */ #transceiver;
  /** @type {Candidate[]} */ #local = [];
  /** Of the description that holds while a restart is under way. @type {Candidate[]} */ #settled = [];
  /** @type {Transport|null} */ #remote = null;
  /** @type {Counts} */ counts = { sent: 0, seen: 0, opened: 0, refused: 0, empty: 0, large: 0, restart: 0 };
  #asked = 0;
  /** Who waits for counts. @type {Map<number, () => void>} */ #answers = new Map();
  /** @type {MediaStreamTrack|null} */ #silence = null;
  /** @type {MediaStreamTrack|null} */ #microphone = null;
  /** @type {HTMLAudioElement} */ audio = new Audio();
  #up = false;
  #closed = false;
  #opened = false;
  #muted = false;
  #alarmed = false;
  #impaired = false;
  #restarts = 0; // begun or given up
  #moved = () => {}; // ends the wait of a restart that is given up
  #lastOpened = 0;
  #lastSeen = 0;
  #heard = { all: 0, made: 0 }; // samples played, and made up, until the last measurement
  /** @type {ReturnType<typeof setInterval>[]} */ #timers = [];

  /** @param {MediaConfig} cfg @param {RTCCertificate} certificate */
  constructor(cfg, certificate) {
    this.cfg = cfg;
    const url = new URL("./worker.js", import.meta.url).href;
    this.#worker = new Worker(workers?.createScriptURL(url) ?? url, { type: "module", name: "voice" });
    this.#worker.onmessage = ({ data }) => this.#told(data);
    this.#worker.onerror = () => this.#fail();
    this.pc = new RTCPeerConnection({
      iceServers: [{ urls: cfg.relay.urls, username: cfg.relay.username, credential: cfg.relay.password }],
      iceTransportPolicy: "relay", bundlePolicy: "max-bundle", rtcpMuxPolicy: "require", certificates: [certificate],
    });
    this.pc.onconnectionstatechange = () => this.#changed();
    this.audio.autoplay = true;
    this.audio.muted = true; // until something authentic has come
  }

  /** @param {MediaConfig} cfg */
  static async create(cfg) {
    const certificate = await RTCPeerConnection.generateCertificate(/** @type {any} */ ({ name: "ECDSA", namedCurve: "P-256", expires: 30 * 86_400_000 }));
    return new Media(cfg, certificate);
  }

  /**
   * Allocates on the relays. A callee knows the caller's description by then, but not its candidates: nothing is sent to
   * the other side before connect. Fails with "relay".
   * @param {Transport} [remote] of a callee
   * @returns {Promise<Transport>}
   */
  async gather(remote) {
    const found = this.#find(GATHER_TIME);
    if (this.cfg.role === "caller") {
      this.#transceiver = this.pc.addTransceiver("audio", { direction: "sendrecv" });
      this.#transform();
      await this.pc.setLocalDescription(await this.pc.createOffer());
    } else {
      await this.#hear("offer", /** @type {Transport} */ (remote));
      this.#transceiver = this.pc.getTransceivers()[0];
      this.#transceiver.direction = "sendrecv";
      this.#transform();
      await this.pc.setLocalDescription(await this.pc.createAnswer());
    }
    await found;
    this.#settled = this.#local;
    return this.#said();
  }

  /** Waits for the first address of a relay; fails with "relay". @param {number} time */
  #find(time) {
    this.#local = [];
    const found = new Promise((/** @type {(v: unknown) => void} */ resolve, reject) => {
      const late = setTimeout(() => reject(new Error("relay")), time);
      this.#moved = () => reject(new Error("relay"));
      this.pc.onicecandidate = ({ candidate }) => {
        if (candidate === null && this.#local.length === 0) reject(new Error("relay"));
        if (candidate?.type !== "relay" || candidate.protocol !== "udp" || !candidate.address || !candidate.port) return;
        this.#local.push({ ip: candidate.address, port: candidate.port, priority: candidate.priority ?? 1 });
        clearTimeout(late);
        resolve(undefined);
      };
    });
    found.catch(() => {}); // whoever waits hears of it
    return found;
  }

  /** What the other side is told of this one. */
  #said() {
    const local = describe(this.pc.localDescription?.sdp ?? "", this.#local);
    if (!local) throw new Error("media");
    return local;
  }

  /** Uses other credentials from now on: those of the beginning may have expired. @param {MediaConfig["relay"]} relay */
  useRelay(relay) {
    try {
      this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: [{ urls: relay.urls, username: relay.username, credential: relay.password }] });
    } catch { /* the old ones may do */ }
  }

  /**
   * Allocates again, as often as it takes; the old path stays meanwhile. Null if that was given up.
   * @param {() => Promise<void>} login gets fresh credentials, when the relay does not want the old ones
   */
  async restart(login) {
    for (const mine = ++this.#restarts; mine === this.#restarts && !this.#closed;) {
      await this.#rollBack();
      const found = this.#find(REGATHER_TIME);
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
      try {
        await found;
      } catch {
        if (mine === this.#restarts) await login();
        continue;
      }
      if (mine === this.#restarts) return this.#said();
    }
    return null;
  }

  /** Gives a restart up, for the other side's. */
  abandon() {
    this.#restarts++;
    this.#moved();
  }

  async #rollBack() {
    if (this.pc.signalingState !== "have-local-offer") return;
    await this.pc.setLocalDescription({ type: "rollback" });
    this.#local = this.#settled;
  }

  /** The other side's answer to restart. @param {Transport} remote */
  async finish(remote) {
    if (this.pc.signalingState !== "have-local-offer") return;
    this.#settled = this.#local;
    await this.#follow("answer", remote);
  }

  /**
   * The other side has moved: by a restart of ICE, or beneath it, as native phones do. Resolves what it is to be told.
   * @param {Transport} remote
   */
  async answer(remote) {
    await this.#rollBack();
    if (remote.ufrag === this.#remote?.ufrag && remote.pwd === this.#remote.pwd) {
      await this.addCandidates(remote.candidates);
      return this.#said();
    }
    const found = this.#find(REGATHER_TIME);
    await this.#follow("offer", remote);
    await this.pc.setLocalDescription(await this.pc.createAnswer());
    this.#settled = this.#local;
    await found.catch(() => {}); // it gets the new key in any case
    return this.#said();
  }

  /** @param {"offer"|"answer"} type @param {Transport} remote */
  async #follow(type, remote) {
    const fingerprint = this.#remote?.fingerprint ?? new Uint8Array(); // cannot change
    await this.#hear(type, this.#remote = { ...remote, fingerprint });
    await this.addCandidates(remote.candidates);
  }

  /** Something says that the path is dead or will be. */
  impair() {
    if (this.#closed || this.#lastOpened === 0) return;
    this.#impaired = true;
    this.cfg.observe.impaired();
  }

  /** Puts the worker into both directions before anything can flow. */
  #transform() {
    const t = /** @type {RTCRtpTransceiver} */ (this.#transceiver);
    t.sender.transform = new RTCRtpScriptTransform(this.#worker, { out: true });
    t.receiver.transform = new RTCRtpScriptTransform(this.#worker, { out: false });
    this.audio.srcObject = new MediaStream([t.receiver.track]);
  }

  /** @param {"offer"|"answer"} type @param {Transport} remote */
  async #hear(type, remote) {
    const sdp = render(this.cfg.role === "caller" ? "callee" : "caller", remote, this.cfg.bitrate);
    if (!sdp) throw new Error("media");
    await this.pc.setRemoteDescription({ type, sdp });
  }

  /** Makes the path. What becomes of it is observed as up or down. @param {Transport} remote */
  async connect(remote) {
    try {
      this.#remote = remote;
      if (this.cfg.role === "caller") await this.#hear("answer", remote);
      await this.addCandidates(remote.candidates);
      this.#changed();
    } catch {
      this.#fail();
    }
  }

  /** Adds what may be contacted; the rest is dropped. @param {Candidate[]} candidates */
  async addCandidates(candidates) {
    for (const c of candidates) {
      if (this.cfg.allowed.address(c.ip)) await this.pc.addIceCandidate({ candidate: candidateLine(c), sdpMid: "0" });
    }
  }

  async #changed() {
    const dtls = this.#transceiver?.sender.transport;
    if (dtls) dtls.onstatechange = () => this.#changed();
    const state = this.pc.connectionState;
    if (state === "failed" && this.#lastOpened && dtls?.state === "connected") return this.impair();
    if (state === "failed" || state === "closed" || dtls?.state === "closed" || dtls?.state === "failed") return this.#fail();
    if (state !== "connected" || !dtls || !this.#remote || this.#up) return;
    this.#up = true;
    // The second look at the certificate that was really used.
    const certificate = dtls.getRemoteCertificates?.()[0];
    const real = certificate ? await sha256(new Uint8Array(certificate)) : await this.#remoteFingerprint();
    if (!equal(real, this.#remote.fingerprint)) return this.#fail();
    if (!this.#closed) this.cfg.observe.up();
  }

  /** For browsers without getRemoteCertificates. */
  async #remoteFingerprint() {
    const stats = await this.pc.getStats();
    for (const s of stats.values()) {
      if (s.type !== "transport" || !s.remoteCertificateId) continue;
      const certificate = stats.get(s.remoteCertificateId);
      if (certificate?.fingerprintAlgorithm === "sha-256") {
        return Uint8Array.from(certificate.fingerprint.split(":"), (/** @type {string} */ b) => parseInt(b, 16));
      }
    }
    return new Uint8Array(32);
  }

  #fail() {
    if (!this.#closed) this.cfg.observe.down();
  }

  /** @param {any} data */
  #told(data) {
    if (data.kind === "need") this.cfg.observe.need(data.out, data.restart);
    if (data.kind === "control") this.cfg.observe.control(data.control);
    if (data.kind === "counts") {
      if (data.counts.seen > this.counts.seen) this.#lastSeen = Date.now();
      if (data.counts.opened > this.counts.opened) {
        this.#lastOpened = Date.now();
        if (this.counts.opened === 0 || this.#impaired || data.counts.restart !== this.counts.restart) {
          this.#impaired = false;
          this.cfg.observe.heard(data.counts.restart);
        }
      }
      this.counts = data.counts;
      this.#answers.get(data.asked)?.();
      this.#answers.delete(data.asked);
      this.#judge();
    }
  }

  /** One voice key for the worker. @param {boolean} out @param {number} restart @param {{epoch: number, base: Uint8Array}} key */
  addKey(out, restart, key) {
    this.#worker.postMessage({ kind: "key", out, restart, epoch: key.epoch, base: key.base }, [key.base.buffer]);
  }

  /** Makes room for the keys of a restart. @param {number} restart @param {boolean} asked by this side */
  renewVoice(restart, asked) { this.#worker.postMessage({ kind: "renew", restart, asked }); }

  /** Puts a control into the next frames; frames below 0: into all from now on. @param {Control} control @param {number} frames */
  say(control, frames) { this.#worker.postMessage({ kind: "say", control, frames }); }

  /**
   * @param {{out: number, in: number, bucket: number}} how
   * @param {MediaStreamTrack} silence sent until the gate opens
   * @param {() => Promise<MediaStreamTrack>} microphone
   */
  async startVoice(how, silence, microphone) {
    this.#worker.postMessage({ kind: "start", out: how.out, in: how.in, bucket: how.bucket });
    this.#lastOpened = this.#lastSeen = Date.now();
    this.#silence = silence;
    await this.#transceiver?.sender.replaceTrack(silence);
    const gate = setInterval(() => this.#gate(microphone, gate), GATE_EVERY);
    this.#timers.push(gate, setInterval(() => this.#measure(), STATS_EVERY));
    if (this.#muted) this.mute(true);
  }

  /** Opens the microphone when frames of both directions have gone through the worker, and none around it. */
  async #gate(/** @type {() => Promise<MediaStreamTrack>} */ microphone, /** @type {ReturnType<typeof setInterval>} */ gate) {
    if (this.#opened || this.#closed || this.counts.sent < GATE_FRAMES || this.counts.opened < GATE_FRAMES) return;
    this.#opened = true;
    clearInterval(gate);
    if (await this.#leaks()) return this.#fail();
    try {
      this.#microphone = await microphone();
    } catch {
      return this.cfg.observe.microphoneLost();
    }
    if (this.#closed) return this.#microphone.stop();
    this.#microphone.enabled = !this.#muted;
    await this.#transceiver?.sender.replaceTrack(this.#microphone);
    this.cfg.observe.open();
  }

  /**
   * Whether the browser has sent packets that the worker did not seal. The browser is asked first: whatever it had sent by
   * then, the worker had counted, however busy this page is.
   */
  async #leaks() {
    const stats = await this.pc.getStats();
    await new Promise((/** @type {(v: unknown) => void} */ resolve) => {
      const asked = ++this.#asked;
      this.#answers.set(asked, () => resolve(undefined));
      this.#worker.postMessage({ kind: "count", asked });
    });
    for (const s of stats.values()) {
      if (s.type === "outbound-rtp" && s.packetsSent > this.counts.sent) return true;
    }
    return false;
  }

  /** Plays what is authentic, and is silent and loud about anything else. */
  #judge() {
    if (Date.now() - this.#lastOpened > LOST_AFTER) return this.#fail();
    if (this.counts.opened > 0 && !this.#impaired && Date.now() - this.#lastOpened > DEAD_AIR) this.impair();
    const bad = this.#lastSeen - this.#lastOpened > ALARM_AFTER;
    if (this.counts.opened > 0) this.audio.muted = bad;
    if (bad !== this.#alarmed) {
      this.#alarmed = bad;
      this.cfg.observe.alarm(bad);
    }
  }

  async #measure() {
    if (await this.#leaks()) return this.#fail();
    let lost = 0, jitter = 0, roundTrip = 0;
    for (const s of (await this.pc.getStats()).values()) {
      if (s.type === "inbound-rtp") {
        jitter = 1000 * (s.jitter ?? 0);
        const [all, made] = [s.totalSamplesReceived ?? 0, (s.concealedSamples ?? 0) - (s.silentConcealedSamples ?? 0)];
        lost = all > this.#heard.all ? (made - this.#heard.made) / (all - this.#heard.all) : 0;
        this.#heard = { all, made };
        if (s.packetsReceived > this.counts.seen + SLACK) this.audio.muted = true; // around the worker
      }
      if (s.type === "candidate-pair" && s.nominated) roundTrip = 1000 * (s.currentRoundTripTime ?? 0);
    }
    if (!this.#closed) this.cfg.observe.quality({ lost, jitter, roundTrip });
  }

  /** Sends encoded silence, and says so. The wire looks the same. @param {boolean} on */
  mute(on) {
    this.#muted = on;
    if (this.#microphone) this.#microphone.enabled = !on;
    this.say({ kind: MUTE, muted: on }, MUTE_FRAMES);
  }

  /** Another microphone, in the middle of a call. @param {MediaStreamTrack} track */
  async useMicrophone(track) {
    if (!this.#microphone) return track.stop();
    track.enabled = !this.#muted;
    await this.#transceiver?.sender.replaceTrack(track);
    this.#microphone.stop();
    this.#microphone = track;
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#moved();
    this.#timers.forEach(clearInterval);
    this.pc.close();
    this.#worker.terminate();
    this.#microphone?.stop();
    this.#silence?.stop();
    this.audio.srcObject = null;
  }
}
