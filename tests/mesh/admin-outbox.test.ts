import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as v from "valibot";
import { type Admin, serveAdmin } from "../../mesh/admin.ts";
import type { Durable } from "../../mesh/durable/durable.ts";
import type { OutboxQueue } from "../../mesh/outbox/outbox-queue.ts";
import { idleNode } from "../helpers/idle-node.ts";
import { ScriptedMessenger } from "../helpers/scripted-messenger.ts";
import { silentLogger } from "../helpers/silent-logger.ts";
import { type BedNode, DurableBed } from "./durable/durable-bed.ts";

const OPTIONS = { bytesMax: 1024 * 1024, whenFull: "refuse" } as const;

let bed: DurableBed;
let surf: BedNode;
let admin: Admin;

beforeEach(async () => {
  bed = new DurableBed();
  surf = await bed.start("surf");
  admin = serveAdmin({
    host: "127.0.0.1",
    port: 0,
    token: () => undefined,
    log: silentLogger,
    node: { ...idleNode(new ScriptedMessenger()), durable: surf.durable },
  });
});

afterEach(async () => {
  await admin.stop();
  await bed[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function get(path: string): Promise<Answer> {
  const response = await fetch(admin.url + path);
  return { status: response.status, body: await response.json() };
}

async function post(path: string, body: unknown): Promise<Answer> {
  const response = await fetch(admin.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function queues(): Promise<string[]> {
  const Listed = v.object({ queues: v.array(v.object({ name: v.string() })) });
  return v.parse(Listed, (await get("/api/outbox")).body).queues.map(({ name }) => name);
}

/** A plugin's queue with so many entries, all set aside. */
async function dead(durable: Durable, count: number): Promise<OutboxQueue> {
  const outbox = durable.open();
  const queue = outbox.queue("collectors:logs", OPTIONS);
  for (let n = 1; n <= count; n += 1) {
    const seq = await queue.append(Buffer.from(`{"n":${n}}`));
    queue.bury(seq, `no ${n}`);
  }
  await outbox.flush();
  return queue;
}

function discard(queue: string): Promise<Answer> {
  return post("/api/outbox", { action: "discard", queue });
}

describe("a queue", () => {
  test("is in none before somebody needs one", async () => {
    expect(await get("/api/outbox")).toMatchObject({ status: 200, body: { queues: [] } });
    expect(await discard("collectors:logs")).toMatchObject({ status: 404 });
  });

  test("of a plugin is discarded once the plugin does not need it any more", async () => {
    await dead(surf.durable, 1);
    const use = surf.durable.use("collectors:logs");
    expect(await discard("collectors:logs")).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('"collectors:logs" is in use: its collector stands') },
    });
    use.remove();
    expect(await discard("collectors:logs")).toMatchObject({ status: 200 });
    expect(await queues()).toEqual([]);
  });

  test("of a consumer is discarded once nobody handles, and the consumer with it", async () => {
    const kills = await surf.collect("kills", "game.>");
    expect(await discard("inbox:kills")).toMatchObject({ status: 409 });
    kills.stop();
    expect(await discard("inbox:kills")).toMatchObject({ status: 200 });
    await surf.durable.publish("game.kill", 1);
    expect(await queues()).toEqual([]);
    expect(surf.durable.status()?.consumers).toEqual([]);
  });

  test("for another node is discarded while that node is away, and its wants with it", async () => {
    const bhop = await bed.start("bhop");
    await bhop.collect("kills", "game.>");
    await surf.durable.publish("game.kill", 1);
    expect(await discard("peer:bhop")).toMatchObject({ status: 409 });
    await bed.stop(bhop);
    await surf.durable.publish("game.kill", 2);
    expect(await discard("peer:bhop")).toMatchObject({ status: 200 });
    await surf.durable.publish("game.kill", 3);
    expect(await queues()).toEqual([]);
  });

  test.each([{}, { action: "discard" }, { action: "drop", queue: "x" }, { queue: 7 }, "x"])(
    "is not discarded by %j",
    async (body) => {
      expect(await post("/api/outbox", body)).toMatchObject({ status: 400 });
    },
  );
});

describe("dead letters", () => {
  test("are listed with their reasons, from any number on", async () => {
    await dead(surf.durable, 3);
    const all = await get("/api/outbox/dead?queue=collectors:logs");
    expect(all.body).toMatchObject([
      { seq: 1, reason: "no 1", bytes: 7, text: '{"n":1}' },
      { seq: 2, reason: "no 2" },
      { seq: 3, reason: "no 3" },
    ]);
    const some = await get("/api/outbox/dead?queue=collectors:logs&after=1&limit=1");
    expect(some.body).toMatchObject([{ seq: 2 }]);
  });

  test.each([
    "",
    "?queue=collectors:logs&limit=0",
    "?queue=collectors:logs&limit=1001",
    "?queue=collectors:logs&limit=x",
    "?queue=collectors:logs&after=-1",
    "?queue=collectors:logs&after=1.5",
  ])("are not listed for %p", async (query) => {
    await dead(surf.durable, 1);
    expect(await get(`/api/outbox/dead${query}`)).toMatchObject({ status: 400 });
  });

  test("are replayed one, then all, and whoever empties the queue is told", async () => {
    const queue = await dead(surf.durable, 3);
    let told = 0;
    surf.durable.tap(["a"], { queue, encode: () => undefined, onAppended: () => void (told += 1) });
    const act = { action: "replay", queue: "collectors:logs" };
    expect(await post("/api/outbox/dead", { ...act, seq: 2 })).toMatchObject({
      body: { count: 1 },
    });
    expect(await post("/api/outbox/dead", act)).toMatchObject({ body: { count: 2 } });
    expect(await post("/api/outbox/dead", { ...act, seq: 2 })).toMatchObject({ status: 404 });
    const waiting = queue.read({ countMax: 9, bytesMax: 1000 });
    expect(waiting.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      '{"n":2}',
      '{"n":1}',
      '{"n":3}',
    ]);
    expect(told).toBe(3);
  });

  test("are discarded one, then all", async () => {
    const queue = await dead(surf.durable, 3);
    const act = { action: "discard", queue: "collectors:logs" };
    expect(await post("/api/outbox/dead", { ...act, seq: 1 })).toMatchObject({
      body: { count: 1 },
    });
    expect(queue.status().dead).toBe(2);
    expect(await post("/api/outbox/dead", act)).toMatchObject({ body: { count: 2 } });
    expect(queue.status()).toMatchObject({ dead: 0, depth: 0 });
  });

  test.each(["replay", "discard"])(
    "are dealt with once where two %s all at once, each told of its own",
    async (action) => {
      const queue = await dead(surf.durable, 20);
      const act = { action, queue: "collectors:logs" };
      const answers = await Promise.all([
        post("/api/outbox/dead", act),
        post("/api/outbox/dead", act),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      const counts = answers.map(
        ({ body }) => v.parse(v.object({ count: v.number() }), body).count,
      );
      expect(counts.reduce((sum, count) => sum + count)).toBe(20);
      expect(queue.status()).toMatchObject({ dead: 0, depth: action === "replay" ? 20 : 0 });
    },
  );

  test("that do not all fit into the queue are replayed as far as they do, which is told", async () => {
    await dead(surf.durable, 3);
    // Two of 7 bytes and 16 more.
    surf.durable.open().queue("collectors:logs", { ...OPTIONS, bytesMax: 50 });
    const act = { action: "replay", queue: "collectors:logs" };
    expect(await post("/api/outbox/dead", act)).toMatchObject({
      status: 503,
      body: { code: "full", error: expect.stringMatching(/ is full.*; 2 of 3 were done before$/) },
    });
    expect((await get("/api/outbox/dead?queue=collectors:logs")).body).toMatchObject([{ seq: 3 }]);
  });

  test("of a queue that nothing uses since the start say so", async () => {
    await dead(surf.durable, 1);
    await admin.stop();
    await bed.stop(surf);
    surf = await bed.start("surf");
    const node = { ...idleNode(new ScriptedMessenger()), durable: surf.durable };
    admin = serveAdmin({
      host: "127.0.0.1",
      port: 0,
      token: () => undefined,
      log: silentLogger,
      node,
    });
    expect(await get("/api/outbox/dead?queue=collectors:logs")).toEqual({
      status: 404,
      body: {
        error:
          'nothing uses the queue "collectors:logs" now; bring back what did, or discard the queue',
        code: "not_found",
      },
    });
    expect(await get("/api/outbox/dead?queue=other")).toMatchObject({
      body: { error: 'there is no queue "other"; GET /api/outbox lists them' },
    });
    expect(await discard("collectors:logs")).toMatchObject({ status: 200 });
  });
});

describe("a node that stops", () => {
  test("takes nothing more to publish: nobody could keep it for the collectors", async () => {
    expect(await post("/api/publish", { topic: "a" })).toMatchObject({ status: 200 });
    surf.durable.endIntake();
    for (const durable of [true, false]) {
      expect(await post("/api/publish", { topic: "a", durable })).toEqual({
        status: 503,
        body: { error: "the node is stopping, and takes nothing more", code: "closed" },
      });
    }
    expect(surf.published.length).toBe(1);
  });
});
