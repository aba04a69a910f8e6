// Small things that views are made of. Text always goes in as text: there is no innerHTML anywhere.

import { t } from "./text.js";

/**
 * An element. Attributes that are functions are listeners; false and null leave an attribute out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string|null|false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") e.addEventListener(name, value);
    else if (value === true) e.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) e.setAttribute(name, String(value));
  }
  e.append(.../** @type {(Node|string)[]} */ (children.filter((c) => c !== null && c !== false)));
  return e;
}

/** Shapes on a field of 24 by 24. */
const shapes = {
  phone: "M6.6 10.8a15.1 15.1 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11.4 11.4 0 0 0 3.6.57 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1c0 1.25.2 2.45.57 3.57a1 1 0 0 1-.25 1z",
  mic: "M12 15a3.5 3.5 0 0 0 3.5-3.5v-5a3.5 3.5 0 1 0-7 0v5A3.5 3.5 0 0 0 12 15zm6.5-3.5a6.5 6.5 0 0 1-13 0H4a8 8 0 0 0 7.25 7.96V22h1.5v-2.54A8 8 0 0 0 20 11.5z",
  micOff: "M20 11.5h-1.5c0 1.1-.27 2.1-.75 3l1.1 1.1A7.9 7.9 0 0 0 20 11.5zM3.3 2.3 2 3.6l6.5 6.5v1.4a3.5 3.5 0 0 0 4.6 3.3l1.2 1.2a6.5 6.5 0 0 1-8.8-4.5H4a8 8 0 0 0 7.25 7.96V22h1.5v-2.54a8 8 0 0 0 2.8-.9l4.85 4.84 1.3-1.3zM15.5 6.5a3.5 3.5 0 0 0-6.9-.86l6.9 6.9z",
  gear: "M19.4 13a7.6 7.6 0 0 0 0-2l2.1-1.6-2-3.5-2.5 1a7.4 7.4 0 0 0-1.7-1L15 3.3H9l-.4 2.6a7.4 7.4 0 0 0-1.7 1l-2.4-1-2 3.5L4.6 11a7.6 7.6 0 0 0 0 2l-2.1 1.6 2 3.5 2.5-1a7.4 7.4 0 0 0 1.7 1l.4 2.6h6l.3-2.6a7.4 7.4 0 0 0 1.7-1l2.5 1 2-3.5zM12 15.5a3.5 3.5 0 1 1 0-7 3.5 3.5 0 0 1 0 7z",
  plus: "M11 4h2v7h7v2h-7v7h-2v-7H4v-2h7z",
  check: "m9.6 16.2-4-4L4.2 13.6l5.4 5.4L20.5 8.1l-1.4-1.4z",
  shield: "M12 2 4 5v6c0 5 3.4 9.7 8 11 4.6-1.3 8-6 8-11V5zm-1.3 14-3.5-3.5 1.4-1.4 2.1 2.1 4.7-4.7 1.4 1.4z",
  info: "M11 10h2v7h-2zm0-3.5h2v2h-2zM12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm0 18.3a8.3 8.3 0 1 1 0-16.6 8.3 8.3 0 0 1 0 16.6z",
  in: "M20 5.4 18.6 4 7 15.6V9H5v10h10v-2H8.4z",
  out: "M4 18.6 5.4 20 17 8.4V15h2V5H9v2h6.6z",
  warn: "M12 3 1.5 21h21zm-1 7h2v5h-2zm0 6.5h2v2h-2z",
};

/** @param {keyof typeof shapes} name */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", "icon-" + name);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

/** Initials on a colour that goes with the person. @param {string} name @param {string} key */
export function avatar(name, key, large = false) {
  let hue = 0;
  for (const c of key) hue = (hue * 31 + c.charCodeAt(0)) % 360;
  const words = name.split(/\s+/).filter(Boolean);
  const initials = ((words[0]?.[0] ?? "?") + (words.length > 1 ? words[words.length - 1][0] : "")).toUpperCase();
  const e = h("span", { class: large ? "avatar large" : "avatar", "aria-hidden": "true" }, initials);
  e.style.setProperty("--hue", String(hue));
  return e;
}

/** A dialog that is shown at once and gone when closed. @param {string} head @param {...(Node|string|null)} children */
export function dialog(head, ...children) {
  const id = "d" + Math.random().toString(36).slice(2);
  const d = h("dialog", { "aria-labelledby": id, close: () => d.remove() },
    h("header", {}, h("h2", { id }, head),
      h("button", { class: "quiet", type: "button", "aria-label": t("close"), click: () => d.close() }, "✕")),
    ...children);
  document.body.append(d);
  d.showModal();
  return d;
}

/** @param {string} text @param {string} yes */
export function ask(text, yes) {
  return new Promise((resolve) => {
    const d = dialog(t("title"), h("p", {}, text), h("div", { class: "row end" },
      h("button", { type: "button", click: () => d.close() }, t("cancel")),
      h("button", { type: "button", class: "danger", click: () => { resolve(true); d.close(); } }, yes)));
    d.addEventListener("close", () => resolve(false));
  });
}

/** Says something to eyes and to screen readers, for a while. @param {string} text */
export function toast(text) {
  const place = document.getElementById("toasts");
  const e = h("p", {}, text);
  place?.append(e);
  setTimeout(() => e.remove(), 6000);
}
