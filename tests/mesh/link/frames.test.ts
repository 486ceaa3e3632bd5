import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { DiallerHello } from "../../../mesh/link/frame-bodies.ts";
import {
  decodeAcceptorHello,
  decodeConfirm,
  decodeDiallerHello,
  decodeProofs,
  decodeRefused,
  decodeWelcome,
  encodeAcceptorHello,
  encodeConfirm,
  encodeDiallerHello,
  encodeProofs,
  encodeRefused,
  encodeWelcome,
  SETUP_FRAME_BYTES_MAX,
} from "../../../mesh/link/frames.ts";
import { LinkError, type LinkErrorCode } from "../../../mesh/link/link-error.ts";
import { encode } from "../../../src/index.ts";

const INSTANCE = new Uint8Array(16).fill(0xab);
const NONCE = new Uint8Array(32).fill(0xcd);
const PROOF = new Uint8Array(32).fill(0xef);
const HELLO: DiallerHello = {
  name: "surf-1",
  instance: INSTANCE.toHex(),
  incarnation: 7,
  nonce: NONCE,
  cluster: "eu",
};
const DETAILS = { advertise: { host: "a.example", port: 28_080 }, observed: "10.0.0.1" };

const DECODERS: Readonly<Record<string, (frame: Uint8Array) => unknown>> = {
  "dialler's hello": decodeDiallerHello,
  "acceptor's hello": decodeAcceptorHello,
  proof: decodeProofs,
  welcome: decodeWelcome,
  confirm: decodeConfirm,
  refused: decodeRefused,
};

function frame(type: number, body: unknown): Uint8Array {
  return Buffer.concat([Buffer.of(type), encode(body)]);
}

function codeOf(run: () => unknown): LinkErrorCode | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof LinkError) return error.code;
    throw error;
  }
}

describe("what is encoded", () => {
  test("is decoded to the same", () => {
    const { cluster: _, ...claim } = HELLO;
    expect(decodeDiallerHello(encodeDiallerHello(HELLO))).toEqual(HELLO);
    expect(decodeAcceptorHello(encodeAcceptorHello(claim))).toEqual(claim);
    expect(decodeProofs(encodeProofs([PROOF, NONCE]))).toEqual([PROOF, NONCE]);
    const welcome = { proof: PROOF, details: DETAILS };
    expect(decodeWelcome(encodeWelcome(welcome))).toEqual(welcome);
    expect(decodeConfirm(encodeConfirm(DETAILS))).toEqual(DETAILS);
    const hidden = { advertise: undefined, observed: "::1" };
    expect(decodeConfirm(encodeConfirm(hidden))).toEqual(hidden);
    const refusal = { code: "duplicate_name", text: "two of that name" } as const;
    expect(decodeRefused(encodeRefused(refusal))).toEqual(refusal);
  });

  test("is on the wire what the clause says", () => {
    const claim = `a6${Buffer.from("surf-1").toString("hex")}c410${"ab".repeat(16)}07c420${"cd".repeat(32)}`;
    expect(encodeDiallerHello(HELLO).toHex()).toBe(`019601${claim}a26575`);
    expect(encodeAcceptorHello(HELLO).toHex()).toBe(`019501${claim}`);
    expect(encodeProofs([PROOF]).toHex()).toBe(`0291c420${"ef".repeat(32)}`);
    expect(encodeRefused({ code: "self", text: "x" }).toHex()).toBe("0592a473656c66a178");
    const details = encode({ advertise: ["a.example", 28_080], observed: "10.0.0.1" }).toHex();
    expect(encodeConfirm(DETAILS).toHex()).toBe(`0491${details}`);
    expect(encodeWelcome({ proof: PROOF, details: DETAILS }).toHex()).toBe(
      `0392c420${"ef".repeat(32)}${details}`,
    );
  });

  test("always fits a frame of set-up, whatever the names, hosts and texts", () => {
    const longest = {
      ...HELLO,
      name: "n".repeat(64),
      cluster: "c".repeat(64),
      incarnation: 2 ** 53 - 1,
    };
    const host = [63, 63, 63, 61].map((chars) => "h".repeat(chars)).join(".");
    const observed = "1111:2222:3333:4444:5555:6666:7777:8888%interface";
    const details = { advertise: { host, port: 65_535 }, observed };
    expect(decodeConfirm(encodeConfirm(details))).toEqual(details);
    const frames = [
      encodeDiallerHello(longest),
      encodeProofs([PROOF, PROOF, PROOF, PROOF]),
      encodeWelcome({ proof: PROOF, details }),
      encodeRefused({ code: "duplicate_name", text: "\u{1f44f}".repeat(1000) }),
    ];
    for (const { length } of frames) {
      expect(length).toBeLessThanOrEqual(SETUP_FRAME_BYTES_MAX * 0.6);
    }
  });

  test("has a long text cut at a whole character", () => {
    const { text } = decodeRefused(
      encodeRefused({ code: "duplicate_name", text: `x${"\u{1f44f}".repeat(1000)}` }),
    );
    expect(text).toBe(`x${"\u{1f44f}".repeat(127)}`);
  });
});

describe("a frame that is not what its clause says", () => {
  const claim: readonly unknown[] = [1, "surf-1", INSTANCE, 7, NONCE];
  const details = { advertise: ["a.example", 28_080], observed: "10.0.0.1" };
  const badNames = ["", "n".repeat(65), "surf 1", "surf\n", "sürf", "a/b", 5, null, INSTANCE];

  test.each<[string, string, number, unknown]>([
    ...badNames.map((name): [string, string, number, unknown] => [
      `the name ${JSON.stringify(name)}`,
      "dialler's hello",
      1,
      [...claim.with(1, name), "eu"],
    ]),
    ...badNames.map((cluster): [string, string, number, unknown] => [
      `the cluster ${JSON.stringify(cluster)}`,
      "dialler's hello",
      1,
      [...claim, cluster],
    ]),
    ["no cluster", "dialler's hello", 1, claim],
    ["too many elements", "dialler's hello", 1, [...claim, "eu", null]],
    ["a cluster", "acceptor's hello", 1, [...claim, "eu"]],
    ["too few elements", "acceptor's hello", 1, claim.slice(0, 4)],
    ["a short instance", "acceptor's hello", 1, claim.with(2, INSTANCE.subarray(1))],
    ["a text as instance", "acceptor's hello", 1, claim.with(2, "x".repeat(16))],
    ["a negative incarnation", "acceptor's hello", 1, claim.with(3, -1)],
    ["half an incarnation", "acceptor's hello", 1, claim.with(3, 1.5)],
    ["an incarnation that is no exact number", "acceptor's hello", 1, claim.with(3, 2n ** 53n)],
    ["a short nonce", "acceptor's hello", 1, claim.with(4, NONCE.subarray(1))],
    ["a long nonce", "acceptor's hello", 1, claim.with(4, new Uint8Array(33))],
    ["a version that is a text", "acceptor's hello", 1, claim.with(0, "1")],
    ["a map", "acceptor's hello", 1, { 0: 1 }],
    ["nil", "acceptor's hello", 1, null],
    ["no proof", "proof", 2, []],
    ["five proofs", "proof", 2, [PROOF, PROOF, PROOF, PROOF, PROOF]],
    ["a short proof", "proof", 2, [PROOF, PROOF.subarray(1)]],
    ["a proof that is a text", "proof", 2, ["x".repeat(32)]],
    ["no details", "welcome", 3, [PROOF]],
    ["no proof", "welcome", 3, [details]],
    ["details that are an array", "confirm", 4, [[]]],
    ["no advertise", "confirm", 4, [{ observed: "10.0.0.1" }]],
    ["no observed", "confirm", 4, [{ advertise: null }]],
    ["a name as observed", "confirm", 4, [{ ...details, observed: "localhost" }]],
    ["an endless zone", "confirm", 4, [{ ...details, observed: `fe80::1%${"z".repeat(99)}` }]],
    ["port 0", "confirm", 4, [{ ...details, advertise: ["a.example", 0] }]],
    ["port 65536", "confirm", 4, [{ ...details, advertise: ["a.example", 65_536] }]],
    ["half a port", "confirm", 4, [{ ...details, advertise: ["a.example", 0.5] }]],
    ["a host with a blank", "confirm", 4, [{ ...details, advertise: ["a example", 1] }]],
    ["a host without a port", "confirm", 4, [{ ...details, advertise: ["a.example"] }]],
    ["an unknown code", "refused", 5, ["because", "x"]],
    ["a text that is none", "refused", 5, ["self", 5]],
  ])("%s is unreadable", (_what, kind, type, body) => {
    expect(codeOf(() => DECODERS[kind]?.(frame(type, body)))).toBe("frame_unreadable");
  });

  test("a name that is not UTF-8 is unreadable", () => {
    const bytes = encodeAcceptorHello({ ...HELLO, name: "aaaa" });
    const at = Buffer.from(bytes).indexOf("aaaa");
    for (const sequence of ["c3284141", "f8808080", "eda08041", "ff414141"]) {
      bytes.set(Buffer.from(sequence, "hex"), at);
      expect(codeOf(() => decodeAcceptorHello(bytes))).toBe("frame_unreadable");
    }
  });

  test("another version is told apart, whatever else has changed", () => {
    for (const body of [
      [2, "surf-1"],
      [0, {}],
      [255, ...claim],
    ]) {
      expect(codeOf(() => decodeDiallerHello(frame(1, body)))).toBe("other_version");
      expect(codeOf(() => decodeAcceptorHello(frame(1, body)))).toBe("other_version");
    }
  });

  test("unknown details are ignored", () => {
    const more = { ...details, later: [1, { a: 2 }], region: "eu" };
    expect(decodeConfirm(frame(4, [more]))).toEqual(DETAILS);
  });

  test("another type is unexpected, and so is nothing at all", () => {
    for (const decode of Object.values(DECODERS)) {
      expect(codeOf(() => decode(frame(6, [])))).toBe("frame_unexpected");
      expect(codeOf(() => decode(new Uint8Array(0)))).toBe("frame_unexpected");
    }
  });

  test("more than 1 KiB is too long, and 1 KiB is not", () => {
    const most = new Uint8Array(SETUP_FRAME_BYTES_MAX);
    most[0] = 4;
    expect(codeOf(() => decodeConfirm(most))).toBe("frame_unreadable");
    expect(codeOf(() => decodeConfirm(new Uint8Array(SETUP_FRAME_BYTES_MAX + 1)))).toBe(
      "frame_too_long",
    );
  });

  test("what is said about it repeats nothing of what it says", () => {
    const hello = frame(1, [...claim.with(1, "\u001b[31mforged"), "eu"]);
    expect(() => decodeDiallerHello(hello)).toThrow(
      new LinkError("frame_unreadable", "hello: 1 is not what it should be"),
    );
  });

  test("any bytes are decoded or refused with a LinkError", () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.tuple(fc.nat({ max: 6 }), fc.anything()).map(([type, body]) => {
        try {
          return frame(type, [body]);
        } catch {
          return new Uint8Array(0);
        }
      }),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        Object.values(DECODERS).forEach((decode) => codeOf(() => decode(bytes)));
      }),
      { numRuns: 3000, interruptAfterTimeLimit: 4000 },
    );
  });
});
