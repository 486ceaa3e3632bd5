import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { LINK_VERSION } from "../../../mesh/link/frame-bodies.ts";
import {
  decodeAcceptorHello,
  decodeDiallerHello,
  decodeRefused,
  encodeAcceptorHello,
  encodeConfirm,
  encodeDiallerHello,
  encodeProofs,
  encodeRefused,
  encodeWelcome,
  SETUP_FRAME_BYTES_MAX,
} from "../../../mesh/link/frames.ts";
import { computeProof } from "../../../mesh/link/proof.ts";
import { deriveKey } from "../../../mesh/link/secret.ts";
import type { LinkRefusal, SetupOptions } from "../../../mesh/link/setup.ts";
import { CcpError, encode } from "../../../src/index.ts";
import {
  ALICE,
  BOB,
  converse,
  decisions,
  EXPORTER,
  OTHER_SECRET,
  recordedAcceptor,
  recordedDialler,
  SECRET,
  type Side,
  type Tap,
} from "./setup-pair.ts";

const DETAILS = { advertise: undefined, observed: "10.0.0.9" };
const OTHER_EXPORTER = new Uint8Array(32).fill(8);
const THIRD_SECRET = "5be1c98a66f04d2f8d01";

/** Just what every dialler is told that has not proved itself. [MESH-1.6] */
const UNIFORM = `0592${encode("unauthenticated").toHex()}${encode("authentication failed").toHex()}`;

const REFUSED_BY_PEER = {
  kind: "refused",
  by: "peer",
  code: "unauthenticated",
  text: "authentication failed",
} as const;

function last(frames: readonly Uint8Array[]): string | undefined {
  return frames.at(-1)?.toHex();
}

function reasons({
  outcomes,
}: {
  readonly outcomes: readonly { readonly kind: string }[];
}): unknown {
  return outcomes.map((outcome) => ("reason" in outcome ? outcome.reason : outcome.kind));
}

describe("two nodes that know the secret", () => {
  test("are up, and know each other", async () => {
    const { dialler, acceptor } = await converse();
    expect(dialler.outcomes).toEqual([
      {
        kind: "up",
        peer: {
          ...BOB,
          advertise: { host: "acceptor.example", port: 28_080 },
          observed: "10.0.0.1",
        },
      },
    ]);
    expect(acceptor.outcomes).toEqual([
      {
        kind: "up",
        peer: {
          ...ALICE,
          advertise: { host: "dialler.example", port: 28_080 },
          observed: "10.0.0.2",
        },
      },
    ]);
    expect(dialler.sent.map(([type]) => type)).toEqual([1, 2, 4]);
    expect(acceptor.sent.map(([type]) => type)).toEqual([1, 3]);
    expect([dialler.asked, acceptor.asked]).toEqual([["bob"], ["alice"]]);
  });

  test("take an empty host for the one they see, and none for none", async () => {
    const { dialler, acceptor } = await converse({
      dialler: { advertise: { host: "", port: 1 } },
      acceptor: { advertise: undefined },
    });
    expect(acceptor.outcomes[0]).toMatchObject({
      peer: { advertise: { host: "10.0.0.1", port: 1 } },
    });
    expect(dialler.outcomes[0]).toMatchObject({ kind: "up", peer: { advertise: undefined } });
  });

  const rotations: readonly (readonly [string[], string[]])[] = [
    [[SECRET], [SECRET, OTHER_SECRET]],
    [[SECRET], [OTHER_SECRET, SECRET]],
    [[SECRET, OTHER_SECRET], [SECRET]],
    [[OTHER_SECRET, SECRET], [SECRET]],
    [
      [SECRET, OTHER_SECRET],
      [OTHER_SECRET, SECRET],
    ],
    [
      [THIRD_SECRET, SECRET],
      [OTHER_SECRET, SECRET],
    ],
    [
      [THIRD_SECRET, `${SECRET}1`, `${SECRET}2`, SECRET],
      [`${SECRET}3`, SECRET, `${SECRET}4`, OTHER_SECRET],
    ],
  ];
  test.each(rotations.map(([mine, theirs]) => ({ mine, theirs })))(
    "are up while the secret is changed: $mine, $theirs",
    async ({ mine, theirs }) => {
      const { dialler, acceptor } = await converse({
        dialler: { secrets: mine },
        acceptor: { secrets: theirs },
      });
      expect([reasons(dialler), reasons(acceptor)]).toEqual([["up"], ["up"]]);
    },
  );

  test("are up after a decision that took its time", async () => {
    const decision = Promise.withResolvers<undefined>();
    const acceptor = recordedAcceptor({ decide: () => decision.promise });
    const { dialler } = await halfWay(acceptor);
    expect(acceptor.sent).toHaveLength(1);
    decision.resolve(undefined);
    await decisions();
    acceptor.sent.slice(1).forEach((frame) => dialler.machine.receive(frame));
    await decisions();
    dialler.sent.slice(2).forEach((frame) => acceptor.machine.receive(frame));
    expect([reasons(dialler), reasons(acceptor)]).toEqual([["up"], ["up"]]);
  });
});

/** Has a dialler say hello and prove itself to the acceptor. */
async function halfWay(acceptor: ReturnType<typeof recordedAcceptor>) {
  const dialler = recordedDialler();
  dialler.machine.start();
  dialler.sent.slice(0, 1).forEach((frame) => acceptor.machine.receive(frame));
  acceptor.sent.slice(0, 1).forEach((frame) => dialler.machine.receive(frame));
  dialler.sent.slice(1, 2).forEach((frame) => acceptor.machine.receive(frame));
  await decisions();
  return { dialler };
}

describe("whatever is wrong before the proof has one answer", () => {
  test.each<[string, Partial<SetupOptions>, Partial<SetupOptions>]>([
    ["another secret", { secrets: [OTHER_SECRET] }, {}],
    ["only other secrets", { secrets: [OTHER_SECRET, THIRD_SECRET] }, { secrets: [SECRET] }],
    ["another secret and another cluster", { secrets: [OTHER_SECRET], cluster: "kz" }, {}],
    ["a man in the middle of TLS", { exporter: OTHER_EXPORTER }, {}],
  ])("%s", async (_what, mine, theirs) => {
    const { dialler, acceptor } = await converse({ dialler: mine, acceptor: theirs });
    expect(acceptor.sent).toHaveLength(2);
    expect(last(acceptor.sent)).toBe(UNIFORM);
    expect(reasons(acceptor)).toEqual(["wrong_proof"]);
    expect(dialler.outcomes).toEqual([REFUSED_BY_PEER]);
    expect(acceptor.asked).toEqual([]);
  });

  const wrongHellos: readonly (readonly [string, string, Uint8Array])[] = [
    ["another version", "other_version", encodeBody(1, [2, "alice", "and more"])],
    ["an unreadable hello", "frame_unreadable", Uint8Array.of(1, 0xc1)],
    ["an empty hello", "frame_unreadable", Uint8Array.of(1)],
    ["an acceptor's hello", "frame_unreadable", encodeAcceptorHello(claim())],
    [
      "a name too long",
      "frame_unreadable",
      encodeDiallerHello({ ...hello(), name: "n".repeat(65) }),
    ],
    ["an empty name", "frame_unreadable", encodeDiallerHello({ ...hello(), name: "" })],
  ];
  test.each(wrongHellos)("%s, which is answered as any hello is", (_what, reason, frame) => {
    const acceptor = recordedAcceptor();
    acceptor.machine.receive(frame);
    expect(acceptor.outcomes).toEqual([]);
    expect(decodeAcceptorHello(acceptor.sent[0] ?? frame)).toMatchObject(BOB);
    acceptor.machine.receive(encodeProofs([new Uint8Array(32)]));
    expect(last(acceptor.sent)).toBe(UNIFORM);
    expect(reasons(acceptor)).toEqual([reason]);
  });

  const tooLong = new Uint8Array(SETUP_FRAME_BYTES_MAX + 1).fill(1);
  const unexpected: readonly (readonly [string, string, Uint8Array])[] = [
    ["a proof", "frame_unexpected", encodeProofs([new Uint8Array(32)])],
    ["a confirm", "frame_unexpected", encodeConfirm(DETAILS)],
    ["a welcome", "frame_unexpected", encodeWelcome({ proof: EXPORTER, details: DETAILS })],
    ["a refusal", "frame_unexpected", encodeRefused({ code: "self", text: "" })],
    ["an unknown frame", "frame_unexpected", Uint8Array.of(0x77)],
    ["an empty frame", "frame_unexpected", new Uint8Array(0)],
    ["too long a frame", "frame_too_long", tooLong],
  ];
  test.each(unexpected)("%s in place of a hello", (_what, reason, frame) => {
    const acceptor = recordedAcceptor();
    expect(acceptor.machine.receive(frame)).toBe(true);
    expect(acceptor.sent.map((sent) => sent.toHex())).toEqual([UNIFORM]);
    expect(reasons(acceptor)).toEqual([reason]);
    expect(acceptor.machine.receive(encodeDiallerHello(hello()))).toBe(false);
  });

  const inPlaceOfProof: readonly (readonly [string, string, Uint8Array])[] = [
    ["a second hello", "frame_unexpected", encodeDiallerHello(hello())],
    ["a confirm", "frame_unexpected", encodeConfirm(DETAILS)],
    ["an empty frame", "frame_unexpected", new Uint8Array(0)],
    ["no proofs", "frame_unreadable", encodeProofs([])],
    ["too long a frame", "frame_too_long", tooLong],
  ];
  test.each(inPlaceOfProof)("%s in place of the proof", (_what, reason, frame) => {
    const acceptor = recordedAcceptor();
    acceptor.machine.receive(encodeDiallerHello(hello()));
    acceptor.machine.receive(frame);
    expect(last(acceptor.sent)).toBe(UNIFORM);
    expect(acceptor.sent).toHaveLength(2);
    expect(reasons(acceptor)).toEqual([reason]);
  });

  test.each(["timeout", "frame_too_long", "frame_unexpected"] as const)(
    "%s from outside",
    (reason) => {
      const acceptor = recordedAcceptor();
      acceptor.machine.abort(reason);
      expect(acceptor.sent.map((sent) => sent.toHex())).toEqual([UNIFORM]);
      expect(reasons(acceptor)).toEqual([reason]);
    },
  );

  test("but a connection that has closed is told nothing", () => {
    const acceptor = recordedAcceptor();
    acceptor.machine.abort("closed");
    expect(acceptor.sent).toEqual([]);
    expect(reasons(acceptor)).toEqual(["closed"]);
  });
});

function claim() {
  return { ...ALICE, nonce: new Uint8Array(32).fill(5) };
}

function hello() {
  return { ...claim(), cluster: "surf" };
}

function encodeBody(type: number, body: unknown): Uint8Array {
  return Buffer.concat([Buffer.of(type), encode(body)]);
}

describe("who has proved itself is refused with a reason", () => {
  test.each<LinkRefusal["code"]>([
    "duplicate_link",
    "duplicate_name",
    "too_many_nodes",
    "stopping",
  ])("%s, as decided", async (code) => {
    const refusal = { code, text: `because of ${code}` };
    const { dialler, acceptor } = await converse({ acceptor: { decide: async () => refusal } });
    expect(acceptor.outcomes).toEqual([{ kind: "refused", by: "us", ...refusal }]);
    // Of a link that there is, it matters with whom.
    const claimed = code === "duplicate_link" ? { claimed: BOB.instance } : {};
    expect(dialler.outcomes).toEqual([{ kind: "refused", by: "peer", ...refusal, ...claimed }]);
    expect(dialler.asked).toEqual([]);
  });

  test("another cluster with the same secret, before anyone is asked", async () => {
    const { dialler, acceptor } = await converse({ dialler: { cluster: "kz" } });
    const refusal = {
      code: "other_cluster",
      text: '"alice" is of cluster "kz", and "bob" of "surf"',
    };
    expect(acceptor.outcomes).toMatchObject([{ kind: "refused", by: "us", ...refusal }]);
    expect(dialler.outcomes).toMatchObject([{ kind: "refused", by: "peer", ...refusal }]);
    expect(acceptor.asked).toEqual([]);
  });

  test("itself, before anyone is asked", async () => {
    const { dialler, acceptor } = await converse({ acceptor: { identity: ALICE } });
    expect(acceptor.outcomes).toMatchObject([{ kind: "refused", by: "us", code: "self" }]);
    expect(dialler.outcomes).toMatchObject([{ kind: "refused", by: "peer", code: "self" }]);
    expect(acceptor.asked).toEqual([]);
  });

  test("the text of a refusal cannot forge a line", async () => {
    const text = "x\n\u001b[2Jforged";
    const { dialler } = await converse({
      acceptor: { decide: () => ({ code: "stopping", text }) },
    });
    expect(dialler.outcomes).toMatchObject([{ text: "x\\n\\u001b[2Jforged" }]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("boom");
      },
    ],
  ] as const)("not if the decision %s: then it is closed", async (_how, decide) => {
    const { dialler, acceptor } = await converse({ acceptor: { decide } });
    expect(acceptor.outcomes).toEqual([
      { kind: "failed", reason: "undecided", text: "this node could not decide: boom" },
    ]);
    expect(acceptor.sent).toHaveLength(1);
    expect(dialler.outcomes).toEqual([]);
  });
});

describe("a dialler", () => {
  test("closes without a word what it does not want", async () => {
    const refusal = { code: "duplicate_link", text: "there is one" } as const;
    const { dialler, acceptor } = await converse({ dialler: { decide: () => refusal } });
    expect(dialler.outcomes).toEqual([{ kind: "refused", by: "us", ...refusal }]);
    expect(dialler.sent).toHaveLength(2);
    expect(acceptor.outcomes).toEqual([]);
  });

  test("closes without a word on a wrong proof", async () => {
    const tap: Tap = (frame, from, number) =>
      from === "acceptor" && number === 1
        ? [encodeWelcome({ proof: new Uint8Array(32), details: DETAILS })]
        : [frame];
    const { dialler, acceptor } = await converse({ tap });
    expect(reasons(dialler)).toEqual(["wrong_proof"]);
    expect(dialler.sent).toHaveLength(2);
    expect(acceptor.outcomes).toEqual([]);
  });

  test("refuses a man in the middle who is let into the acceptor's session", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    const mine = decodeDiallerHello(dialler.sent[0] ?? EXPORTER);
    const theirs = { ...BOB, nonce: new Uint8Array(32).fill(6) };
    dialler.machine.receive(encodeAcceptorHello(theirs));
    const proof = computeProof(deriveKey(SECRET, "surf"), "acceptor", {
      version: LINK_VERSION,
      cluster: "surf",
      dialler: mine,
      acceptor: theirs,
      exporter: OTHER_EXPORTER,
    });
    dialler.machine.receive(encodeWelcome({ proof, details: DETAILS }));
    expect(reasons(dialler)).toEqual(["wrong_proof"]);
  });

  test("says which version the other side speaks", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    dialler.machine.receive(encodeBody(1, [2]));
    expect(dialler.outcomes).toEqual([
      {
        kind: "failed",
        reason: "other_version",
        text: "it speaks version 2 of the protocol, and this node version 1",
      },
    ]);
  });

  test("believes no reason of a side that has seen no proof", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    dialler.machine.receive(encodeRefused({ code: "self", text: "go away" }));
    expect(reasons(dialler)).toEqual(["frame_unexpected"]);
  });

  test("takes the uniform refusal in place of a hello", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    dialler.machine.receive(Uint8Array.fromHex(UNIFORM));
    expect(dialler.outcomes).toEqual([REFUSED_BY_PEER]);
  });

  test("ends with a frame before it has started, and then does not start", () => {
    const dialler = recordedDialler();
    expect(dialler.machine.receive(encodeAcceptorHello(claim()))).toBe(true);
    dialler.machine.start();
    expect(reasons(dialler)).toEqual(["frame_unexpected"]);
    expect(dialler.sent).toEqual([]);
  });

  test("starts once", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    dialler.machine.start();
    expect(dialler.sent).toHaveLength(1);
  });
});

describe("what was recorded is worth nothing again", () => {
  test("the frames of a dialler, to an acceptor of another session", async () => {
    const recorded = await converse();
    const acceptor = recordedAcceptor();
    recorded.dialler.sent.forEach((frame) => acceptor.machine.receive(frame));
    await decisions();
    expect(reasons(acceptor)).toEqual(["wrong_proof"]);
    expect(last(acceptor.sent)).toBe(UNIFORM);
  });

  test("even if the acceptor used its nonce again, because TLS exports something else", async () => {
    const randomBytes = () => new Uint8Array(32).fill(4);
    const recorded = await converse({ acceptor: { randomBytes } });
    const acceptor = recordedAcceptor({ randomBytes, exporter: OTHER_EXPORTER });
    recorded.dialler.sent.forEach((frame) => acceptor.machine.receive(frame));
    expect(reasons(acceptor)).toEqual(["wrong_proof"]);
  });

  test("a dialler that uses its nonce again is up, and its old proof is not", async () => {
    const randomBytes = () => new Uint8Array(32).fill(4);
    const recorded = await converse({ dialler: { randomBytes } });
    const tap: Tap = (frame, from, number) =>
      from === "dialler" && number === 1 ? recorded.dialler.sent.slice(1, 2) : [frame];
    const again = await converse({ dialler: { randomBytes } });
    const replayed = await converse({ dialler: { randomBytes }, tap });
    expect(reasons(again.acceptor)).toEqual(["up"]);
    expect(reasons(replayed.acceptor)).toEqual(["wrong_proof"]);
  });

  test("the frames of an acceptor, to another dialler", async () => {
    const recorded = await converse();
    const dialler = recordedDialler();
    dialler.machine.start();
    recorded.acceptor.sent.forEach((frame) => dialler.machine.receive(frame));
    expect(reasons(dialler)).toEqual(["wrong_proof"]);
  });

  test("nonces are of this set-up alone", async () => {
    const nonces = new Set<string>();
    for (let run = 0; run < 50; run += 1) {
      const { dialler, acceptor } = await converse();
      nonces.add(decodeDiallerHello(dialler.sent[0] ?? EXPORTER).nonce.toHex());
      nonces.add(decodeAcceptorHello(acceptor.sent[0] ?? EXPORTER).nonce.toHex());
    }
    expect(nonces.size).toBe(100);
  });
});

describe("a side that is given back what it says", () => {
  test("as a dialler, takes its own hello for none", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    dialler.sent.slice().forEach((frame) => dialler.machine.receive(frame));
    expect(reasons(dialler)).toEqual(["frame_unreadable"]);
  });

  test("as a dialler, does not take its proof for the acceptor's", () => {
    const dialler = recordedDialler();
    dialler.machine.start();
    // The best that can be made of its own frames: the same node, the same nonce.
    const { cluster: _, ...mine } = decodeDiallerHello(dialler.sent[0] ?? EXPORTER);
    dialler.machine.receive(encodeAcceptorHello(mine));
    const proof = dialler.sent[1]?.subarray(-32) ?? EXPORTER;
    dialler.machine.receive(encodeWelcome({ proof, details: DETAILS }));
    expect(reasons(dialler)).toEqual(["wrong_proof"]);
  });

  test("as an acceptor, is up with nothing of it", async () => {
    const acceptor = recordedAcceptor();
    acceptor.machine.receive(encodeDiallerHello(hello()));
    acceptor.sent.slice().forEach((frame) => acceptor.machine.receive(frame));
    await decisions();
    expect(reasons(acceptor)).toEqual(["frame_unexpected"]);
    expect(last(acceptor.sent)).toBe(UNIFORM);
  });

  test("through two connections, proves nothing to itself as another", async () => {
    // Mallory dials bob, and answers bob's own dial with bob's words as acceptor.
    const asAcceptor = recordedAcceptor();
    const asDialler = recordedDialler({ identity: BOB, exporter: OTHER_EXPORTER });
    asDialler.machine.start();
    const relay = { mine: 0, theirs: 0 };
    for (let round = 0; round < 4; round += 1) {
      asDialler.sent.slice(relay.mine).forEach((frame) => asAcceptor.machine.receive(frame));
      relay.mine = asDialler.sent.length;
      await decisions();
      asAcceptor.sent.slice(relay.theirs).forEach((frame) => asDialler.machine.receive(frame));
      relay.theirs = asAcceptor.sent.length;
      await decisions();
    }
    expect(reasons(asAcceptor)).toEqual(["wrong_proof"]);
    expect(reasons(asDialler)).toEqual(["refused"]);
  });
});

describe("a set-up that is over", () => {
  test("takes no frame, and tells nothing more", async () => {
    const { dialler, acceptor } = await converse();
    for (const { machine, outcomes, sent } of [dialler, acceptor]) {
      const before = sent.length;
      expect(machine.receive(encodeConfirm(DETAILS))).toBe(false);
      expect(machine.receive(new Uint8Array(9999))).toBe(false);
      machine.abort("timeout");
      machine.abort("closed");
      expect(outcomes).toHaveLength(1);
      expect(sent).toHaveLength(before);
    }
  });

  test("is not brought back by a decision that comes too late", async () => {
    const decision = Promise.withResolvers<undefined>();
    const acceptor = recordedAcceptor({ decide: () => decision.promise });
    await halfWay(acceptor);
    acceptor.machine.abort("timeout");
    decision.resolve(undefined);
    await decisions();
    expect(reasons(acceptor)).toEqual(["timeout"]);
    expect(acceptor.sent).toHaveLength(1);
  });

  test("fails on a frame during the decision, and when confirm is something else", async () => {
    const deciding = recordedAcceptor({ decide: () => new Promise(() => {}) });
    await halfWay(deciding);
    deciding.machine.receive(encodeConfirm(DETAILS));
    expect(reasons(deciding)).toEqual(["frame_unexpected"]);
    const decided = recordedAcceptor();
    await halfWay(decided);
    decided.machine.receive(encodeProofs([EXPORTER]));
    expect(reasons(decided)).toEqual(["frame_unexpected"]);
    expect(decided.sent).toHaveLength(2);
  });
});

describe("what this side is given", () => {
  test.each<[string, Partial<SetupOptions>]>([
    ["a name that nobody could read", { identity: { ...ALICE, name: "two words" } }],
    ["an instance that is no 16 bytes", { identity: { ...ALICE, instance: "a1" } }],
    ["an instance that is not hexadecimal", { identity: { ...ALICE, instance: "zz".repeat(16) } }],
    ["an incarnation below 0", { identity: { ...ALICE, incarnation: -1 } }],
    ["an empty cluster", { cluster: "" }],
    ["no secret", { secrets: [] }],
    ["five secrets", { secrets: ["1", "2", "3", "4", "5"] }],
    ["a short exporter", { exporter: new Uint8Array(31) }],
    ["an address that is none", { observed: "somewhere" }],
    ["a port that is none", { advertise: { host: "", port: 0 } }],
  ])("cannot be %s", (_what, changes) => {
    for (const make of [recordedDialler, recordedAcceptor]) {
      let error: unknown;
      try {
        make(changes);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(CcpError);
      expect(error).toMatchObject({ code: "invalid_option" });
    }
  });
});

interface Mutation {
  readonly from: Side;
  readonly number: number;
  readonly kind: "flip" | "cut" | "grow" | "twice" | "drop" | "before" | "noise";
  readonly at: number;
  readonly bit: number;
  readonly noise: Uint8Array;
}

describe("whatever arrives", () => {
  const mutation: fc.Arbitrary<Mutation> = fc.record({
    from: fc.constantFrom("dialler", "acceptor"),
    number: fc.nat({ max: 2 }),
    kind: fc.constantFrom(
      "flip",
      "flip",
      "flip",
      "cut",
      "grow",
      "twice",
      "drop",
      "before",
      "noise",
    ),
    at: fc.nat({ max: 1200 }),
    bit: fc.nat({ max: 7 }),
    noise: fc.uint8Array({ maxLength: 40 }),
  });

  function mutate(frame: Uint8Array, change: Mutation): Uint8Array[] {
    const at = change.at % frame.length;
    switch (change.kind) {
      case "flip":
        return [frame.with(at, (frame[at] ?? 0) ^ (1 << change.bit))];
      case "cut":
        return [frame.subarray(0, at)];
      case "grow":
        return [Buffer.concat([frame, new Uint8Array(change.at)])];
      case "twice":
        return [frame, frame];
      case "drop":
        return [];
      case "before":
        return [change.noise, frame];
      case "noise":
        return [Buffer.concat([frame.subarray(0, 1), change.noise])];
    }
  }

  test("a side is up with nobody but who is there, and never throws", async () => {
    let up = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (changes) => {
        const tap: Tap = (frame, from, number) => {
          const change = changes.find((change) => change.from === from && change.number === number);
          return change === undefined ? [frame] : mutate(frame, change);
        };
        const { dialler, acceptor } = await converse({ tap });
        expect(dialler.outcomes.length).toBeLessThanOrEqual(1);
        expect(acceptor.outcomes.length).toBeLessThanOrEqual(1);
        for (const [{ outcomes }, peer] of [
          [dialler, BOB],
          [acceptor, ALICE],
        ] as const) {
          if (outcomes[0]?.kind !== "up") continue;
          up += 1;
          expect(outcomes[0].peer).toMatchObject(peer);
        }
        dialler.machine.abort("closed");
        acceptor.machine.abort("closed");
        expect([dialler.outcomes.length, acceptor.outcomes.length]).toEqual([1, 1]);
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 15_000 },
    );
    // Mutations of frames that were never sent, and of details, change nothing that matters.
    expect(up).toBeGreaterThan(0);
  }, 20_000);

  test("each bit of the hellos and of the only proof matters", async () => {
    const { dialler, acceptor } = await converse();
    const frames = [
      ["dialler", 0, dialler.sent[0]],
      ["acceptor", 0, acceptor.sent[0]],
      ["dialler", 1, dialler.sent[1]],
    ] as const;
    for (const [side, number, { length } = EXPORTER] of frames) {
      for (let bit = 0; bit < length * 8; bit += 1) {
        const at = bit >>> 3;
        const tap: Tap = (frame, from, count) =>
          from === side && count === number
            ? [frame.with(at, (frame[at] ?? 0) ^ (1 << (bit & 7)))]
            : [frame];
        const mutated = await converse({ tap });
        expect(mutated.acceptor.outcomes[0]?.kind).not.toBe("up");
        expect(mutated.dialler.outcomes[0]?.kind).not.toBe("up");
      }
    }
  });

  test("a stranger who knows the protocol and not the secret is never let in", async () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    await fc.assert(
      fc.asyncProperty(key, fc.array(key, { maxLength: 3 }), async (guess, more) => {
        const acceptor = recordedAcceptor();
        acceptor.machine.receive(encodeDiallerHello(hello()));
        const proof = computeProof(guess, "dialler", {
          version: LINK_VERSION,
          cluster: "surf",
          dialler: hello(),
          acceptor: decodeAcceptorHello(acceptor.sent[0] ?? EXPORTER),
          exporter: EXPORTER,
        });
        acceptor.machine.receive(encodeProofs([proof, ...more]));
        acceptor.machine.receive(encodeConfirm(DETAILS));
        await decisions();
        expect(reasons(acceptor)).toEqual(["wrong_proof"]);
        expect(decodeRefused(acceptor.sent[1] ?? EXPORTER).code).toBe("unauthenticated");
      }),
      { numRuns: 500 },
    );
  });
});
