import { afterEach, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Message } from "../../../mesh/messaging/messenger.ts";
import { NodeFrameType } from "../../../mesh/messaging/node-frames.ts";
import { encode } from "../../../src/index.ts";
import { nextTurn } from "../../helpers/turns.ts";
import { FakeNode, joined, Member, pair } from "./mesh-pair.ts";

const members: Member[] = [];

afterEach(() => {
  for (const member of members.splice(0)) {
    expect(member.problems).toEqual([]);
    expect(member.errors).toEqual([]);
  }
});

async function two(limits = {}) {
  const joinedPair = await pair(limits);
  members.push(joinedPair.one, joinedPair.two);
  return joinedPair;
}

/** What comes for a pattern. */
function heard(member: Member, pattern: string, group?: string): Message[] {
  const messages: Message[] = [];
  const options = group === undefined ? {} : { group };
  member.messaging.subscribe(pattern, (message) => void messages.push(message), options);
  return messages;
}

describe("a message", () => {
  test("of a value reaches each subscriber that wants it, wherever it is", async () => {
    const { one, two: other, way } = await two();
    const here = heard(one, "chat.*");
    const there = heard(other, "chat.>");
    const elsewhere = heard(other, "score.>");
    await way.settle();
    expect(one.messaging.publish("chat.global", { text: "gg" })).toBe(true);
    await way.settle();
    for (const messages of [here, there]) {
      expect(messages).toHaveLength(1);
      expect(messages[0]).toMatchObject({ topic: "chat.global", from: "kr-1", kind: "value" });
      expect(messages[0]?.payload).toEqual({ text: "gg" });
    }
    expect(elsewhere).toEqual([]);
  });

  test("of more values than a node decodes is refused to the publisher", async () => {
    const { one, way } = await two();
    const here = heard(one, "a");
    await way.settle();
    const list = Array.from({ length: 249_999 }, () => 1);
    one.messaging.publish("a", list);
    await way.settle();
    expect(here[0]?.payload).toEqual(list);
    expect(() => one.messaging.publish("a", [...list, 1])).toThrow(
      expect.objectContaining({
        code: "invalid_payload",
        message: "the payload cannot be sent: MessagePack, byte 0: more than 250000 values",
      }),
    );
  });

  test.each([0, 1, 128, 65_000, 65_535, 65_536, 65_537, 1_000_000])(
    "of %d raw bytes arrives as it was, though the publisher changes its own",
    async (length) => {
      const { one, two: other, way } = await two();
      const here = heard(one, "a");
      const there = heard(other, "a");
      await way.settle();
      const bytes = Buffer.alloc(length, 7);
      one.messaging.publish("a", bytes);
      bytes.fill(9);
      await way.settle();
      for (const messages of [here, there]) {
        expect(messages[0]?.kind).toBe("raw");
        expect(messages[0]?.bytes.equals(Buffer.alloc(length, 7))).toBe(true);
        expect(messages[0]?.payload).toEqual(Buffer.alloc(length, 7));
      }
    },
  );

  test("is decoded for each subscriber by itself", async () => {
    const { one } = await two();
    const first = heard(one, "a");
    const second = heard(one, "a");
    const value = { list: [1] };
    one.messaging.publish("a", value);
    value.list.push(2);
    await nextTurn();
    const [payload] = [first[0]?.payload];
    expect(payload).toEqual({ list: [1] });
    Object.assign(payload ?? {}, { list: "mine" });
    expect(second[0]?.payload).toEqual({ list: [1] });
    expect(first[0]?.payload).toBe(payload);
  });

  test("is not encoded if nobody wants it, but its topic is checked", async () => {
    const { one } = await two();
    let reads = 0;
    const value = {
      get text() {
        reads += 1;
        return "gg";
      },
    };
    expect(one.messaging.publish("nobody.wants", value)).toBe(true);
    expect(reads).toBe(0);
    expect(() => one.messaging.publish("a..b", value)).toThrow(
      expect.objectContaining({ code: "invalid_topic" }),
    );
    heard(one, "a");
    expect(() => one.messaging.publish("a", () => {})).toThrow(
      expect.objectContaining({ name: "MeshError", code: "invalid_payload" }),
    );
  });

  test("that is too long is refused, also if nobody wants it", async () => {
    const { one, two: other, way } = await two({ meshPayloadBytesMax: 1000 });
    const there = heard(other, "a");
    await way.settle();
    for (const topic of ["a", "b"]) {
      expect(() => one.messaging.publish(topic, Buffer.alloc(1001))).toThrow(
        expect.objectContaining({
          code: "invalid_payload",
          message:
            "the payload cannot be sent: it has 1001 bytes, where 1000 are allowed; send it in parts",
        }),
      );
    }
    expect(() => one.messaging.publish("a", "x".repeat(1000))).toThrow("1003 bytes");
    one.messaging.publish("a", Buffer.alloc(1000));
    await way.settle();
    expect(there).toHaveLength(1);
  });

  test("comes in the order of its publisher and topic", async () => {
    const { one, two: other, way } = await two();
    const there = heard(other, ">");
    await way.settle();
    for (let count = 0; count < 500; count += 1) {
      one.messaging.publish(
        `topic.${count % 3}`,
        count % 49 === 0 ? Buffer.alloc(70_000, count) : count,
      );
    }
    await way.settle();
    expect(there).toHaveLength(500);
    expect(there.map(({ topic }) => topic)).toEqual(
      Array.from({ length: 500 }, (_, count) => `topic.${count % 3}`),
    );
  });

  test("is not sent to a node that was not told of this one yet", async () => {
    const { one } = await two();
    const early = new FakeNode("kr-9");
    const wants = encode([1, [["a", null]]]);
    one.messaging.onOpened(early);
    one.messaging.onFrame(early, NodeFrameType.want, Buffer.from(wants), 0, wants.length);
    one.messaging.onFrame(early, NodeFrameType.ready, Buffer.alloc(0), 0, 0);
    expect(one.messaging.publish("a", 1)).toBe(true);
    expect(early.waiting).toEqual([]);
    one.messaging.onOpen(early);
    one.messaging.publish("a", 1);
    expect(early.sent).toEqual([NodeFrameType.ready, NodeFrameType.publish]);
  });

  test("is not sent to a node that has stopped to want it", async () => {
    const { one, two: other, way } = await two();
    const subscription = other.messaging.subscribe("a", () => {});
    await way.settle();
    one.messaging.publish("a", 1);
    subscription.unsubscribe();
    await way.settle();
    one.messaging.publish("a", 2);
    expect(one.messaging.status().messages).toMatchObject({ published: 2, sent: 1 });
  });
});

describe("a message for groups", () => {
  test("reaches one member of each, and all that are in none", async () => {
    const nodes = ["a", "b", "c", "d"].map((name) => new Member(name));
    members.push(...nodes);
    const got = nodes.map((node) => ({
      plain: heard(node, "job.>"),
      relay: [heard(node, "job.*", "relay"), heard(node, "job.new", "relay")],
      store: node.name < "c" ? [heard(node, "job.new", "store")] : [],
    }));
    const ways = await joined(nodes);
    for (let count = 0; count < 200; count += 1) nodes[0]?.messaging.publish("job.new", count);
    for (const way of ways) await way.settle();
    const all = Array.from({ length: 200 }, (_, count) => count);
    for (const { plain } of got) expect(plain.map(({ payload }) => payload)).toEqual(all);
    for (const group of ["relay", "store"] as const) {
      const perMember = got.flatMap((each) => each[group]);
      const numbers = perMember.flatMap((messages) =>
        messages.map(({ payload }) => Number(payload)),
      );
      expect(numbers.toSorted((x, y) => x - y)).toEqual(all);
      // Each takes its part: of 200 with at most 8 members, none is left out but by a miracle.
      expect(perMember.every((messages) => messages.length > 0)).toBe(true);
    }
  });

  test("prefers a node that has room", async () => {
    const nodes = ["a", "b", "c"].map((name) => new Member(name));
    members.push(...nodes);
    const [, slow, quick] = nodes.map((node) => (node.name === "a" ? [] : heard(node, "job", "g")));
    const ways = await joined(nodes);
    ways[0]?.there.fill();
    for (let count = 0; count < 50; count += 1) nodes[0]?.messaging.publish("job", count);
    ways[0]?.there.drain();
    for (const way of ways) await way.settle();
    expect([slow?.length, quick?.length]).toEqual([0, 50]);
  });

  test("any subscriptions: each group gets it exactly once, and each other subscriber once", async () => {
    const subscription = fc.record({
      node: fc.nat(2),
      pattern: fc.constantFrom("a.b", "a.*", ">", "b"),
      group: fc.constantFrom(undefined, "g", "h"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(subscription, { maxLength: 12 }), async (subscriptions) => {
        const nodes = ["a", "b", "c"].map((name) => new Member(name));
        const got = subscriptions.map(({ node, pattern, group }) => ({
          pattern,
          group,
          messages: heard(nodes[node] ?? new Member("x"), pattern, group),
        }));
        const ways = await joined(nodes);
        nodes[0]?.messaging.publish("a.b", "x");
        for (const way of ways) await way.settle();
        const matching = got.filter(({ pattern }) => pattern !== "b");
        for (const { group, messages } of matching) {
          if (group === undefined) expect(messages).toHaveLength(1);
        }
        for (const group of ["g", "h"]) {
          const ofGroup = matching.filter((each) => each.group === group);
          const count = ofGroup.reduce((sum, { messages }) => sum + messages.length, 0);
          expect(count).toBe(ofGroup.length > 0 ? 1 : 0);
        }
        expect(
          got
            .filter(({ pattern }) => pattern === "b")
            .every(({ messages }) => messages.length === 0),
        ).toBe(true);
        for (const node of nodes) expect(node.problems).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("a node that takes nothing", () => {
  test("is told by false and drained(), and costs only its own messages", async () => {
    const nodes = ["a", "b", "c"].map((name) => new Member(name));
    members.push(...nodes);
    const [a] = nodes;
    const [, slow = [], quick = []] = nodes.map((node) => (node === a ? [] : heard(node, "x")));
    const ways = await joined(nodes);
    const toSlow = ways[0]?.there;
    toSlow?.fill();
    expect(a?.messaging.publish("x", 1)).toBe(false);
    if (toSlow !== undefined) toSlow.isFull = true;
    expect(a?.messaging.publish("x", 2)).toBe(false);
    expect(a?.messaging.status().messages).toMatchObject({ published: 2, sent: 3, dropped: 1 });
    let isDrained = false;
    const drained = a?.messaging.drained().then(() => {
      isDrained = true;
    });
    await nextTurn();
    expect(isDrained).toBe(false);
    toSlow?.drain();
    await drained;
    expect(a?.messaging.publish("x", 3)).toBe(true);
    for (const way of ways) await way.settle();
    expect(slow.map(({ payload }) => payload)).toEqual([1, 3]);
    expect(quick.map(({ payload }) => payload)).toEqual([1, 2, 3]);
  });
});

describe("a subscriber", () => {
  test("that throws is reported with its subscription, or told itself", async () => {
    const { one } = await two();
    const own: unknown[] = [];
    const fail = (): never => {
      throw new Error("mine");
    };
    one.messaging.subscribe("a", fail);
    one.messaging.subscribe("a", fail, { onCallbackError: (error) => own.push(error) });
    one.messaging.publish("a", 1);
    await nextTurn();
    expect(one.errors.splice(0)).toEqual([new Error("mine")]);
    expect(own).toEqual([new Error("mine")]);
  });

  test("that lags holds its own messages, not the chunks they came in", async () => {
    const { one, two: other, way } = await two();
    const stream = other.messaging.subscribe("a");
    heard(other, "much.else");
    await way.settle();
    for (let count = 0; count < 40; count += 1) {
      one.messaging.publish("much.else", Buffer.alloc(1000));
      one.messaging.publish("a", Buffer.alloc(10, count));
      await way.settle();
    }
    const sizes: number[] = [];
    void stream.drain();
    let count = 0;
    for await (const message of stream) {
      expect(message.bytes).toEqual(Buffer.alloc(10, count));
      sizes.push(message.bytes.buffer.byteLength);
      count += 1;
    }
    expect(count).toBe(40);
    expect(sizes.filter((size) => size > 10).length).toBe(16);
  });

  test("sees how many messages it missed, as the status does", async () => {
    const { one } = await two();
    const stream = one.messaging.subscribe("a", { queue: { messagesMax: 2 } });
    one.messaging.subscribe("b", { group: "g" });
    for (let count = 0; count < 5; count += 1) one.messaging.publish("a", count);
    expect(stream.dropped).toBe(3);
    const { messages, subscriptionList, subscriptions } = one.messaging.status();
    expect(messages).toMatchObject({ delivered: 5, missed: 3 });
    expect(subscriptions).toBe(2);
    expect(subscriptionList).toEqual([
      { pattern: "a", group: undefined, pending: 2, dropped: 3 },
      { pattern: "b", group: "g", pending: 0, dropped: 0 },
    ]);
  });

  test("too many are refused, and nothing of them stays", async () => {
    const { one } = await two({ meshSubscriptionsMax: 1 });
    const before = one.messaging.sizes();
    const first = one.messaging.subscribe("a");
    expect(() => one.messaging.subscribe("b")).toThrow("may hold no more");
    expect(() => one.messaging.subscribe("b..c", () => {})).toThrow("empty token");
    first.unsubscribe();
    expect(() => one.messaging.subscribe("b", { queue: { messagesMax: 0 } })).toThrow(
      "messagesMax",
    );
    expect(one.messaging.sizes()).toEqual(before);
  });

  test("one wildcard too many for other nodes is refused here", async () => {
    const { one, two: other, way } = await two();
    for (let count = 0; count < 1000; count += 1) one.messaging.subscribe(`player.${count}.*`);
    const before = one.messaging.sizes();
    expect(() => one.messaging.subscribe("team.>")).toThrow(
      "1000 different patterns with wildcards",
    );
    one.messaging.subscribe("player.1.*").unsubscribe();
    expect(one.messaging.sizes()).toEqual(before);
    await way.settle();
    other.messaging.publish("player.999.score", 1);
    expect(other.messaging.status().messages.sent).toBe(1);
  });
});
