// What the phone remembers: identity, contacts and the memory of offers, in IndexedDB, encrypted by a key that the browser
// keeps and gives to nobody, this page included (non-extractable). Who copies the browser's files without the browser's
// own key store has nothing; who runs in this page has everything, as anywhere.
//
// Each write draws 32 bytes of salt and with it a key of its own (HKDF), so no key encrypts twice and the nonce can be zero.

import { utf8 } from "./bytes.js";

const DATABASE = "taciturn";
const TABLE = "profile";
const WRAP = "wrap";

/** @typedef {{salt: Uint8Array, data: Uint8Array}} Sealed */

export class Store {
  /** @type {IDBDatabase} */ #db;
  /** @type {CryptoKey} */ #wrap;

  /** @param {IDBDatabase} db @param {CryptoKey} wrap */
  constructor(db, wrap) {
    this.#db = db;
    this.#wrap = wrap;
  }

  static async open(name = DATABASE) {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
    /** @type {IDBDatabase} */
    const db = await done(opening);
    let wrap = await done(db.transaction(TABLE).objectStore(TABLE).get(WRAP));
    if (!wrap) {
      const raw = crypto.getRandomValues(new Uint8Array(32));
      wrap = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
      raw.fill(0);
      await done(db.transaction(TABLE, "readwrite").objectStore(TABLE).put(wrap, WRAP));
    }
    return new Store(db, wrap);
  }

  /** @param {string} name @returns {Promise<Uint8Array|null>} */
  async get(name) {
    /** @type {Sealed|undefined} */
    const sealed = await done(this.#db.transaction(TABLE).objectStore(TABLE).get(name));
    if (!sealed) return null;
    const key = await this.#key(name, sealed.salt, "decrypt");
    return new Uint8Array(await crypto.subtle.decrypt(cipher(name), key, /** @type {BufferSource} */ (sealed.data)));
  }

  /** The write has reached the disk when the promise is kept. @param {string} name @param {Uint8Array} plain */
  async put(name, plain) {
    const salt = crypto.getRandomValues(new Uint8Array(32));
    const key = await this.#key(name, salt, "encrypt");
    const data = new Uint8Array(await crypto.subtle.encrypt(cipher(name), key, /** @type {BufferSource} */ (plain)));
    const change = this.#db.transaction(TABLE, "readwrite", { durability: "strict" });
    change.objectStore(TABLE).put({ salt, data }, name);
    await new Promise((resolve, reject) => {
      change.oncomplete = resolve;
      change.onerror = change.onabort = () => reject(change.error);
    });
  }

  /** Forgets everything, the key included. */
  async clear() {
    await done(this.#db.transaction(TABLE, "readwrite").objectStore(TABLE).clear());
    this.#db.close();
  }

  /** @param {string} name @param {Uint8Array} salt @param {"encrypt"|"decrypt"} use */
  #key(name, salt, use) {
    return crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: /** @type {BufferSource} */ (salt), info: utf8("taciturn/1 web store " + name) },
      this.#wrap, { name: "AES-GCM", length: 256 }, false, [use]);
  }
}

/** @param {string} name */
const cipher = (name) => ({ name: "AES-GCM", iv: new Uint8Array(12), additionalData: utf8(name) });

/** @param {IDBRequest<any>} request @returns {Promise<any>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
