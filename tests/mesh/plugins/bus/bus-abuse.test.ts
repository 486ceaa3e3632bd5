import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { encode } from "../../../../src/index.ts";
import { nextTurn, rejection, until } from "../../../helpers/turns.ts";
import { type BusApplication, BusNode, expectServed } from "./bus-harness.ts";

let node: BusNode;
let app: BusApplication;

beforeEach(async () => {
  node = await BusNode.start();
  app = await node.join();
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  // Whatever an application does, the node has nothing to report.
  expect(node.receiverErrors).toEqual([]);
  expect(node.log.messages("error")).toEqual([]);
});

describe("a command that is none [BUS-1.4]", () => {
  test.each([
    ["no map", 5, { text: "a map is expected" }],
    ["nil", null, { text: "a map is expected" }],
    ["a list", [{ op: "peers", id: 1 }], { text: "a map is expected" }],
    ["nothing in a list", [], { text: "a map is expected" }],
    ["a time", new Date(0), { text: "a map is expected" }],
    ["no op", { id: 4 }, { id: 4, text: 'op: is missing; a command has one, such as "publish"' }],
    [
      "an unknown op",
      { op: "explode", id: 4 },
      { id: 4, text: 'op: no command is called "explode"' },
    ],
    ["an op that is no string", { op: ["peers"], id: 4 }, { id: 4 }],
    ["no id", { op: "subscribe", pattern: "a" }, {}],
    ["an id of text", { op: "peers", id: "1" }, {}],
    ["a negative id", { op: "peers", id: -1 }, {}],
    ["an id past 2^53", { op: "peers", id: 2n ** 60n }, {}],
    ["no pattern", { op: "subscribe", id: 4 }, { id: 4, text: expect.stringContaining("pattern") }],
    [
      "a mistyped key",
      { op: "subscribe", id: 4, pattern: "a", gruop: "b" },
      { id: 4, text: expect.stringContaining("gruop") },
    ],
    ["a topic of bytes", { op: "publish", topic: new Uint8Array(3) }, {}],
    ["a time-out of 0", { op: "request", id: 4, service: "a", timeoutMs: 0 }, { id: 4 }],
    [
      "a time-out that no timer keeps",
      { op: "request", id: 4, service: "a", timeoutMs: 2 ** 31 },
      { id: 4 },
    ],
    ["a state that is a list", { op: "presence", id: 4, state: [1] }, { id: 4 }],
    ["a state that is a time", { op: "presence", id: 4, state: new Date() }, { id: 4 }],
    ["a reply without a call", { op: "reply", payload: 1 }, {}],
  ])("is refused, and the next is obeyed: %s", async (_what, command, answer) => {
    app.client.send(encode(command));
    const told = await app.next();
    expect(told).toMatchObject({ op: "error", code: "bad_command", ...answer });
    if (!("id" in answer)) expect(told).not.toHaveProperty("id");
    await expectServed(app);
  });

  test("is quoted no further than fits a line", async () => {
    const { text } = await app.ask({ op: "x".repeat(1_000_000), id: 1 });
    expect(String(text).length).toBe(200);
    await expectServed(app);
  });

  test.each([
    ["subscribe", { pattern: "a..b" }, "invalid_topic"],
    ["subscribe", { pattern: "a", group: "" }, "invalid_topic"],
    ["publish", { topic: "chat.*" }, "invalid_topic"],
    ["serve", { service: "" }, "invalid_topic"],
    ["stop", {}, "unknown_id"],
  ])("but is refused by the mesh has its code: %s", async (op, keys, code) => {
    expect(await app.ask({ op, id: 4, ...keys })).toMatchObject({ op: "error", id: 4, code });
    await expectServed(app);
  });

  test("with an id that is in use leaves alone what has it", async () => {
    await app.ask({ op: "subscribe", id: 4, pattern: "chat" });
    for (const command of [
      { op: "subscribe", pattern: "other" },
      { op: "serve", service: "time" },
      { op: "request", service: "time" },
      { op: "publish", topic: "other" },
      { op: "presence", state: { a: 1 }, watch: true },
      { op: "peers" },
    ]) {
      const answer = await app.ask({ ...command, id: 4 });
      expect(answer).toMatchObject({ op: "error", id: 4, code: "id_in_use" });
    }
    expect(node.messenger.presence().get("surf")).toEqual({});
    app.send({ op: "publish", topic: "chat", payload: 1 });
    expect(await app.next()).toMatchObject({ op: "message", id: 4, payload: 1 });
  });
});

describe("a message that is no MessagePack [BUS-1.4]", () => {
  test.each([
    ["nothing", ""],
    ["text", Buffer.from("GET / HTTP/1.1").toString("hex")],
    ["a list that claims 4 billion", "ddffffffff"],
    ["500 lists in one another", "91".repeat(500)],
    ["the key __proto__", "81a95f5f70726f746f5f5f01"],
    ["half a map", "82a26f70"],
  ])("is answered, and ends that application alone: %s", async (_what, hex) => {
    await using other = await node.join();
    await app.ask({ op: "subscribe", id: 1, pattern: "chat" });
    app.client.send(Buffer.from(hex, "hex"));
    expect(await app.next()).toMatchObject({ op: "error", code: "bad_messagepack" });
    expect(await app.client.over).toBeUndefined();
    expect(node.messenger.sizes()).toMatchObject({ subscriptions: 0 });
    await expectServed(other);
  });

  test("but too long for any command is answered, and the application goes on", async () => {
    app.client.send(new Uint8Array(8 * 1024 * 1024 + 64 * 1024 + 1));
    expect(await app.next()).toMatchObject({ op: "error", code: "too_large" });
    await expectServed(app);
  });
});

describe("an application that opens without end [BUS-5.1]", () => {
  test.each([
    ["subscriptions", 100, { op: "subscribe", pattern: "a" }],
    ["watches", 16, { op: "peers", watch: true }],
  ])("is stopped, and may go on when it has stopped some: %s", async (_what, max, command) => {
    for (let id = 0; id < max; id++) {
      expect(await app.ask({ ...command, id })).toMatchObject({ op: "ok", id });
    }
    const one = { ...command, id: max };
    expect(await app.ask(one)).toMatchObject({ op: "error", id: max, code: "too_many_open" });
    await app.ask({ op: "stop", id: 0 });
    expect(await app.ask(one)).toMatchObject({ op: "ok", id: max });
  });

  test("is stopped at 100 services", async () => {
    for (let id = 0; id < 100; id++) {
      expect(await app.ask({ op: "serve", id, service: `s.${id}` })).toEqual({ op: "ok", id });
    }
    const one = { op: "serve", id: 100, service: "s.100" };
    expect(await app.ask(one)).toMatchObject({ op: "error", code: "too_many_open" });
    await expectServed(app);
  });

  test("is stopped at 1,024 requests, and each of them is answered", async () => {
    const waiting = Promise.withResolvers<string>();
    node.messenger.serve("stuck", () => waiting.promise);
    for (let id = 0; id <= 1024; id++) app.send({ op: "request", id, service: "stuck" });
    expect(await app.next()).toMatchObject({ op: "error", id: 1024, code: "too_many_open" });
    waiting.resolve("done");
    const ids = new Set<unknown>();
    for (let id = 0; id < 1024; id++) ids.add((await app.next())["id"]);
    expect(ids.size).toBe(1024);
    await expectServed(app);
  });

  test("of calls is told no more than 1,024 that it does not answer", async () => {
    await app.ask({ op: "serve", id: 1, service: "slow" });
    const asked = Array.from({ length: 1024 }, (_, at) =>
      node.messenger.request("surf", "slow", at),
    );
    const calls: unknown[] = [];
    for (const _one of asked) calls.push((await app.next())["call"]);
    const error = await rejection(node.messenger.request("surf", "slow", -1));
    expect(String(error)).toContain("the application answers 1024 requests already");
    for (const call of calls) app.send({ op: "reply", call, payload: call });
    expect(await Promise.all(asked)).toEqual(calls);
    await expectServed(app);
  });
});

test("an application that publishes at full speed leaves time for those who listen", async () => {
  const COUNT = 50_000;
  let heard = 0;
  const subscription = node.messenger.subscribe("chat", () => {
    heard += 1;
  });
  const command = encode({ op: "publish", topic: "chat", payload: "x" });
  for (let sent = 0; sent < COUNT; sent++) {
    if (!app.client.send(command)) await app.client.drained();
  }
  await expectServed(app);
  await until(() => heard + subscription.dropped === COUNT);
  expect(subscription.dropped).toBe(0);
});

describe("an application that reads slowly [BUS-4]", () => {
  const SIZE = 16 * 1024;
  const COUNT = 3000;

  /** Publishes numbered messages, with turns between, as they would come from other nodes. */
  async function publishMany(topic: string): Promise<void> {
    const message = Buffer.alloc(SIZE);
    for (let number = 0; number < COUNT; number++) {
      message.writeUInt32BE(number);
      node.messenger.publish(topic, Buffer.from(message));
      if (number % 16 === 0) await nextTurn();
    }
  }

  test("loses the oldest, is told where and how many, and nobody else loses any", async () => {
    await using slow = await node.join({ receiveHighWaterBytes: 1 });
    const tally = { heard: 0 };
    node.messenger.subscribe("kill", () => {
      tally.heard += 1;
    });
    await slow.ask({ op: "subscribe", id: 1, pattern: "kill" });
    await slow.ask({ op: "subscribe", id: 2, pattern: "chat" });
    await app.ask({ op: "subscribe", id: 1, pattern: "chat" });
    await publishMany("kill");
    node.messenger.publish("chat", "still here");
    expect(await app.next()).toMatchObject({ payload: "still here" });
    expect(tally.heard).toBe(COUNT);
    // What the endpoint keeps for it is bounded.
    expect(node.endpoint.status().counters.refusals).toMatchObject({ send_queue_full: 0 });

    let next = 0;
    let dropped = 0;
    let chat = 0;
    while (next < COUNT || chat === 0) {
      const told = await slow.next();
      if (told["id"] === 2) {
        chat += 1;
      } else if (told.op === "dropped") {
        dropped += Number(told["count"]);
        next += Number(told["count"]);
      } else {
        const { payload } = told;
        if (!(payload instanceof Uint8Array)) throw new Error("no bytes");
        expect(Buffer.from(payload).readUInt32BE()).toBe(next);
        next += 1;
      }
    }
    expect(next).toBe(COUNT);
    expect(dropped).toBeGreaterThan(COUNT / 4);
    expect(chat).toBe(1);
    await expectServed(slow);
  });

  test("that stops a subscription meanwhile hears nothing of it after the answer", async () => {
    await using slow = await node.join({ receiveHighWaterBytes: 1 });
    await slow.ask({ op: "subscribe", id: 1, pattern: "kill" });
    await publishMany("kill");
    // It is read only when there is room again; until then what was queued goes out.
    slow.send({ op: "stop", id: 1 });
    let told = await slow.next();
    while (told.op !== "ok") told = await slow.next();
    await expectServed(slow);
    expect(node.messenger.sizes()).toMatchObject({ subscriptions: 0 });
  });

  test("gets calls and answers when it reads again", async () => {
    await using slow = await node.join({ receiveHighWaterBytes: 1 });
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    node.messenger.serve("later", () => {
      asked.resolve();
      return answer.promise;
    });
    await slow.ask({ op: "serve", id: 3, service: "time" });
    await slow.ask({ op: "subscribe", id: 1, pattern: "kill" });
    slow.send({ op: "request", id: 2, service: "later" });
    await asked.promise;
    await publishMany("kill");
    answer.resolve("at last");
    const time = node.messenger.request("surf", "time", null);
    let missing = 2;
    while (missing > 0) {
      const told = await slow.next();
      if (told.op === "message" || told.op === "dropped") continue;
      missing -= 1;
      if (told.op === "call") slow.send({ op: "reply", call: told["call"], payload: 9 });
      else expect(told).toEqual({ op: "ok", id: 2, result: "at last" });
    }
    expect(await time).toBe(9);
  });

  describe("is not cut off by what comes at once, 64 MiB of it, but gets it bit by bit", () => {
    const LARGE = Buffer.alloc(8 * 1024 * 1024);
    const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];

    /** What it is told, at a time when all of it has come to the node. */
    async function expectAll(slow: BusApplication, op: string, key: string): Promise<void> {
      const seen = new Set<unknown>();
      for (const _one of EIGHT) {
        const told = await slow.next();
        expect(told.op).toBe(op);
        seen.add(told[key]);
      }
      expect(seen.size).toBe(8);
      await expectServed(slow);
    }

    test("answers", async () => {
      await using slow = await node.join({ receiveHighWaterBytes: 1 });
      const answer = Promise.withResolvers<Buffer>();
      let asked = 0;
      node.messenger.serve("large", () => {
        asked += 1;
        return answer.promise;
      });
      for (const id of EIGHT) slow.send({ op: "request", id, service: "large" });
      await until(() => asked === 8);
      answer.resolve(LARGE);
      await nextTurn();
      await expectAll(slow, "ok", "id");
    });

    test("calls", async () => {
      await using slow = await node.join({ receiveHighWaterBytes: 1 });
      await slow.ask({ op: "serve", id: 1, service: "large" });
      const signal = AbortSignal.timeout(60_000);
      const asking = EIGHT.map(() => node.messenger.request("surf", "large", LARGE, { signal }));
      const failing = Promise.all(asking.map(rejection));
      await nextTurn();
      await expectAll(slow, "call", "call");
      await slow.client.close();
      expect(await failing).toMatchObject(EIGHT.map(() => ({ code: "remote_failure" })));
    });

    test("messages", async () => {
      await using slow = await node.join({ receiveHighWaterBytes: 1 });
      for (const id of EIGHT) await slow.ask({ op: "subscribe", id, pattern: "large" });
      node.messenger.publish("large", LARGE);
      await nextTurn();
      await expectAll(slow, "message", "id");
    });
  });

  test("and then goes away leaves nothing behind", async () => {
    const slow = await node.join({ receiveHighWaterBytes: 1 });
    await slow.ask({ op: "subscribe", id: 1, pattern: "kill" });
    await publishMany("kill");
    await slow.client.close();
    await until(() => node.messenger.sizes()["subscriptions"] === 0);
    await expectServed(app);
  });
});
