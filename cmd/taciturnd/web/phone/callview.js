// The call on the screen: ringing, talking, and how it ended.

import { clock, ending, t } from "./text.js";
import { avatar, h, icon } from "./view.js";

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./phone.js").Phone} Phone */

const STAY = 2500; // ms that the end of a call stays on the screen

export class CallView {
  #title = document.title;
  /** @type {Notification|null} */ #notification = null;
  shownTrust = "";
  shownButtons = "";

  /** @param {Phone} phone @param {Call} call */
  constructor(phone, call) {
    this.phone = phone;
    this.call = call;
    this.name = call.peer.name || t("stranger");
    this.state = h("p", { class: "state", role: "status" });
    this.timer = h("p", { class: "timer", role: "timer", "aria-live": "off" });
    this.notice = h("p", { class: "notice", role: "alert" });
    this.code = h("div", { class: "code" });
    this.meter = h("p", { class: "quality" });
    this.buttons = h("div", { class: "buttons" });
    this.root = h("dialog", { class: "callview", "aria-label": this.name, cancel: (/** @type {Event} */ e) => e.preventDefault() },
      h("div", { class: "who" }, avatar(call.peer.name || "?", call.peer.address.split("@")[0], true), h("h2", { tabindex: "-1", autofocus: true }, this.name),
        call.peer.name ? null : h("p", { class: "address" }, call.peer.address)),
      this.state, this.timer, this.notice, this.code, this.meter, this.buttons);
    document.body.append(this.root);
    this.root.showModal();
    addEventListener("keydown", this.#key);
    for (const what of ["state", "muted", "alarm", "microphone", "ended"]) call.addEventListener(what, () => this.#show());
    call.addEventListener("quality", () => this.#showQuality());
    this.ticking = setInterval(() => this.#tick(), 500);
    this.#show();
    if (call.incoming) this.#announce();
  }

  /** M mutes, wherever the focus is. @param {KeyboardEvent} e */
  #key = (e) => {
    if (e.key.toLowerCase() === "m" && !e.ctrlKey && !e.metaKey && !e.repeat && this.call.state === "talking") this.call.mute(!this.call.muted);
  };

  /** Rings in the notification area and in the window's title when nobody is looking at the page. */
  #announce() {
    const text = `${this.name} ${t("incoming")}`;
    document.title = "📞 " + text;
    if (document.hidden && "Notification" in globalThis && Notification.permission === "granted") {
      try {
        this.#notification = new Notification(t("title"), { body: text, tag: "call", requireInteraction: true });
        this.#notification.onclick = () => globalThis.focus();
      } catch { /* phones want a service worker for it */ }
    }
  }

  #show() {
    const { call } = this;
    const { sound } = this.phone;
    if (call.state === "ringing") call.incoming ? sound.ring() : sound.ringback();
    else sound.quiet();
    this.root.dataset.state = call.state;
    this.root.dataset.restarts = String(call.restarts);
    if (call.state !== "ringing") {
      document.title = this.#title;
      this.#notification?.close();
    }
    this.state.textContent = call.state === "ended" ? ending(call.result, call.why)
      : call.state === "ringing" && call.incoming ? t("incoming") : t(call.state);
    this.notice.textContent = call.alarm ? t("alarm")
      : call.state !== "talking" ? (this.phone.microphoneDenied ? t("micDenied") : "")
      : call.microphone === "lost" ? t("micLost")
      : call.peerMuted ? t("peerMuted", { name: this.name })
      : call.microphone === "closed" ? t("micOpening") : "";
    this.notice.classList.toggle("bad", call.alarm || call.microphone === "lost");
    this.#showCode();
    this.#showButtons();
    this.#tick();
    if (call.ended) this.#leave();
  }

  #tick() {
    this.timer.textContent = this.call.talkingAt ? clock(this.call.duration) : "";
  }

  #showCode() {
    const { call } = this;
    if (call.state !== "talking") return this.code.replaceChildren();
    if (this.code.childElementCount > 0 && this.shownTrust === call.peer.trust) return;
    this.shownTrust = call.peer.trust;
    const verified = call.peer.trust === "verified";
    this.code.replaceChildren(
      h("p", { class: "label" }, verified ? icon("shield") : "", verified ? t("codeDone") : t("code")),
      h("p", { class: "digits" }, call.code),
      ...(verified ? [] : [h("p", { class: "hint" }, t("codeText"))]),
      ...(verified || !call.peer.known ? [] : [h("button", { type: "button", class: "small", click: async () => {
        await this.phone.verifyContact(call.peer.name);
        call.peer.trust = "verified";
        this.#showCode();
      } }, icon("check"), t("codeButton"))]));
  }

  #showQuality() {
    const q = this.call.quality;
    if (!q || this.call.ended) return this.meter.replaceChildren();
    const level = q.lost > 0.1 || q.roundTrip > 500 ? 1 : q.lost > 0.03 || q.roundTrip > 250 ? 2 : 3;
    const word = t(level === 3 ? "quality3" : level === 2 ? "quality2" : "quality1");
    this.meter.replaceChildren(h("span", { class: "bars level" + level, "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${t("quality")}: ${word}`);
  }

  #showButtons() {
    const { call } = this;
    const wanted = call.ended ? "none" : call.incoming && call.state === "ringing" ? "answer" : `live ${call.muted} ${call.state}`;
    if (wanted === this.shownButtons) return;
    this.shownButtons = wanted;
    const round = (/** @type {string} */ kind, /** @type {Parameters<typeof icon>[0]} */ shape, /** @type {string} */ label, /** @type {() => void} */ press, /** @type {boolean|null} */ pressed = null) =>
      h("button", { type: "button", class: "round " + kind, click: press, "aria-pressed": pressed === null ? null : String(pressed) }, icon(shape), h("span", {}, label));
    const focused = this.buttons.contains(document.activeElement) ? document.activeElement?.className.split(" ")[1] : "";
    this.buttons.replaceChildren(...(wanted === "none" ? []
      : wanted === "answer" ? [
        round("hang", "phone", t("decline"), () => call.reject()),
        round("take", "phone", t("accept"), async () => {
          this.phone.sound.wake();
          await this.phone.askMicrophone();
          call.accept();
        })]
      : [
        round("mute", call.muted ? "micOff" : "mic", call.muted ? t("unmute") : t("mute"), () => call.mute(!call.muted), call.muted),
        round("hang", "phone", call.state === "talking" ? t("hangup") : t("cancelCall"), () => call.hangup())]));
    // The focus stays in the call: on the same button, or on the name if that is gone.
    if (focused) /** @type {HTMLElement|null} */ (this.buttons.querySelector("." + focused) ?? this.root.querySelector("h2"))?.focus();
  }

  #leave() {
    clearInterval(this.ticking);
    removeEventListener("keydown", this.#key);
    this.phone.sound.quiet();
    this.code.replaceChildren();
    this.meter.replaceChildren();
    setTimeout(() => {
      this.root.close();
      this.root.remove();
    }, STAY);
  }
}
