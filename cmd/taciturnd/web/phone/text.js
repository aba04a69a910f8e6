// What the page says, in English and German. A word that one language lacks is a mistake that tsc finds.

const en = {
  title: "Taciturn",
  tag: "Voice calls that nobody else can hear, on a server that remembers nothing.",
  startHead: "Make this browser a phone",
  startText: "Your keys are made here and stay here. There is no account name, no phone number and no password to lose.",
  startButton: "Start",
  startBusy: "Making keys …",
  startInvited: "Somebody gave you a contact link. Start, and you can call them.",
  startFailed: "The server did not answer. Try again in a moment.",
  startClosed: "This server takes no new phones. Ask who runs it.",
  unsupported: "This browser cannot encrypt voice end to end (no encoded transforms). A current Chromium, Firefox or Safari can.",
  importButton: "I have a key file",
  importHead: "Use a key file",
  importText: "A key file of this page or of the terminal phone. Use it on one device only.",
  importFailed: "This is no key file, or the passphrase is wrong.",
  importOther: "This key file belongs to another server: open the page of that server.",
  trustHead: "What you trust here",
  trust: "This page comes from the server, and a server that wants to harm you could send another page. Whoever must not depend on that uses the terminal phone. What this page cannot do even then: hear a call of two people who use other phones.",
  elsewhere: "This phone is open in another tab or window.",
  online: "online",
  offline: "connecting …",
  yourLink: "Your link",
  yourLinkText: "Whoever has this link can ring you. Give it to people you want to hear from.",
  copy: "Copy link",
  copied: "Copied",
  showCode: "Show as QR code",
  share: "Share",
  contacts: "Contacts",
  noContacts: "No contacts yet. Ask somebody for their link and add it here, or give them yours.",
  add: "Add a contact",
  addHead: "Add a contact",
  name: "Name",
  link: "Contact link",
  linkHint: "https://…/#c/…",
  save: "Save",
  cancel: "Cancel",
  close: "Close",
  remove: "Remove",
  removeAsk: "Remove {name}? Their link is needed to add them again.",
  call: "Call",
  callName: "Call {name}",
  detailsName: "About {name}",
  trust1: "not verified",
  trust2: "organisation",
  trust3: "verified",
  safetyHead: "Safety number",
  safetyText: "Compare these digits with {name} over a way you trust: face to face, or by a letter. They see the same ones.",
  safetyButton: "The numbers are the same",
  calls: "Calls",
  missed: "missed",
  clear: "Clear",
  stranger: "Somebody with your link",
  incoming: "is calling",
  accept: "Accept",
  decline: "Decline",
  busy: "Busy",
  dialing: "calling …",
  ringing: "ringing …",
  accepted: "connecting …",
  talking: "in a call",
  mute: "Mute",
  unmute: "Unmute",
  hangup: "Hang up",
  cancelCall: "Cancel",
  peerMuted: "{name} has muted the microphone",
  micOpening: "opening the microphone …",
  micLost: "No microphone: the other side hears silence.",
  micDenied: "The browser does not let this page use the microphone. The other side will hear silence.",
  alarm: "Something arrives that the other side did not encrypt. Playback is off.",
  code: "Compare this code aloud",
  codeText: "If both of you see the same digits, nobody sits between you.",
  codeButton: "Same digits",
  codeDone: "Verified: nobody sits between you",
  quality: "Connection",
  quality3: "good",
  quality2: "fair",
  quality1: "poor",
  settings: "Settings",
  microphone: "Microphone",
  speaker: "Speaker",
  systemChoice: "as the system chooses",
  visibility: "Who learns that you are here by ringing you",
  visContacts: "contacts",
  visEveryone: "everyone who has the link",
  visNobody: "nobody",
  notify: "Tell me about calls when this page is in the background",
  language: "Language",
  backup: "Key file",
  backupText: "With it and the passphrase you can move this phone to another browser or to the terminal phone.",
  passphrase: "Passphrase",
  passphraseShort: "At least 8 characters.",
  backupButton: "Save key file",
  backupBusy: "Encrypting …",
  forget: "Forget this phone",
  forgetAsk: "This erases your keys and contacts in this browser. Without a key file they are gone. Erase?",
  version: "Version of this page",
  errName: "A name has 1 to 64 visible characters.",
  errFormat: "This is not a contact link.",
  errDuplicate: "This name or this person is in your contacts already.",
  errSelf: "This is your own link.",
  errFull: "There is no room for more contacts.",
  clock: "A call could not ring: the clock of this device or of the caller's is wrong.",
  endHungUp: "Call ended", endDeclined: "declined", endBusy: "busy", endNoAnswer: "nobody answered",
  endUnreachable: "not reachable", endCancelled: "cancelled", endMissed: "missed call",
  endConnect: "no connection through the relay", endLost: "the connection was lost", endElsewhere: "answered on another device",
  endUnsupported: "the two phones have no way to talk in common", endOffHours: "outside calling hours", endFailed: "the call could not begin",
  whyUnknown: "nobody answers to this contact", whyChanged: "their keys have changed: compare safety numbers before calling again",
  whyOffline: "no connection to the server", whyRelay: "the relay does not answer", whyExpired: "not online for days",
};

/** @type {typeof en} */
const de = {
  title: "Taciturn",
  tag: "Telefonieren, ohne dass jemand mithört, über einen Server, der nichts behält.",
  startHead: "Diesen Browser zum Telefon machen",
  startText: "Deine Schlüssel entstehen hier und bleiben hier. Es gibt keinen Kontonamen, keine Nummer und kein Passwort zu verlieren.",
  startButton: "Los geht’s",
  startBusy: "Schlüssel entstehen …",
  startInvited: "Jemand hat dir einen Kontakt-Link gegeben. Leg los, dann kannst du anrufen.",
  startFailed: "Der Server antwortet nicht. Versuch es gleich noch einmal.",
  startClosed: "Dieser Server nimmt keine neuen Telefone auf. Frag, wer ihn betreibt.",
  unsupported: "Dieser Browser kann Sprache nicht Ende-zu-Ende verschlüsseln (keine „encoded transforms“). Ein aktueller Chromium, Firefox oder Safari kann es.",
  importButton: "Ich habe eine Schlüsseldatei",
  importHead: "Schlüsseldatei verwenden",
  importText: "Eine Schlüsseldatei dieser Seite oder des Terminal-Telefons. Verwende sie nur auf einem Gerät.",
  importFailed: "Das ist keine Schlüsseldatei, oder die Passphrase ist falsch.",
  importOther: "Diese Schlüsseldatei gehört zu einem anderen Server: öffne dessen Seite.",
  trustHead: "Worauf du hier vertraust",
  trust: "Diese Seite kommt vom Server, und ein Server, der dir schaden will, könnte eine andere schicken. Wer davon nicht abhängen darf, nimmt das Terminal-Telefon. Was auch eine falsche Seite nicht kann: ein Gespräch zweier Leute mit anderen Telefonen hören.",
  elsewhere: "Dieses Telefon ist in einem anderen Tab oder Fenster offen.",
  online: "online",
  offline: "verbinde …",
  yourLink: "Dein Link",
  yourLinkText: "Wer diesen Link hat, kann bei dir klingeln. Gib ihn Leuten, von denen du hören willst.",
  copy: "Link kopieren",
  copied: "Kopiert",
  showCode: "Als QR-Code zeigen",
  share: "Teilen",
  contacts: "Kontakte",
  noContacts: "Noch keine Kontakte. Bitte jemanden um den Link und füg ihn hier ein, oder gib deinen weiter.",
  add: "Kontakt hinzufügen",
  addHead: "Kontakt hinzufügen",
  name: "Name",
  link: "Kontakt-Link",
  linkHint: "https://…/#c/…",
  save: "Speichern",
  cancel: "Abbrechen",
  close: "Schließen",
  remove: "Entfernen",
  removeAsk: "{name} entfernen? Zum erneuten Hinzufügen braucht es wieder den Link.",
  call: "Anrufen",
  callName: "{name} anrufen",
  detailsName: "Über {name}",
  trust1: "nicht geprüft",
  trust2: "Organisation",
  trust3: "geprüft",
  safetyHead: "Sicherheitsnummer",
  safetyText: "Vergleiche diese Ziffern mit {name} auf einem Weg, dem du traust: von Angesicht zu Angesicht oder per Brief. Dort stehen dieselben.",
  safetyButton: "Die Nummern sind gleich",
  calls: "Anrufe",
  missed: "verpasst",
  clear: "Leeren",
  stranger: "Jemand mit deinem Link",
  incoming: "ruft an",
  accept: "Annehmen",
  decline: "Ablehnen",
  busy: "Besetzt",
  dialing: "wählt …",
  ringing: "klingelt …",
  accepted: "verbinde …",
  talking: "im Gespräch",
  mute: "Stumm",
  unmute: "Ton an",
  hangup: "Auflegen",
  cancelCall: "Abbrechen",
  peerMuted: "{name} hat das Mikrofon ausgeschaltet",
  micOpening: "Mikrofon wird geöffnet …",
  micLost: "Kein Mikrofon: die andere Seite hört Stille.",
  micDenied: "Der Browser lässt diese Seite nicht ans Mikrofon. Die andere Seite wird Stille hören.",
  alarm: "Es kommt etwas an, das die andere Seite nicht verschlüsselt hat. Die Wiedergabe ist aus.",
  code: "Lest euch diesen Code vor",
  codeText: "Wenn ihr beide dieselben Ziffern seht, sitzt niemand dazwischen.",
  codeButton: "Gleiche Ziffern",
  codeDone: "Geprüft: niemand sitzt dazwischen",
  quality: "Verbindung",
  quality3: "gut",
  quality2: "mäßig",
  quality1: "schlecht",
  settings: "Einstellungen",
  microphone: "Mikrofon",
  speaker: "Lautsprecher",
  systemChoice: "wie das System wählt",
  visibility: "Wer durch Klingeln erfährt, dass du da bist",
  visContacts: "Kontakte",
  visEveryone: "alle, die den Link haben",
  visNobody: "niemand",
  notify: "Anrufe melden, wenn diese Seite im Hintergrund ist",
  language: "Sprache",
  backup: "Schlüsseldatei",
  backupText: "Mit ihr und der Passphrase zieht dieses Telefon in einen anderen Browser oder ins Terminal-Telefon um.",
  passphrase: "Passphrase",
  passphraseShort: "Mindestens 8 Zeichen.",
  backupButton: "Schlüsseldatei sichern",
  backupBusy: "Wird verschlüsselt …",
  forget: "Dieses Telefon vergessen",
  forgetAsk: "Das löscht deine Schlüssel und Kontakte in diesem Browser. Ohne Schlüsseldatei sind sie weg. Löschen?",
  version: "Version dieser Seite",
  errName: "Ein Name hat 1 bis 64 sichtbare Zeichen.",
  errFormat: "Das ist kein Kontakt-Link.",
  errDuplicate: "Dieser Name oder diese Person steht schon in deinen Kontakten.",
  errSelf: "Das ist dein eigener Link.",
  errFull: "Für weitere Kontakte ist kein Platz.",
  clock: "Ein Anruf konnte nicht klingeln: die Uhr dieses Geräts oder die der anderen Seite geht falsch.",
  endHungUp: "Gespräch beendet", endDeclined: "abgelehnt", endBusy: "besetzt", endNoAnswer: "niemand hat abgenommen",
  endUnreachable: "nicht erreichbar", endCancelled: "abgebrochen", endMissed: "verpasster Anruf",
  endConnect: "keine Verbindung über das Relay", endLost: "die Verbindung ging verloren", endElsewhere: "auf einem anderen Gerät angenommen",
  endUnsupported: "die beiden Telefone haben keine gemeinsame Sprache", endOffHours: "außerhalb der Anrufzeiten", endFailed: "der Anruf kam nicht zustande",
  whyUnknown: "unter diesem Kontakt meldet sich niemand", whyChanged: "die Schlüssel haben sich geändert: vergleicht vor dem nächsten Anruf die Sicherheitsnummern",
  whyOffline: "keine Verbindung zum Server", whyRelay: "das Relay antwortet nicht", whyExpired: "seit Tagen nicht online",
};

/** @typedef {keyof typeof en} Word */

const languages = { en, de };

/** @returns {"en"|"de"} */
function choose() {
  const wanted = [localStorage.getItem("language") ?? "", ...navigator.languages];
  for (const w of wanted) {
    if (w.startsWith("de")) return "de";
    if (w.startsWith("en")) return "en";
  }
  return "en";
}

export const language = choose();
document.documentElement.lang = language;

/** @param {"en"|"de"} chosen */
export function speak(chosen) {
  localStorage.setItem("language", chosen);
  location.reload();
}

/** @param {Word} word @param {Record<string, string>} [values] */
export function t(word, values = {}) {
  return languages[language][word].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** How a call ended, for people. @type {Record<string, Word>} */
const results = {
  "hung-up": "endHungUp", declined: "endDeclined", busy: "endBusy", "no-answer": "endNoAnswer", unreachable: "endUnreachable",
  cancelled: "endCancelled", missed: "endMissed", "connect-failed": "endConnect", "media-lost": "endLost",
  "answered-elsewhere": "endElsewhere", unsupported: "endUnsupported", "off-hours": "endOffHours", failed: "endFailed",
};
/** @type {Record<string, Word>} */
const reasons = { unknown: "whyUnknown", changed: "whyChanged", offline: "whyOffline", relay: "whyRelay", expired: "whyExpired" };

/** @param {string} result @param {string} [why] */
export function ending(result, why = "") { return t(reasons[why] ?? results[result] ?? "endFailed"); }

/** @param {number} ms */
export function clock(ms) {
  const s = Math.floor(ms / 1000);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

/** @param {number} at */
export function when(at) {
  const sameDay = new Date(at).toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, sameDay ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" }).format(at);
}
