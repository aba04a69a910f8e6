// A browser's own WebRTC as a client of the relay, without any code of the phone: two connections that may use nothing but the
// relay, over each transport that browsers know. The logins are those of TURN REST, made here from the secret. The
// certificate of TLS is one that nobody signed, which --ignore-certificate-errors excuses for WebRTC as well.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root, World } from "./world.mjs";

const PACKETS = 100; // of voice, at 50 a second

let dir, secret;
before(() => {
  dir = mkdtempSync(join(tmpdir(), "taciturn-relay-"));
  secret = join(dir, "relay.secret");
  execFileSync(join(process.env.TACITURN_BIN ?? join(root, "bin"), "taciturnd"), ["secret", secret]);
});
after(() => rmSync(dir, { recursive: true, force: true }));

/** Both sides of a call have the same one, which is what pairs them. @param {string} call */
function login(call) {
  const username = `${Math.floor(Date.now() / 1000) + 3600}:${call}`;
  return { username, credential: createHmac("sha1", readFileSync(secret, "utf8").trim()).update(username).digest("base64") };
}

for (const transport of ["udp", "tcp", "tls"]) {
  test(`a browser's WebRTC calls through the relay over ${transport}`, async (t) => {
    const w = await World.open({ transport, flags: ["--turn-secret-file", secret] });
    try {
      const page = await w.person();
      const got = await page.evaluate(converse, { one: { urls: w.turn, ...login("call") }, other: { urls: w.turn, ...login("call") }, packets: PACKETS });
      t.diagnostic(JSON.stringify(got));
      for (const side of got.sides) {
        assert.equal(side.local.candidateType, "relay");
        assert.equal(side.local.relayProtocol, transport);
        assert.equal(side.remote, "relay");
        assert.equal(side.state, "succeeded");
        assert.ok(side.packets >= PACKETS, `${side.packets} packets of voice`);
        assert.ok(side.lost <= side.packets / 10, `${side.lost} of them lost`);
      }
      assert.deepEqual(got.echoes, [1, 100, 1000, 16_000], "messages came back whole");
    } finally {
      await w.close();
    }
  });
}

test("a browser that knows no secret gets no relayed address", async () => {
  const w = await World.open({ flags: ["--turn-secret-file", secret] });
  try {
    const page = await w.person();
    const got = await page.evaluate(refused, { urls: w.turn, ...login("call"), credential: "guess" });
    assert.deepEqual(got, { candidates: 0, codes: [401] });
  } finally {
    await w.close();
  }
});

/** Runs in the page: two connections with a microphone and a channel each, until enough voice has arrived on both sides. */
async function converse({ one, other, packets }) {
  const mic = await navigator.mediaDevices.getUserMedia({ audio: true });
  const connections = [one, other].map((server) => new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" }));
  const [a, b] = connections;
  const failures = [];
  connections.forEach((c, i) => {
    c.onicecandidate = ({ candidate }) => { if (candidate) connections[1 - i].addIceCandidate(candidate); };
    c.onicecandidateerror = ({ errorCode, errorText, url }) => failures.push(`${errorCode} ${errorText} ${url}`);
    c.addTrack(mic.getAudioTracks()[0], mic);
  });
  const channel = a.createDataChannel("messages");
  b.ondatachannel = ({ channel: back }) => { back.onmessage = ({ data }) => back.send(data); };
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  const open = new Promise((resolve) => { channel.onopen = resolve; });
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("never connected: " + failures.join("; "))), 20_000));
  await Promise.race([open, late]);
  const echoes = [];
  for (const size of [1, 100, 1000, 16_000]) {
    channel.send("x".repeat(size));
    echoes.push(await new Promise((resolve) => { channel.onmessage = ({ data }) => resolve(data.length); }));
  }
  const look = async (c) => {
    const stats = await c.getStats();
    const all = [...stats.values()];
    const pair = stats.get(all.find((s) => s.type === "transport").selectedCandidatePairId);
    const voice = all.find((s) => s.type === "inbound-rtp");
    const { candidateType, relayProtocol, url } = stats.get(pair.localCandidateId);
    return {
      local: { candidateType, relayProtocol, url }, remote: stats.get(pair.remoteCandidateId).candidateType, state: pair.state,
      packets: voice?.packetsReceived ?? 0, lost: voice?.packetsLost ?? 0,
    };
  };
  for (const end = Date.now() + 20_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const sides = await Promise.all(connections.map(look));
    if (sides.every((s) => s.packets >= packets) || Date.now() > end) {
      for (const c of connections) c.close();
      return { sides, echoes };
    }
  }
}

/** Runs in the page: gathers to the end. */
async function refused(server) {
  const c = new RTCPeerConnection({ iceServers: [server], iceTransportPolicy: "relay" });
  let candidates = 0;
  const codes = [];
  c.onicecandidateerror = ({ errorCode }) => codes.push(errorCode);
  const done = new Promise((resolve) => { c.onicecandidate = ({ candidate }) => candidate ? candidates++ : resolve(); });
  c.createDataChannel("messages");
  await c.setLocalDescription();
  await done;
  c.close();
  return { candidates, codes: [...new Set(codes)] };
}
