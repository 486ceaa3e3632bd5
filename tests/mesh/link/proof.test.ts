import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import {
  type Claim,
  computeProof,
  matchingKey,
  type Role,
  type Transcript,
} from "../../../mesh/link/proof.ts";

const KEY = new Uint8Array(32).fill(9);
const DIALLER: Claim = {
  name: "alice",
  instance: "000102030405060708090a0b0c0d0e0f",
  incarnation: 1_735_689_600_123,
  nonce: new Uint8Array(32).fill(1),
};
const ACCEPTOR: Claim = {
  name: "bob",
  instance: "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
  incarnation: 2,
  nonce: new Uint8Array(32).fill(2),
};
const TRANSCRIPT: Transcript = {
  version: 1,
  cluster: "surf",
  dialler: DIALLER,
  acceptor: ACCEPTOR,
  exporter: new Uint8Array(32).fill(3),
};

/** The clause once more, by hand: each part in hexadecimal, after its length. [MESH-1.4] */
const COVERED = {
  dialler: "00000007 6469616c6c6572",
  acceptor: "00000008 6163636570746f72",
  rest: [
    "00000001 01",
    "00000004 73757266",
    "00000005 616c696365",
    "00000010 000102030405060708090a0b0c0d0e0f",
    "00000008 000001941f297c7b",
    `00000020 ${"01".repeat(32)}`,
    "00000003 626f62",
    "00000010 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
    "00000008 0000000000000002",
    `00000020 ${"02".repeat(32)}`,
    `00000020 ${"03".repeat(32)}`,
  ].join(""),
};

function hex(proof: Uint8Array): string {
  return Buffer.from(proof).toString("hex");
}

function byHand(role: Role): string {
  const covered = Buffer.from((COVERED[role] + COVERED.rest).replaceAll(" ", ""), "hex");
  return createHmac("sha256", KEY).update(covered).digest("hex");
}

describe("computeProof", () => {
  test("covers what the clause says, each part after its length", () => {
    expect(hex(computeProof(KEY, "dialler", TRANSCRIPT))).toBe(byHand("dialler"));
    expect(hex(computeProof(KEY, "acceptor", TRANSCRIPT))).toBe(byHand("acceptor"));
  });

  test("is what another implementation of the clause made of it", () => {
    expect(hex(computeProof(KEY, "dialler", TRANSCRIPT))).toBe(
      "28cc8e436c5221f21b2b9d4dc2706b0145396f7513121c0bd1285a533321f9e2",
    );
    expect(hex(computeProof(KEY, "acceptor", TRANSCRIPT))).toBe(
      "d01f41923f98d088a171288c74f88ab7df4adf1a1cc4657e78a75d07094ba8f8",
    );
  });

  const otherBytes = new Uint8Array(32).fill(1).with(31, 0);
  const claimChanges: readonly (readonly [string, Partial<Claim>])[] = [
    ["name", { name: "alicf" }],
    ["instance", { instance: "000102030405060708090a0b0c0d0e0e" }],
    ["incarnation", { incarnation: 3 }],
    ["nonce", { nonce: otherBytes }],
  ];
  test.each<[string, Transcript]>([
    ["version", { ...TRANSCRIPT, version: 2 }],
    ["cluster", { ...TRANSCRIPT, cluster: "surg" }],
    ["exporter", { ...TRANSCRIPT, exporter: otherBytes }],
    ...claimChanges.map(([field, change]): [string, Transcript] => [
      `dialler's ${field}`,
      { ...TRANSCRIPT, dialler: { ...DIALLER, ...change } },
    ]),
    ...claimChanges.map(([field, change]): [string, Transcript] => [
      `acceptor's ${field}`,
      { ...TRANSCRIPT, acceptor: { ...ACCEPTOR, ...change } },
    ]),
    ["order of the two", { ...TRANSCRIPT, dialler: ACCEPTOR, acceptor: DIALLER }],
    [
      "border of two parts",
      { ...TRANSCRIPT, cluster: "sur", dialler: { ...DIALLER, name: "falice" } },
    ],
  ])("is another one for another %s", (_what, transcript) => {
    for (const role of ["dialler", "acceptor"] as const) {
      expect(hex(computeProof(KEY, role, transcript))).not.toBe(byHand(role));
    }
  });

  test("is another one for another role and another key", () => {
    const other = KEY.with(0, 8);
    const proofs = [
      computeProof(KEY, "dialler", TRANSCRIPT),
      computeProof(KEY, "acceptor", TRANSCRIPT),
      computeProof(other, "dialler", TRANSCRIPT),
    ];
    expect(new Set(proofs.map(hex)).size).toBe(3);
  });
});

describe("matchingKey", () => {
  const keys = [1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte));
  const claimed = { role: "dialler", transcript: TRANSCRIPT } as const;

  test("finds the key of any of the proofs", () => {
    const wrong = new Uint8Array(32);
    for (const key of keys) {
      const right = computeProof(key, "dialler", TRANSCRIPT);
      expect(matchingKey(keys, [right], claimed)).toBe(key);
      expect(matchingKey(keys, [wrong, right, wrong], claimed)).toBe(key);
    }
  });

  test("finds none for a proof of another role, another key, another length, or no proof", () => {
    const key = keys[0] ?? KEY;
    const right = computeProof(key, "dialler", TRANSCRIPT);
    const wrong = [
      computeProof(key, "acceptor", TRANSCRIPT),
      computeProof(KEY, "dialler", TRANSCRIPT),
      right.subarray(0, 31),
      Buffer.concat([right, Buffer.of(0)]),
      new Uint8Array(0),
    ];
    expect(matchingKey(keys, wrong, claimed)).toBeUndefined();
    expect(matchingKey(keys, [], claimed)).toBeUndefined();
    expect(matchingKey([], [right], claimed)).toBeUndefined();
  });
});
