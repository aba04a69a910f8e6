// The page: one phone, in one tab.

import { CallView } from "./callview.js";
import { Home } from "./home.js";
import { Phone } from "./phone.js";
import { start } from "./start.js";
import { t } from "./text.js";
import { h } from "./view.js";

const LINK_MARK = "#c/";

const main = h("main");
document.body.append(main, h("div", { id: "toasts", role: "status" }));

/** The contact link that this page was opened with. It is taken out of the address bar: it would stay in the history. */
function givenLink() {
  if (!location.hash.startsWith(LINK_MARK)) return "";
  const link = location.origin + "/" + location.hash;
  history.replaceState(null, "", "/");
  return link;
}

/** Fills the tab's only phone in. */
async function run() {
  const given = givenLink();
  if (!("RTCRtpScriptTransform" in globalThis)) {
    return main.replaceChildren(h("h1", {}, t("title")), h("p", {}, t("unsupported")));
  }
  let phone = await Phone.open();
  if (!phone) {
    phone = await start(main, given !== "");
    void navigator.storage?.persist?.();
  }
  show(phone, given);
  void phone.serve();
}

/** @param {Phone} phone @param {string} given */
function show(phone, given) {
  const view = (/** @type {import("./call.js").Call} */ call) => new CallView(phone, call);
  const home = new Home(main, phone, async (name) => {
    if (phone.calls.size > 0) return;
    phone.sound.wake();
    await phone.askMicrophone();
    view(phone.dial(name));
  });
  phone.addEventListener("incoming", (e) => view(/** @type {CustomEvent} */ (e).detail));
  const add = (/** @type {string} */ link) => {
    if (link && link !== phone.profile.link()) home.add(link);
  };
  add(given);
  addEventListener("hashchange", () => add(givenLink()));
  addEventListener("beforeunload", (e) => {
    if (phone.calls.size > 0) e.preventDefault();
  });
  addEventListener("pagehide", () => void phone.close());
}

// Two tabs with one identity would take each other's mailbox away.
void navigator.locks.request("taciturn", { ifAvailable: true }, async (lock) => {
  if (!lock) return main.replaceChildren(h("h1", {}, t("title")), h("p", {}, t("elsewhere")));
  await run();
  await new Promise(() => {}); // holds the lock as long as the page lives
});
