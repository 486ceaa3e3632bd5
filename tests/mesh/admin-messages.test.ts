import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Admin, serveAdmin } from "../../mesh/admin.ts";
import { MeshError, type MeshErrorCode } from "../../mesh/mesh-error.ts";
import type { Message } from "../../mesh/messaging/messenger.ts";
import { idleNode } from "../helpers/idle-node.ts";
import { ScriptedMessenger } from "../helpers/scripted-messenger.ts";
import { silentLogger } from "../helpers/silent-logger.ts";

let messenger: ScriptedMessenger;
let admin: Admin;

beforeEach(() => {
  messenger = new ScriptedMessenger();
  admin = serveAdmin({
    host: "127.0.0.1",
    port: 0,
    token: () => undefined,
    log: silentLogger,
    node: idleNode(messenger),
  });
});

afterEach(() => admin.stop());

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(admin.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
  return { status: response.status, body: await response.json() };
}

describe("POST /api/publish", () => {
  test("publishes any JSON", async () => {
    const first = Promise.withResolvers<Message>();
    messenger.subscribe("chat.>", (message) => first.resolve(message));
    const payload = { text: "gg", tags: [1, null] };
    expect(await post("/api/publish", { topic: "chat.global", payload })).toEqual({
      status: 200,
      body: { ok: true },
    });
    const { topic, from, payload: came } = await first.promise;
    expect({ topic, from, came }).toEqual({ topic: "chat.global", from: "surf", came: payload });
  });

  test("publishes null where there is no payload", async () => {
    const first = Promise.withResolvers<Message>();
    messenger.subscribe("tick", (message) => first.resolve(message));
    await post("/api/publish", { topic: "tick" });
    expect((await first.promise).payload).toBeNull();
  });

  test("says when whoever publishes much should pause", async () => {
    messenger.hasRoom = false;
    expect(await post("/api/publish", { topic: "a", payload: 1 })).toEqual({
      status: 200,
      body: { ok: true, hasRoom: false },
    });
  });

  test("refuses what is no topic with the reason", async () => {
    const { status, body } = await post("/api/publish", { topic: "chat.*", payload: 1 });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: expect.stringContaining("contains a wildcard"),
      code: "invalid_topic",
    });
  });

  test.each(["", "[]", '{"payload":1}', '{"topic":5}', '{"topic":"a","retain":true}'])(
    "%j is 400, and publishes nothing",
    async (text) => {
      let came = 0;
      messenger.subscribe(">", () => {
        came += 1;
      });
      expect(await post("/api/publish", text)).toEqual({
        status: 400,
        body: {
          error: 'send {"topic": TOPIC, "payload": ANY, "durable": true or nothing}',
          code: "invalid_body",
        },
      });
      expect(came).toBe(0);
    },
  );
});

describe("POST /api/request", () => {
  test("asks the node, and answers what it does", async () => {
    messenger.answer = () => ({ players: 7, since: new Date(0) });
    const question = { node: "surf-2", service: "players", payload: [1], timeoutMs: 500 };
    expect(await post("/api/request", question)).toEqual({
      status: 200,
      body: { payload: { players: 7, since: "1970-01-01T00:00:00.000Z" } },
    });
    expect(messenger.asked).toEqual([
      {
        node: "surf-2",
        service: "players",
        payload: [1],
        options: { timeoutMs: 500, signal: expect.any(AbortSignal) },
      },
    ]);
  });

  test("reaches the services of this node, and says where there is none", async () => {
    messenger.serve("double", ({ payload }) => [payload, payload]);
    expect(await post("/api/request", { service: "double", payload: "a" })).toEqual({
      status: 200,
      body: { payload: ["a", "a"] },
    });
    expect(await post("/api/request", { service: "triple" })).toMatchObject({
      status: 404,
      body: { code: "unknown_service" },
    });
    expect(await post("/api/request", { node: "surf-9", service: "double" })).toMatchObject({
      status: 404,
      body: { code: "unknown_node" },
    });
  });

  test("asks any node where none is named, with null and the usual time", async () => {
    messenger.answer = () => null;
    expect(await post("/api/request", { service: "players" })).toMatchObject({ status: 200 });
    expect(messenger.asked).toEqual([
      {
        node: "*",
        service: "players",
        payload: null,
        options: { signal: expect.any(AbortSignal) },
      },
    ]);
  });

  test("answers raw bytes as base64", async () => {
    messenger.answer = () => new Uint8Array([1, 2, 255]);
    expect(await post("/api/request", { service: "map" })).toEqual({
      status: 200,
      body: { payload: null, base64: "AQL/" },
    });
  });

  const failures: readonly [MeshErrorCode, number][] = [
    ["invalid_topic", 400],
    ["invalid_payload", 400],
    ["unknown_node", 404],
    ["unknown_service", 404],
    ["request_timeout", 504],
    ["remote_failure", 502],
    ["node_lost", 502],
    ["remote_busy", 503],
    ["queue_full", 503],
    ["too_many_requests", 503],
    ["cancelled", 503],
  ];
  test.each(failures)("a failure of code %s is %d", async (code, status) => {
    messenger.answer = () => {
      throw new MeshError(code, `of ${code}`);
    };
    expect(await post("/api/request", { service: "a" })).toEqual({
      status,
      body: { error: `of ${code}`, code },
    });
  });

  test.each([
    "",
    '{"node":"a"}',
    '{"service":"a","timeoutMs":0}',
    '{"service":"a","timeoutMs":1.5}',
    '{"service":"a","timeoutMs":2147483648}',
    '{"service":"a","timeoutMs":"5"}',
    '{"service":"a","node":null}',
    '{"service":"a","to":"b"}',
  ])("%j is 400, and asks nobody", async (text) => {
    expect(await post("/api/request", text)).toEqual({
      status: 400,
      body: {
        error: 'send {"node": NAME or "*", "service": NAME, "payload": ANY, "timeoutMs": N}',
        code: "invalid_body",
      },
    });
    expect(messenger.asked).toEqual([]);
  });

  test("is given up when the client hangs up", async () => {
    const asked = Promise.withResolvers<AbortSignal | undefined>();
    const never = Promise.withResolvers<unknown>();
    messenger.answer = ({ options }) => {
      asked.resolve(options.signal);
      return never.promise;
    };
    const hangUp = new AbortController();
    const answer = post("/api/request", { service: "slow" }, { signal: hangUp.signal });
    const signal = await asked.promise;
    const fired = new Promise<void>((resolve) => {
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
    hangUp.abort();
    expect(await answer.catch((error: unknown) => error)).toBeInstanceOf(Error);
    await fired;
    never.reject(new MeshError("cancelled", "the caller's signal fired"));
    messenger.answer = () => "still here";
    expect(await post("/api/request", { service: "a" })).toMatchObject({ status: 200 });
  });
});

describe("who may", () => {
  test.each(["/api/publish", "/api/request"])("not a page from elsewhere: %s", async (path) => {
    const body = '{"topic":"a","service":"a"}';
    const headers = { "content-type": "text/plain" };
    expect(await post(path, body, { headers })).toMatchObject({ status: 415 });
    const rebound = { "content-type": "application/json", host: "evil.example" };
    expect(await post(path, body, { headers: rebound })).toMatchObject({ status: 403 });
    expect(messenger.asked).toEqual([]);
  });
});
