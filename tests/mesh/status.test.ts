import { expect, test } from "bun:test";
import type { PeerStatus as KnownPeer } from "../../mesh/cluster/peer-status.ts";
import { peerStatusOf } from "../../mesh/status.ts";

const KNOWN: KnownPeer = {
  name: "surf-2",
  instance: "00112233445566778899aabbccddeeff",
  incarnation: 5,
  state: "up",
  address: "10.0.0.2:28080",
  direction: "accepted",
  rttMs: 0,
  via: "surf-3",
  upForMs: 0,
  retryInMs: 0,
  queuedBytes: 7,
  counters: { framesIn: 1, framesOut: 2, bytesIn: 3, bytesOut: 4, dropped: 5 },
  lastError: { text: "the connection closed", at: "2026-01-01T00:00:00.000Z" },
};

test("what is known of a peer stands there as it is", () => {
  expect(peerStatusOf(KNOWN)).toEqual<object>(KNOWN);
});

test("times are no longer than anyone reads", () => {
  const times = { rttMs: 1.234_567_8, upForMs: 60_000.4, retryInMs: 249.6 };
  expect(peerStatusOf({ ...KNOWN, ...times })).toMatchObject({
    rttMs: 1.235,
    upForMs: 60_000,
    retryInMs: 250,
  });
});

test("what is not known of a peer is null, and never left out", () => {
  const nothing: KnownPeer = {
    name: undefined,
    instance: undefined,
    incarnation: undefined,
    state: "waiting",
    address: undefined,
    direction: undefined,
    rttMs: undefined,
    via: undefined,
    upForMs: undefined,
    retryInMs: undefined,
    queuedBytes: 0,
    counters: undefined,
    lastError: undefined,
  };
  const json: unknown = JSON.parse(JSON.stringify(peerStatusOf(nothing)));
  expect(json).toEqual({
    name: null,
    state: "waiting",
    address: null,
    rttMs: null,
    direction: null,
    via: null,
    instance: null,
    incarnation: null,
    upForMs: null,
    queuedBytes: 0,
    counters: null,
    lastError: null,
    retryInMs: null,
  });
});
