import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { encode } from "../../../src/index.ts";
import { FrameType as T } from "../../helpers/mesh-frames.ts";
import { FakeNode, Member, Way } from "./mesh-pair.ts";

/** A node among whose peers is one that has proved itself, and then sends what it likes. */
async function setUp() {
  const node = new Member("kr-1");
  const honest = new Member("kr-2");
  const way = new Way(node, honest);
  const got: unknown[] = [];
  node.messaging.subscribe("chat.>", ({ payload }) => void got.push(payload));
  node.messaging.subscribe("chat.>", () => {}, { group: "g" });
  node.messaging.serve("echo", ({ payload }) => payload);
  await way.settle();
  const hostile = new FakeNode("kr-9");
  node.messaging.onOpen(hostile);
  node.messaging.onOpened(hostile);
  const send = (type: number, body: Uint8Array): string | undefined => {
    const chunk = Buffer.concat([Buffer.alloc(2, 0xee), body, Buffer.alloc(2, 0xee)]);
    return node.messaging.onFrame(hostile, type, chunk, 2, 2 + body.length);
  };
  const assertSurvived = async (): Promise<void> => {
    got.length = 0;
    honest.messaging.publish("chat.global", "still here");
    const asked = honest.messaging.request("kr-1", "echo", "hello");
    await way.settle();
    expect(await asked).toBe("hello");
    expect(got).toContain("still here");
    expect([...node.problems, ...honest.problems]).toEqual([]);
  };
  return { node, hostile, send, assertSurvived };
}

const name = (text: string, lengthBytes: 1 | 2): number[] => {
  const bytes = [...Buffer.from(text)];
  return [...(lengthBytes === 2 ? [bytes.length >> 8] : []), bytes.length & 0xff, ...bytes];
};

describe("a frame that cannot be read is answered by what is wrong with it", () => {
  const list = (change: unknown, entries: unknown): Uint8Array => encode([change, entries]);
  const many = Array.from({ length: 10_001 }, (_, at) => [`p${at}`, null]);
  const cases: [string, number, Uint8Array, string][] = [
    ["want of nothing", T.want, Buffer.alloc(0), "want: MessagePack"],
    ["want of another shape", T.want, encode({ a: 1 }), "want: the body"],
    ["want with another change", T.want, list(2, []), "want: 0 is not"],
    ["want with one more element", T.want, encode([1, [], 1]), "want:"],
    ["want of a number", T.want, list(1, [[1, null]]), "want: 1.0.0 is not"],
    ["want of no pattern", T.want, list(1, [["a..b", null]]), "want: a pattern or a group is none"],
    ["want for no group", T.want, list(1, [["a", ""]]), "want: a pattern or a group is none"],
    ["want of too much", T.want, list(1, many), "want"],
    ["offer of another shape", T.offer, encode([1, "echo"]), "offer: 1 is not"],
    ["offer of no name", T.offer, list(1, ["a b"]), "offer: 1.0 is not"],
    [
      "offer of too much",
      T.offer,
      list(
        1,
        Array.from({ length: 1001 }, (_, at) => `s${at}`),
      ),
      "offer: more than 1000 services",
    ],
    ["presence of a list", T.presence, encode([[1]]), "presence: 0 is not"],
    ["presence of a time", T.presence, encode([new Date(0)]), "presence: 0 is not"],
    [
      "presence that is long",
      T.presence,
      encode([{ a: "x".repeat(33_000) }]),
      "presence: MessagePack",
    ],
    [
      "presence of much",
      T.presence,
      encode([{ a: Array.from({ length: 5000 }, () => 1) }]),
      "presence: MessagePack",
    ],
    ["ready with a body", T.ready, Buffer.from([1]), "ready: it has no body"],
    ["publish of nothing", T.publish, Buffer.alloc(0), "publish: it ends within its head"],
    ["publish without a topic", T.publish, Buffer.from([0, 0, 0, 0]), "publish: its topic is none"],
    [
      "publish on a pattern",
      T.publish,
      Buffer.from([0, ...name("a.*", 2), 0]),
      "publish: its topic is none",
    ],
    [
      "publish on bytes",
      T.publish,
      Buffer.from([0, 0, 2, 0xff, 0xfe, 0]),
      "publish: its topic is none",
    ],
    [
      "publish on a long topic",
      T.publish,
      Buffer.from([0, ...name("a".repeat(257), 2), 0]),
      "publish: its topic is none",
    ],
    [
      "publish cut in its topic",
      T.publish,
      Buffer.from([0, 0, 9, 97]),
      "publish: it ends within its topic",
    ],
    [
      "publish cut before its groups",
      T.publish,
      Buffer.from([0, ...name("a", 2)]),
      "publish: it ends within its topic",
    ],
    [
      "publish cut in its groups",
      T.publish,
      Buffer.from([0, ...name("a", 2), 2, ...name("g", 1)]),
      "publish: it ends within its groups",
    ],
    [
      "publish cut in a group",
      T.publish,
      Buffer.from([0, ...name("a", 2), 1, 9, 97]),
      "publish: it ends within its groups",
    ],
    [
      "publish for no group",
      T.publish,
      Buffer.from([0, ...name("a", 2), 1, 0]),
      "publish: a group of it is none",
    ],
    [
      "publish for a long group",
      T.publish,
      Buffer.from([0, ...name("a", 2), 1, ...name("g".repeat(65), 1)]),
      "publish: a group of it is none",
    ],
    ["request of nothing", T.request, Buffer.alloc(10), "request: it ends within its head"],
    [
      "request cut in its service",
      T.request,
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 9, 97]),
      "request: it ends within the name",
    ],
    [
      "request of no service",
      T.request,
      Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
      "request: the name of its service is none",
    ],
    ["reply of nothing", T.reply, Buffer.alloc(5), "reply: it ends within its head"],
    [
      "reply of another status",
      T.reply,
      Buffer.from([0, 0, 0, 1, 0, 4]),
      "reply: its status is none",
    ],
    ["cancel of nothing", T.cancel, Buffer.alloc(3), "cancel: it has 3 bytes instead of 4"],
  ];

  test.each(cases)("%s", async (_, type, body, problem) => {
    const { send, assertSurvived } = await setUp();
    expect(send(type, body)).toStartWith(problem);
    await assertSurvived();
  });

  test("10,000 wants come in several frames, and one more is refused; also once it is ready", async () => {
    const { send, node, hostile, assertSurvived } = await setUp();
    const wants = (from: number, to: number): string | undefined =>
      send(
        T.want,
        encode([1, Array.from({ length: to - from }, (_, at) => [`p${from + at}`, null])]),
      );
    expect([wants(0, 5000), wants(5000, 10_000), wants(0, 10)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(wants(10_000, 10_001)).toBe("want: it wants more than a node may");
    expect(send(T.ready, Buffer.alloc(0))).toBeUndefined();
    expect(wants(10_000, 10_001)).toBe("want: it wants more than a node may");
    expect(send(T.want, encode([0, [["p0", null]]]))).toBeUndefined();
    expect(wants(10_000, 10_001)).toBeUndefined();
    node.messaging.onDown(hostile);
    expect(node.messaging.sizes()).toMatchObject({ nodes: 1, interestedNodes: 0 });
    await assertSurvived();
  });

  test("1,000 wildcards are the most, before and after ready", async () => {
    const { send, assertSurvived } = await setUp();
    const wildcards = Array.from({ length: 1000 }, (_, at) => [`p${at}.*`, null]);
    expect(send(T.want, encode([1, wildcards]))).toBeUndefined();
    expect(send(T.want, encode([1, [[">", null]]]))).toBe("want: it wants more than a node may");
    send(T.ready, Buffer.alloc(0));
    expect(send(T.want, encode([1, [[">", null]]]))).toBe("want: it wants more than a node may");
    await assertSurvived();
  });
});

test("a frame of a type that no clause names is ignored", async () => {
  const { send, assertSurvived } = await setUp();
  for (const type of [0x00, 0x27, 0x2c, 0xff]) expect(send(type, Buffer.from("x"))).toBeUndefined();
  await assertSurvived();
});

test("replies and cancels of what nobody asked do nothing", async () => {
  const { node, send, assertSurvived } = await setUp();
  for (let id = 0; id < 100; id += 1) {
    expect(send(T.reply, Buffer.from([0, 0, 0, id, 0, 0, 1]))).toBeUndefined();
    expect(send(T.cancel, Buffer.from([0, 0, 0, id]))).toBeUndefined();
  }
  expect(node.messaging.status().requests.late).toBe(100);
  await assertSurvived();
});

test("a reply to another's request is not taken", async () => {
  const { node, send } = await setUp();
  const slow = Promise.withResolvers<unknown>();
  node.messaging.serve("slow", () => slow.promise);
  const asked = node.messaging.request("kr-1", "slow", 1);
  for (let id = 0; id < 100; id += 1) send(T.reply, Buffer.from([0, 0, 0, id, 1, 0, 0xc3]));
  slow.resolve("true answer");
  expect(await asked).toBe("true answer");
});

test("an answer that is no MessagePack fails its request", async () => {
  const { node, hostile, send, assertSurvived } = await setUp();
  send(T.offer, encode([1, ["s"]]));
  send(T.ready, Buffer.alloc(0));
  const asked = node.messaging.request("kr-9", "s", 1).catch((error: unknown) => error);
  await Promise.resolve();
  const request = hostile.waiting.at(-1) ?? new Uint8Array();
  expect(request[0]).toBe(T.request);
  send(T.reply, Buffer.from([...request.subarray(1, 5), 1, 0, 0xc1]));
  expect(await asked).toMatchObject({
    code: "remote_failure",
    message: expect.stringContaining('"s" of "kr-9" answered what cannot be read'),
  });
  await assertSurvived();
});

test("an id that is in use is no other request's", async () => {
  const { node, send, assertSurvived } = await setUp();
  node.messaging.serve("never", () => new Promise(() => {}));
  const request = Buffer.from([0, 0, 0, 7, 0, 0, 0, 0xff, 0xff, ...name("never", 2)]);
  expect(send(T.request, request)).toBeUndefined();
  expect(send(T.request, request)).toBe("request: its id 7 is that of another");
  await assertSurvived();
});

test("a flood of requests that are cancelled at once starts no more services than may be", async () => {
  const { node, hostile, send, assertSurvived } = await setUp();
  let running = 0;
  node.messaging.serve("never", () => {
    running += 1;
    return new Promise(() => {});
  });
  for (let id = 0; id < 5000; id += 1) {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(id);
    send(T.request, Buffer.from([...head, 0, 0, 0, 0xff, 0xff, ...name("never", 2)]));
    send(T.cancel, head);
  }
  expect(running).toBe(1024);
  expect(hostile.sent.filter((type) => type === T.reply).length).toBe(5000 - 1024);
  expect(node.messaging.sizes()).toMatchObject({ serving: 1024, deadlines: 0 });
  await assertSurvived();
});

test("a value that is no MessagePack is its reader's error, and the next message comes", async () => {
  const { node, send } = await setUp();
  const read: unknown[] = [];
  node.messaging.subscribe("odd", (message) => void read.push(message.payload));
  send(T.publish, Buffer.from([1, ...name("odd", 2), 0, 0xc1]));
  send(T.publish, Buffer.from([1, ...name("odd", 2), 0, 0xc3]));
  await new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
  expect(read).toEqual([true]);
  expect(node.errors).toMatchObject([{ name: "CcpError", code: "bad_messagepack" }]);
});

describe("any bytes", () => {
  const types = fc.constantFrom(...Object.values(T));

  test("never throw, and what is honest goes on", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(types, fc.uint8Array({ maxLength: 40 })), { maxLength: 60 }),
        async (frames) => {
          const { node, hostile, send, assertSurvived } = await setUp();
          for (const [type, body] of frames) send(type, body);
          await assertSurvived();
          node.messaging.onDown(hostile);
          expect(node.messaging.sizes()).toMatchObject({ nodes: 1, told: 1 });
        },
      ),
      { numRuns: 50 },
    );
  });

  test("in place of some of what an honest node would send never throw either", async () => {
    const honest: [number, Uint8Array][] = [
      [
        T.want,
        encode([
          1,
          [
            ["chat.>", null],
            ["a.*", "g"],
          ],
        ]),
      ],
      [T.offer, encode([1, ["s", "t.u"]])],
      [T.presence, encode([{ map: "kr_1", players: [1, 2] }])],
      [T.ready, Buffer.alloc(0)],
      [
        T.publish,
        Buffer.from([1, ...name("chat.global", 2), 1, ...name("g", 1), ...encode({ a: 1 })]),
      ],
      [T.request, Buffer.from([0, 0, 0, 1, 1, 0, 0, 0, 9, ...name("echo", 2), 0xc3])],
      [T.reply, Buffer.from([0, 0, 0, 1, 1, 0, 0xc3])],
      [T.cancel, Buffer.from([0, 0, 0, 1])],
      [T.want, encode([0, [["a.*", "g"]]])],
    ];
    const edit = fc.record({
      frame: fc.nat(honest.length - 1),
      at: fc.nat(60),
      byte: fc.nat(255),
      cut: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 6 }), async (edits) => {
        const { send, assertSurvived } = await setUp();
        for (const [at, [type, body]] of honest.entries()) {
          let bytes = Uint8Array.from(body);
          for (const edit of edits.filter(({ frame }) => frame === at)) {
            if (edit.cut) bytes = bytes.slice(0, edit.at);
            else if (edit.at < bytes.length) bytes[edit.at] = edit.byte;
          }
          send(type, bytes);
        }
        await assertSurvived();
      }),
      { numRuns: 100 },
    );
  });
});
