// A profile online: package calls' Phone for browsers. It keeps the mailbox open, hands out calls, and stores what changes.

import { utf8 } from "./bytes.js";
import { Call } from "./call.js";
import { CoreError, loadCore } from "./core.js";
import { Backoff, Server, SignalingError } from "./signaling.js";
import { Sound } from "./sound.js";
import { Store } from "./store.js";

/** @typedef {import("./types.d.ts").Core} Core */
/** @typedef {import("./types.d.ts").CoreProfile} CoreProfile */

const MAINTAIN_EVERY = 600_000;
const MAX_HISTORY = 50;

/** A call there was; talked in ms. @typedef {{name: string, incoming: boolean, result: string, at: number, talked: number}} Past */

/**
 * Events: "online", "offline", "incoming" (detail: the Call), "contacts", "history", "clock" (a call was refused because a
 * clock is wrong), "ended" (detail: the Call).
 */
export class Phone extends EventTarget {
  online = false;
  /** Who learns that this phone is here by ringing it: contacts, everyone or nobody. */
  visibility = "contacts";
  microphoneDenied = false;
  /** The last calls, newest first; nobody else has them. @type {Past[]} */ history = [];
  sound = new Sound();
  /** Not ended. @type {Set<Call>} */ calls = new Set();
  /** @type {WeakMap<import("./types.d.ts").CoreCall, Call>} */ #known = new WeakMap();
  /** @type {import("./signaling.js").Mailbox|null} */ #mailbox = null;
  #closed = false;

  /** @param {Core} core @param {Store} store @param {CoreProfile} profile */
  constructor(core, store, profile) {
    super();
    this.core = core;
    this.store = store;
    this.profile = profile;
    this.server = new Server(profile.server);
  }

  /**
   * The phone of this browser; null if it has none yet. Fails with the word need-passphrase or passphrase.
   * @param {string} [passphrase]
   */
  static async open(passphrase = "") {
    const [core, store] = await Promise.all([loadCore(), Store.open()]);
    const [identity, contacts, replay] = await Promise.all(["identity", "contacts", "replay"].map((name) => store.get(name)));
    if (!identity) return null;
    try {
      const phone = new Phone(core, store, core.open(identity, contacts, replay, passphrase));
      await phone.#recall();
      return phone;
    } finally {
      identity.fill(0);
    }
  }

  /**
   * The phone of a key file, which it takes over. Fails with the word server if it belongs to another one.
   * @param {Uint8Array} file @param {string} passphrase @param {string} server
   */
  static async bring(file, passphrase, server) {
    const [core, store] = await Promise.all([loadCore(), Store.open()]);
    const phone = new Phone(core, store, core.open(file, null, null, passphrase));
    if (phone.profile.server !== server) throw new CoreError("server");
    phone.profile.maintain(Date.now());
    await phone.server.register(phone.profile);
    await phone.#saveIdentity();
    return phone;
  }

  /** Settings and past calls. */
  async #recall() {
    const notes = await this.store.get("notes");
    if (!notes) return;
    const { visibility, input, output, history } = JSON.parse(new TextDecoder().decode(notes));
    Object.assign(this, { visibility, history });
    Object.assign(this.sound, { input, output });
  }

  #note() {
    const { visibility, history, sound: { input, output } } = this;
    return this.store.put("notes", utf8(JSON.stringify({ visibility, input, output, history })));
  }

  /** @param {string} visibility */
  setVisibility(visibility) {
    this.visibility = visibility;
    return this.#note();
  }

  /** Also in the middle of a call. @param {string} device */
  async useInput(device) {
    this.sound.input = device;
    for (const call of this.calls) {
      if (call.media && call.microphone === "open") await call.media.useMicrophone(await this.sound.microphone());
    }
    return this.#note();
  }

  /** @param {string} device */
  async useOutput(device) {
    await this.sound.setOutput(device);
    return this.#note();
  }

  /** Asks for the microphone before a call needs it. */
  async askMicrophone() { this.microphoneDenied = (await this.sound.permission()) !== "granted"; }

  clearHistory() {
    this.history = [];
    this.dispatchEvent(new Event("history"));
    return this.#note();
  }

  /** Erases everything that this browser knows of the phone. */
  async forget() {
    await this.close();
    await this.store.clear();
  }

  /**
   * A new identity, registered with server and then stored.
   * @param {string} server
   */
  static async create(server) {
    const [core, store] = await Promise.all([loadCore(), Store.open()]);
    const phone = new Phone(core, store, core.create(Date.now(), server));
    await phone.server.register(phone.profile); // first: a profile that no server knows would only fail later
    await phone.#saveIdentity();
    return phone;
  }

  async #saveIdentity() {
    const file = this.profile.identityFile("");
    await this.store.put("identity", file);
    file.fill(0);
  }

  #saveContacts() { return this.store.put("contacts", this.profile.contactsFile()); }

  /** Is online until close, reconnecting by itself. */
  async serve() {
    const maintaining = setInterval(() => this.#maintain(), MAINTAIN_EVERY);
    void this.#maintain();
    const backoff = new Backoff();
    while (!this.#closed) {
      try {
        await this.#session(backoff);
      } catch { /* again */ }
      this.#mailbox = null;
      this.#become(false);
      if (!this.#closed) await backoff.wait();
    }
    clearInterval(maintaining);
  }

  /** One connection to the mailbox. @param {Backoff} backoff */
  async #session(backoff) {
    const open = () => this.server.openMailbox(this.profile, (d) => this.#offered(d));
    let mailbox;
    try {
      mailbox = await open();
    } catch (error) {
      if (!(error instanceof SignalingError) || error.why !== "not-found") throw error;
      await this.server.register(this.profile); // a development server keeps accounts in memory
      mailbox = await open();
    }
    backoff.reset();
    this.#mailbox = mailbox;
    this.#become(true);
    await mailbox.ended;
  }

  /** @param {boolean} online */
  #become(online) {
    if (online === this.online) return;
    this.online = online;
    this.dispatchEvent(new Event(online ? "online" : "offline"));
  }

  async #maintain() {
    if (!this.profile.maintain(Date.now())) return;
    await this.#saveIdentity();
    try {
      await this.server.publish(this.profile);
    } catch { /* the next time */ }
  }

  relayCredentials() {
    return this.#mailbox ? this.#mailbox.relayCredentials() : Promise.reject(new SignalingError("unavailable"));
  }

  /** One envelope of the mailbox. Junk is dropped without an answer. @param {import("./signaling.js").Delivery} d */
  async #offered(d) {
    let steps;
    try {
      steps = this.profile.offered(Date.now(), d.age, d.envelope, this.visibility);
    } catch (error) {
      if (error instanceof CoreError && error.word === "clock") this.dispatchEvent(new Event("clock"));
      return;
    }
    // Before anything rings: an offer that is not remembered could ring again after a restart.
    await this.store.put("replay", this.profile.replayFile());
    this.apply(steps);
  }

  /** Hands each step to its call; one that is not known yet has just come in. @param {import("./types.d.ts").Step[]} steps */
  apply(steps) {
    for (const step of steps) this.#callOf(step.call)?.apply(step);
  }

  /** @param {import("./types.d.ts").CoreCall} core */
  #callOf(core) {
    let call = this.#known.get(core);
    if (!call) {
      call = new Call(this, core);
      this.#known.set(core, call);
      this.calls.add(call);
    }
    return call;
  }

  /**
   * Calls a contact, or takes the call of theirs that rings here. What becomes of it arrives as the call's events. Fails
   * with the word engaged if there is a call with this person already.
   * @param {string} name
   */
  dial(name) {
    const { call, steps } = this.profile.dial(Date.now(), name);
    const dialed = this.#callOf(call);
    this.apply(steps);
    return dialed;
  }

  /** It rings. @param {Call} call */
  alert(call) { this.dispatchEvent(new CustomEvent("incoming", { detail: call })); }

  /** @param {Call} call */
  ended(call) {
    this.calls.delete(call);
    this.history = [{
      name: call.peer.name, incoming: call.incoming, result: call.result, at: call.startedAt, talked: call.duration,
    }, ...this.history].slice(0, MAX_HISTORY);
    this.dispatchEvent(new Event("history"));
    this.dispatchEvent(new CustomEvent("ended", { detail: call }));
    if (!this.#closed) void Promise.all([this.#saveContacts(), this.#note()]); // device lists may be newer
  }

  contacts() { return this.profile.contacts(); }

  /** @param {string} name @param {string} link */
  async addContact(name, link) {
    const contact = this.profile.addContact(name, link);
    await this.#changed();
    return contact;
  }

  /** @param {string} name */
  async removeContact(name) {
    this.profile.remove(name);
    await this.#changed();
  }

  /** @param {string} from @param {string} to */
  async renameContact(from, to) {
    this.profile.rename(from, to);
    await this.#changed();
  }

  /** Its human has compared a code or a number. @param {string} name */
  async verifyContact(name) {
    this.profile.verify(name);
    await this.#changed();
  }

  async #changed() {
    await this.#saveContacts();
    this.dispatchEvent(new Event("contacts"));
  }

  /** Hangs up and goes offline. */
  async close() {
    this.#closed = true;
    const calls = [...this.calls];
    for (const call of calls) call.quit();
    this.#mailbox?.close();
    await Promise.all(calls.map((c) => c.done));
  }
}
