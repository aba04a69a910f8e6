// Contacts, one's own link, and the calls there were.

import { CoreError } from "./core.js";
import { qr } from "./qr.js";
import { settings } from "./settings.js";
import { trustNote } from "./start.js";
import { clock, ending, t, when } from "./text.js";
import { ask, avatar, dialog, h, icon, toast } from "./view.js";

/** @typedef {import("./phone.js").Phone} Phone */
/** @typedef {import("./types.d.ts").Contact} Contact */
/** @typedef {import("./text.js").Word} Word */

/** @type {Record<string, Word>} */
const trustWords = { unknown: "trust1", organisation: "trust2", verified: "trust3" };
/** @type {Record<string, Word>} */
const errorWords = { name: "errName", format: "errFormat", duplicate: "errDuplicate", self: "errSelf", full: "errFull" };

export class Home {
  /** @param {HTMLElement} main @param {Phone} phone @param {(name: string) => void} call */
  constructor(main, phone, call) {
    this.phone = phone;
    this.call = call;
    this.status = h("span", { class: "status", role: "status" });
    this.list = h("ul", { class: "contacts" });
    this.history = h("section", { class: "card history" });
    main.replaceChildren(
      h("header", { class: "top" }, h("h1", {}, t("title")), this.status,
        h("button", { class: "quiet", type: "button", "aria-label": t("settings"), click: () => settings(phone) }, icon("gear"))),
      h("div", { class: "columns" },
        h("section", { class: "card" },
          h("div", { class: "row" }, h("h2", {}, t("contacts")),
            h("button", { class: "small", type: "button", click: () => this.add("") }, icon("plus"), t("add"))),
          this.list),
        h("div", {}, this.#linkCard(), this.history)),
      trustNote());
    for (const what of ["online", "offline"]) phone.addEventListener(what, () => this.#showStatus());
    phone.addEventListener("contacts", () => this.#showContacts());
    phone.addEventListener("history", () => this.#showHistory());
    phone.addEventListener("clock", () => toast(t("clock")));
    this.#showStatus();
    this.#showContacts();
    this.#showHistory();
  }

  #showStatus() {
    this.status.textContent = t(this.phone.online ? "online" : "offline");
    this.status.classList.toggle("on", this.phone.online);
  }

  #linkCard() {
    const link = this.phone.profile.link();
    const copy = h("button", { class: "primary", type: "button", click: async () => {
      await navigator.clipboard.writeText(link);
      copy.textContent = t("copied");
      setTimeout(() => { copy.textContent = t("copy"); }, 2000);
    } }, t("copy"));
    return h("section", { class: "card" }, h("h2", {}, t("yourLink")), h("p", {}, t("yourLinkText")),
      h("p", { class: "address" }, this.phone.profile.address),
      h("div", { class: "row" }, copy,
        h("button", { type: "button", click: () => dialog(t("yourLink"), h("div", { class: "qr" }, qr(link)), h("p", { class: "address" }, this.phone.profile.address)) }, t("showCode"))),
      h("output", { class: "hidden", id: "my-link" }, link));
  }

  #showContacts() {
    const contacts = this.phone.contacts();
    this.list.replaceChildren(...contacts.map((c) => h("li", {},
      h("button", { class: "person", type: "button", "aria-label": t("detailsName", { name: c.name }), click: () => this.#details(c) },
        avatar(c.name, c.account), h("span", {}, h("strong", {}, c.name), trustMark(c.trust))),
      h("button", { class: "call", type: "button", "aria-label": t("callName", { name: c.name }), click: () => this.call(c.name) }, icon("phone")))));
    if (contacts.length === 0) this.list.replaceChildren(h("li", { class: "empty" }, t("noContacts")));
  }

  #showHistory() {
    const calls = this.phone.history.slice(0, 8);
    this.history.hidden = calls.length === 0;
    this.history.replaceChildren(
      h("div", { class: "row" }, h("h2", {}, t("calls")), h("button", { class: "small", type: "button", click: () => this.phone.clearHistory() }, t("clear"))),
      h("ul", { class: "calls" }, ...calls.map((c) => h("li", { class: c.result === "missed" ? "missed" : "" },
        icon(c.incoming ? "in" : "out"), h("span", {}, h("strong", {}, c.name || t("stranger")), h("small", {}, c.talked ? clock(c.talked) : ending(c.result))),
        h("time", { datetime: new Date(c.at).toISOString() }, when(c.at))))));
  }

  /** @param {string} given a link that came with the page */
  add(given) {
    const name = h("input", { id: "add-name", required: true, maxlength: 64, autocomplete: "off" });
    const link = h("input", { id: "add-link", required: true, autocomplete: "off", spellcheck: "false", placeholder: t("linkHint"), value: given });
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      try {
        await this.phone.addContact(name.value.trim(), link.value.trim());
        d.close();
      } catch (e) {
        error.textContent = t((e instanceof CoreError && errorWords[e.word]) || "errFormat");
      }
    };
    const d = dialog(t("addHead"), h("form", { submit },
      h("label", { for: "add-name" }, t("name")), name, h("label", { for: "add-link" }, t("link")), link, error,
      h("div", { class: "row end" }, h("button", { type: "button", click: () => d.close() }, t("cancel")), h("button", { class: "primary" }, t("save")))));
    name.focus();
  }

  /** @param {Contact} c */
  #details(c) {
    const number = this.phone.profile.safetyNumber(c.name);
    const d = dialog(c.name,
      h("p", { class: "address" }, c.address), trustMark(c.trust),
      h("h3", {}, t("safetyHead")), h("p", {}, t("safetyText", { name: c.name })),
      h("p", { class: "safety" }, ...number.split(" ").map((group) => h("span", {}, group + " "))),
      h("div", { class: "row end" },
        h("button", { type: "button", class: "danger", click: async () => {
          if (await ask(t("removeAsk", { name: c.name }), t("remove"))) {
            await this.phone.removeContact(c.name);
            d.close();
          }
        } }, t("remove")),
        c.trust === "verified" ? null : h("button", { type: "button", class: "primary", click: async () => {
          await this.phone.verifyContact(c.name);
          d.close();
        } }, t("safetyButton"))));
  }
}

/** @param {string} trust */
export function trustMark(trust) {
  return h("small", { class: "trust-" + trust }, trust === "unknown" ? "" : icon("shield"), t(trustWords[trust] ?? "trust1"));
}
