// What one hears and says: microphone and speaker, the ring, and the silence that is sent until the microphone may open.

/** Ring and ringback: seconds of sound and of the whole period, and frequencies. */
const RING = { on: 1.2, every: 3, tones: [523.25, 659.25] };
const RINGBACK = { on: 1, every: 4, tones: [425] };

export class Sound {
  /** @type {AudioContext|null} */ #context = null;
  /** @type {(() => void)|null} */ #ringing = null;
  /** Device ids; empty: the system's choice. */
  input = "";
  output = "";
  /** Echo cancellation and the like; off only to measure. */
  processing = true;
  /** @type {HTMLAudioElement|null} */ #playing = null;

  /** Call it in the handler of a press: browsers let pages make sound after one only. */
  wake() {
    this.#context ??= new AudioContext({ latencyHint: "interactive" });
    void this.#context.resume();
    return this.#context;
  }

  /** A track of silence. It needs a source, or nothing would come out of it, not even silence. */
  silence() {
    const context = this.wake();
    const source = context.createConstantSource();
    source.offset.value = 0;
    const out = context.createMediaStreamDestination();
    source.connect(out);
    source.start();
    return out.stream.getAudioTracks()[0];
  }

  /** @param {string} [device] */
  async microphone(device = this.input) {
    const p = this.processing;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: {
      echoCancellation: p, noiseSuppression: p, autoGainControl: p, channelCount: 1,
      ...(device ? { deviceId: { exact: device } } : {}),
    } });
    return stream.getAudioTracks()[0];
  }

  /** Asks for the microphone if that has never been answered, and lets it go at once. Returns granted, denied or none. */
  async permission() {
    try {
      const state = (await navigator.permissions.query({ name: /** @type {PermissionName} */ ("microphone") })).state;
      if (state !== "prompt") return state;
    } catch { /* a browser that cannot say is asked */ }
    try {
      (await this.microphone()).stop();
      return "granted";
    } catch (error) {
      return error instanceof DOMException && error.name === "NotFoundError" ? "none" : "denied";
    }
  }

  /** @param {HTMLAudioElement} audio */
  async play(audio) {
    this.#playing = audio;
    try {
      if (this.output) await audio.setSinkId?.(this.output);
      await audio.play();
    } catch { /* it plays with the next press */ }
  }

  /** @param {string} device */
  async setOutput(device) {
    this.output = device;
    try {
      await this.#playing?.setSinkId?.(device);
    } catch {
      this.output = "";
    }
  }

  ring() { this.#repeat(RING, 0.25); }
  ringback() { this.#repeat(RINGBACK, 0.08); }

  /** @param {{on: number, every: number, tones: number[]}} pattern @param {number} level */
  #repeat(pattern, level) {
    this.quiet();
    const context = this.wake();
    const once = () => {
      const gain = context.createGain();
      gain.connect(context.destination);
      const at = context.currentTime;
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(level, at + 0.05);
      gain.gain.setValueAtTime(level, at + pattern.on - 0.2);
      gain.gain.linearRampToValueAtTime(0, at + pattern.on);
      pattern.tones.forEach((frequency, i) => {
        const tone = context.createOscillator();
        tone.frequency.value = frequency;
        tone.connect(gain);
        tone.start(at + (i * pattern.on) / (2 * pattern.tones.length));
        tone.stop(at + pattern.on);
      });
      return gain;
    };
    let gain = once();
    const timer = setInterval(() => { gain = once(); }, 1000 * pattern.every);
    this.#ringing = () => {
      clearInterval(timer);
      gain.disconnect();
    };
  }

  /** Ends ring and ringback. */
  quiet() {
    this.#ringing?.();
    this.#ringing = null;
  }

  /** @returns {Promise<{inputs: MediaDeviceInfo[], outputs: MediaDeviceInfo[]}>} */
  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return { inputs: all.filter((d) => d.kind === "audioinput"), outputs: all.filter((d) => d.kind === "audiooutput") };
  }
}
