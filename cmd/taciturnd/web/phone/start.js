// The first start: make a phone, or bring one along in a key file.

import { CoreError } from "./core.js";
import { Phone } from "./phone.js";
import { SignalingError } from "./signaling.js";
import { t } from "./text.js";
import { dialog, h, icon } from "./view.js";

/**
 * Shows the first page; kept with the new phone.
 * @param {HTMLElement} main @param {boolean} invited
 * @returns {Promise<Phone>}
 */
export function start(main, invited) {
  return new Promise((resolve) => {
    const error = h("p", { class: "error", role: "alert" });
    const button = h("button", { class: "primary wide", type: "button", click: make }, t("startButton"));

    async function make() {
      button.disabled = true;
      button.textContent = t("startBusy");
      error.textContent = "";
      try {
        resolve(await Phone.create(location.origin));
      } catch (e) {
        error.textContent = t(e instanceof SignalingError && e.why === "refused" ? "startClosed" : "startFailed");
        button.disabled = false;
        button.textContent = t("startButton");
      }
    }

    main.replaceChildren(h("div", { class: "start" },
      h("h1", {}, t("title")), h("p", { class: "tag" }, t("tag")),
      h("section", { class: "card" },
        h("h2", {}, t("startHead")),
        invited && h("p", { class: "notice" }, t("startInvited")),
        h("p", {}, t("startText")), button, error,
        h("button", { class: "link", type: "button", click: () => bring(resolve) }, t("importButton"))),
      trustNote()));
    button.focus();
  });
}

/** What a served page can promise, where the user sees it. */
export function trustNote() {
  return h("details", { class: "trust" }, h("summary", {}, icon("info"), t("trustHead")), h("p", {}, t("trust")));
}

/** @param {(phone: Phone) => void} resolve */
function bring(resolve) {
  const file = h("input", { type: "file", id: "keyfile", required: true });
  const phrase = h("input", { type: "password", id: "keyphrase", autocomplete: "current-password" });
  const error = h("p", { class: "error", role: "alert" });
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const bytes = new Uint8Array(await (file.files?.[0] ?? new Blob()).arrayBuffer());
      resolve(await Phone.bring(bytes, phrase.value, location.origin));
      d.close();
    } catch (e) {
      error.textContent = t(e instanceof CoreError && e.word === "server" ? "importOther" : e instanceof SignalingError ? "startFailed" : "importFailed");
    }
  };
  const d = dialog(t("importHead"), h("p", {}, t("importText")), h("form", { submit },
    h("label", { for: "keyfile" }, t("backup")), file,
    h("label", { for: "keyphrase" }, t("passphrase")), phrase, error,
    h("div", { class: "row end" }, h("button", { class: "primary" }, t("startButton")))));
}
