// Devices, visibility, language, the key file, and what this page is.

import { language, speak, t } from "./text.js";
import { ask, dialog, h, toast } from "./view.js";

/** @typedef {import("./phone.js").Phone} Phone */

const PHRASE_LEAST = 8;

/** @param {Phone} phone */
export async function settings(phone) {
  await phone.sound.permission(); // devices have names only for pages that may use them
  const { inputs, outputs } = await phone.sound.devices();
  dialog(t("settings"),
    field("set-mic", t("microphone"), choice("set-mic", phone.sound.input, [["", t("systemChoice")], ...named(inputs)], (id) => phone.useInput(id))),
    outputs.length > 0 ? field("set-speaker", t("speaker"), choice("set-speaker", phone.sound.output, [["", t("systemChoice")], ...named(outputs)], (id) => phone.useOutput(id))) : null,
    field("set-visible", t("visibility"), choice("set-visible", phone.visibility,
      [["contacts", t("visContacts")], ["everyone", t("visEveryone")], ["nobody", t("visNobody")]], (v) => phone.setVisibility(v))),
    field("set-language", t("language"), choice("set-language", language, [["en", "English"], ["de", "Deutsch"]], (v) => speak(v === "de" ? "de" : "en"))),
    notifications(),
    keyFile(phone),
    h("p", { class: "version" }, t("version"), ": ", h("code", {}, new URL(import.meta.url).pathname.split("/")[2])),
    h("button", { type: "button", class: "danger", click: async () => {
      if (!(await ask(t("forgetAsk"), t("forget")))) return;
      await phone.forget();
      location.reload();
    } }, t("forget")));
}

/** @param {MediaDeviceInfo[]} devices @returns {[string, string][]} */
function named(devices) {
  return devices.filter((d) => d.deviceId && d.deviceId !== "default").map((d, i) => [d.deviceId, d.label || String(i + 1)]);
}

/** @param {string} id @param {string} label @param {HTMLElement} control */
function field(id, label, control) { return h("div", { class: "field" }, h("label", { for: id }, label), control); }

/** @param {string} id @param {string} chosen @param {[string, string][]} options @param {(value: string) => void} change */
export function choice(id, chosen, options, change) {
  const s = h("select", { id, change: () => change(s.value) },
    ...options.map(([value, label]) => h("option", { value, selected: value === chosen }, label)));
  return s;
}

function notifications() {
  if (!("Notification" in globalThis)) return null;
  const box = h("input", { type: "checkbox", id: "set-notify", checked: Notification.permission === "granted", change: async () => {
    if (box.checked) box.checked = (await Notification.requestPermission()) === "granted";
  } });
  return h("div", { class: "field check" }, box, h("label", { for: "set-notify" }, t("notify")));
}

/** @param {Phone} phone */
function keyFile(phone) {
  const phrase = h("input", { type: "password", id: "set-phrase", autocomplete: "new-password", minlength: PHRASE_LEAST });
  const button = h("button", { type: "button", click: async () => {
    if (phrase.value.length < PHRASE_LEAST) return toast(t("passphraseShort"));
    button.textContent = t("backupBusy");
    await new Promise((resolve) => setTimeout(resolve, 50)); // to be painted: what follows takes a second
    const file = phone.profile.identityFile(phrase.value);
    const url = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (file)], { type: "application/octet-stream" }));
    h("a", { href: url, download: "identity.key" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    button.textContent = t("backupButton");
  } }, t("backupButton"));
  return h("fieldset", {}, h("legend", {}, t("backup")), h("p", {}, t("backupText")),
    h("form", { submit: (/** @type {Event} */ e) => e.preventDefault() }, h("label", { for: "set-phrase" }, t("passphrase")), phrase, button));
}
