// Types for tsc only: what core.wasm offers (../core), and what TypeScript's library does not know yet.

export interface Candidate { ip: string; port: number; priority: number }

/** What the other side must know to reach this side's media. */
export interface Transport { fingerprint: Uint8Array; ufrag: string; pwd: string; candidates: Candidate[] }

export interface RelayLogin { username: string; password: string }

export interface RelayPair { urls: string[]; hosts: string[]; caller: RelayLogin; callee: RelayLogin }

export interface Contact { name: string; address: string; account: string; trust: "unknown" | "organisation" | "verified" }

export interface Peer { name: string; known: boolean; address: string; server: string; trust: string }

export type Todo =
  | { do: "prepare"; role: "caller"; server: string; account: string }
  | { do: "prepare"; role: "callee"; server: string; remote: Transport; relay: RelayLogin & { urls: string[] } }
  | { do: "submit"; envelope: Uint8Array; key: Uint8Array; offer: boolean }
  | { do: "connect"; remote: Transport }
  | { do: "candidates"; remote: Transport }
  | { do: "start-voice"; out: number; in: number; bucket: number; bitrate: number }
  | { do: "renew-voice"; restart: number; asked: boolean }
  | { do: "restart"; epoch: number }
  | { do: "answer-restart"; epoch: number; remote: Transport }
  | { do: "finish-restart"; remote: Transport }
  | { do: "abandon-restart" }
  | { do: "say-hangup"; reason: number }
  | { do: "say-ack" } | { do: "alert" } | { do: "ringing" } | { do: "stop-media" }
  | { do: "explain"; why: string }
  | { do: "turn" }
  | { do: "finish"; result: string };

export interface Step { call: CoreCall; number: number; state: string; deadline: number; code: string; todo: Todo[] }

type Event0 = (now: number) => Step[];

export interface CoreCall {
  peer: Peer;
  incoming: boolean;
  prepared(now: number, what: object): Step[];
  prepareFailed(now: number, role: string, result: string): Step[];
  opened(now: number, envelope: Uint8Array): Step[];
  taken: Event0; accept: Event0; reject: Event0; hangup: Event0; quit: Event0;
  mediaUp: Event0; mediaFailed: Event0; mediaImpaired: Event0; renew: Event0; heardHangup: Event0; heardAck: Event0; timeout: Event0;
  mediaHeard(now: number, restart: number): Step[];
  restarted(now: number, epoch: number, transport: Transport): Step[];
  answered(now: number, epoch: number, transport: Transport): Step[];
  voiceKey(out: boolean, direction: number, restart: number): { epoch: number; base: Uint8Array };
}

export interface CoreProfile {
  server: string; account: string; address: string; device: Uint8Array;
  identityFile(passphrase?: string): Uint8Array;
  contactsFile(): Uint8Array;
  replayFile(): Uint8Array;
  link(): string;
  maintain(now: number): boolean;
  registration(): Uint8Array;
  publication(): Uint8Array;
  signRequest(label: string, method: string, host: string, path: string, revision: Uint8Array, body: Uint8Array): Uint8Array;
  login(label: string, host: string, nonce: Uint8Array): Uint8Array;
  contacts(): Contact[];
  addContact(name: string, link: string): Contact;
  rename(from: string, to: string): boolean;
  remove(name: string): boolean;
  verify(name: string): boolean;
  safetyNumber(name: string): string;
  dial(now: number, name: string): { call: CoreCall; steps: Step[] };
  offered(now: number, age: number, envelope: Uint8Array, visibility: string): Step[];
}

export interface Core {
  create(now: number, server: string): CoreProfile;
  open(identity: Uint8Array, contacts?: Uint8Array | null, replay?: Uint8Array | null, passphrase?: string): CoreProfile;
  parseLink(text: string): { address: string; account: string };
  needsPhrase(identity: Uint8Array): boolean;
}

/** What one phone tells the other inside a voice frame. */
export interface Control { kind: number; muted?: boolean; reason?: number; lost?: number; jitter?: number }

/** What the worker counts, and the last restart whose key a frame has come with. */
export interface Counts { sent: number; seen: number; opened: number; refused: number; empty: number; large: number; restart: number }

declare global {
  var Go: new () => { importObject: WebAssembly.Imports; run(instance: WebAssembly.Instance): Promise<void> };
  var taciturnCore: Core;
  interface RTCRtpSender { transform: RTCRtpScriptTransform | null }
  interface RTCRtpReceiver { transform: RTCRtpScriptTransform | null }
  class RTCRtpScriptTransform { constructor(worker: Worker, options?: unknown) }
  interface RTCDtlsTransport { getRemoteCertificates(): ArrayBuffer[] }
  interface HTMLMediaElement { setSinkId?(id: string): Promise<void> }
}
