// The core: identity, contacts, handshake and call state, compiled from Go. Its functions return an Error instead of
// throwing; here they throw.

/** @typedef {import("./types.d.ts").Core} Core */

/** An error of the core; word is one of the fixed words of core/value.go. */
export class CoreError extends Error {
  /** @param {string} word */
  constructor(word) {
    super(word);
    this.word = word;
  }
}

/**
 * Makes the functions of a core object throw what they return as an Error.
 * @param {any} value
 * @returns {any}
 */
function wrap(value) {
  if (value instanceof Error) throw new CoreError(value.message);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  for (const key of Object.keys(value)) {
    const inner = value[key];
    if (typeof inner === "function") {
      if (!inner.wrapped) {
        const f = (/** @type {any[]} */ ...args) => wrap(inner(...args));
        f.wrapped = true;
        value[key] = f;
      }
    } else if (key === "call" || key === "steps" || Array.isArray(value)) {
      wrap(inner);
    }
  }
  return value;
}

/** @type {Promise<Core>|undefined} */
let loading;

/**
 * Loads and starts the core, once.
 * @param {(file: string) => Promise<WebAssembly.WebAssemblyInstantiatedSource>} [load]
 */
export function loadCore(load = fetchCore) {
  loading ??= (async () => {
    // @ts-ignore: the toolchain's loader has no types
    await import("./wasm_exec.js");
    const go = new globalThis.Go();
    imports = go.importObject;
    const { instance } = await load("core.wasm");
    void go.run(instance); // ends with the page
    return /** @type {Core} */ (wrap(globalThis.taciturnCore));
  })();
  return loading;
}

/** @type {WebAssembly.Imports} */
let imports;

export const coreImports = () => imports;

/** @param {string} file */
function fetchCore(file) {
  return WebAssembly.instantiateStreaming(fetch(new URL(file, import.meta.url)), imports);
}
