import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { RemoteNode } from "../../../../mesh/cluster/remote-node.ts";
import { MeshError } from "../../../../mesh/mesh-error.ts";
import { NodeFrameType } from "../../../../mesh/messaging/node-frames.ts";
import { encode, RawClient } from "../../../../src/index.ts";
import { rejection, until } from "../../../helpers/turns.ts";
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

test("the node speaks first, with its name and the version [BUS-1.3]", async () => {
  const client = await node.connect();
  for await (const data of client) {
    expect(data.toString("hex")).toBe("83a26f70a568656c6c6fa46e6f6465a473757266a776657273696f6e01");
    break;
  }
  await client.close();
});

describe("messages [BUS-2.3]", () => {
  test("on the topics that match reach the application, its own among them", async () => {
    await using other = await node.join();
    expect(await app.ask({ op: "subscribe", id: 1, pattern: "chat.>" })).toEqual({
      op: "ok",
      id: 1,
    });
    other.send({ op: "publish", topic: "game.kill", payload: 1 });
    other.send({ op: "publish", topic: "chat.global", payload: { text: "gg" } });
    const heard = { op: "message", id: 1, topic: "chat.global", from: "surf" };
    expect(await app.next()).toEqual({ ...heard, payload: { text: "gg" } });
    app.send({ op: "publish", topic: "chat.global", payload: "me" });
    expect(await app.next()).toEqual({ ...heard, payload: "me" });
  });

  test("go to one member of a group", async () => {
    await using other = await node.join();
    for (const member of [app, other]) {
      await member.ask({ op: "subscribe", id: 1, pattern: "job", group: "workers" });
      await member.ask({ op: "subscribe", id: 2, pattern: "end", group: null });
    }
    for (let payload = 0; payload < 20; payload++) {
      app.send({ op: "publish", topic: "job", payload });
    }
    app.send({ op: "publish", topic: "end" });
    const heard: unknown[] = [];
    for (const member of [app, other]) {
      for (let told = await member.next(); told["topic"] === "job"; told = await member.next()) {
        heard.push(told["payload"]);
      }
    }
    expect(heard.toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, at) => at),
    );
  });

  test("do not come any more after stop", async () => {
    await app.ask({ op: "subscribe", id: 1, pattern: "chat" });
    await app.ask({ op: "subscribe", id: 2, pattern: "chat" });
    expect(await app.ask({ op: "stop", id: 1 })).toEqual({ op: "ok", id: 1 });
    app.send({ op: "publish", topic: "chat" });
    expect(await app.next()).toMatchObject({ op: "message", id: 2, payload: null });
    await expectServed(app);
  });

  test("are acknowledged where the application asks for it [BUS-2.4]", async () => {
    expect(await app.ask({ op: "publish", id: 7, topic: "chat", payload: 1 })).toEqual({
      op: "ok",
      id: 7,
    });
    expect(await app.ask({ op: "publish", id: 7, topic: "chat", payload: 1 })).toEqual({
      op: "ok",
      id: 7,
    });
    app.send({ op: "publish", topic: "chat", payload: 1 });
    await expectServed(app);
  });

  test("are acknowledged only when nobody is behind, and stop frees the id [BUS-2.4]", async () => {
    const drained = Promise.withResolvers<void>();
    Object.assign(node.messenger, { publish: () => false, drained: () => drained.promise });
    app.send({ op: "publish", id: 7, topic: "chat", payload: 1 });
    app.send({ op: "publish", id: 8, topic: "chat", payload: 1 });
    expect(await app.ask({ op: "stop", id: 8 })).toEqual({ op: "ok", id: 8 });
    expect(await app.ask({ op: "peers", id: 7 })).toMatchObject({
      op: "error",
      id: 7,
      code: "id_in_use",
    });
    drained.resolve();
    expect(await app.next()).toEqual({ op: "ok", id: 7 });
    await expectServed(app);
  });
});

describe("payloads [BUS-2.9]", () => {
  test.each([
    ["text", "gg"],
    ["nil", null],
    ["a bigint", 76561198000000001n],
    ["a float", 1.5],
    ["a time", new Date(1_700_000_000_000)],
    ["a list of maps", [{ a: [1, { b: true }] }]],
    ["bytes in a map", { image: new Uint8Array([1, 2, 3]) }],
  ])("%s is the same on the mesh and for another application", async (_what, payload) => {
    const heard = Promise.withResolvers<unknown>();
    node.messenger.subscribe("t", ({ kind, payload }) => heard.resolve([kind, payload]));
    await app.ask({ op: "subscribe", id: 1, pattern: "t" });
    app.send({ op: "publish", topic: "t", payload });
    expect(await app.next()).toMatchObject({ op: "message", payload });
    expect(await heard.promise).toEqual(["value", payload]);
  });

  test.each([
    [
      "a timestamp loses what is below a millisecond",
      "d7ff 075bcd17 5f000001",
      "d7ff 07270e03 5f000001",
    ],
    ["a timestamp has the shortest format", "c70cff 00000000 0000000000000001", "d6ff 00000001"],
    ["an integer has the shortest format", "d3 0000000000000005", "05"],
    ["a float that is whole is an integer", "cb 3ff0000000000000", "01"],
    ["-0 is 0", "cb 8000000000000000", "00"],
    ["a short float is a long one", "ca 3fc00000", "cb 3ff8000000000000"],
    ["a NaN is the usual one", "cb 7ff8000000000001", "cb 7ff8000000000000"],
    ["a string that is not UTF-8 is mended", "a2 c328", "a4 efbfbd28"],
    ["whole numbers are strings, and come first", "82 a162 01 07 02", "82 a137 02 a162 01"],
    ["of two keys that are the same then the last counts", "82 01 01 a131 02", "81 a131 02"],
  ])("%s", async (_what, sent, heard) => {
    const first = Promise.withResolvers<string>();
    node.messenger.subscribe("t", ({ bytes }) => first.resolve(bytes.toString("hex")));
    const command = encode({ op: "publish", topic: "t", payload: "@" }).toHex();
    const written = command.replace("a140", sent.replaceAll(" ", ""));
    app.client.send(Buffer.from(written, "hex"));
    expect(await first.promise).toBe(heard.replaceAll(" ", ""));
  });

  test("a binary is raw bytes on the mesh, and the other way round", async () => {
    const heard = Promise.withResolvers<unknown>();
    node.messenger.subscribe("up", ({ kind, bytes }) =>
      heard.resolve([kind, bytes.toString("hex")]),
    );
    app.send({ op: "publish", topic: "up", payload: new Uint8Array([0xc1, 0]) });
    expect(await heard.promise).toEqual(["raw", "c100"]);
    await app.ask({ op: "subscribe", id: 1, pattern: "down" });
    node.messenger.publish("down", Buffer.from("c1ff", "hex"));
    expect((await app.next())["payload"]).toEqual(new Uint8Array([0xc1, 0xff]));
  });

  test("of 8 MiB arrives whole; a longer one is refused", async () => {
    const payload = new Uint8Array(8 * 1024 * 1024).fill(7);
    await app.ask({ op: "subscribe", id: 1, pattern: "t" });
    app.send({ op: "publish", topic: "t", payload });
    const { payload: heard } = await app.next();
    expect(heard instanceof Uint8Array && Buffer.compare(heard, payload)).toBe(0);
    const longer = new Uint8Array(payload.length + 1);
    const answer = await app.ask({ op: "publish", topic: "t", payload: longer });
    expect(answer).toMatchObject({ op: "error", code: "invalid_payload" });
    expect(answer).not.toHaveProperty("id");
    await expectServed(app);
  });

  test("nested too deeply to stand in a message is told as dropped [BUS-4.1]", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 64; level++) deep = [deep];
    await app.ask({ op: "subscribe", id: 1, pattern: "t" });
    node.messenger.publish("t", deep);
    expect(await app.next()).toEqual({ op: "dropped", id: 1, count: 1 });
    await expectServed(app);
  });
});

describe("requests [BUS-2.5]", () => {
  test("are answered by a service of the node, named or any", async () => {
    node.messenger.serve("double", ({ payload }) => Number(payload) * 2);
    for (const where of [{}, { node: "surf" }, { node: "*" }, { node: null }]) {
      const answer = await app.ask({
        op: "request",
        id: 1,
        service: "double",
        payload: 4,
        ...where,
      });
      expect(answer).toEqual({ op: "ok", id: 1, result: 8 });
    }
  });

  test("that fail say why", async () => {
    node.messenger.serve("broken", () => {
      throw new Error("no disk");
    });
    const request = { op: "request", id: 1 };
    for (const [asked, code] of [
      [{ service: "nothing" }, "unknown_service"],
      [{ service: "broken" }, "remote_failure"],
      [{ service: "x", node: "nobody" }, "unknown_node"],
      [{ service: "a b" }, "invalid_topic"],
    ] as const) {
      expect(await app.ask({ ...request, ...asked })).toMatchObject({ op: "error", id: 1, code });
    }
    expect(await app.ask({ ...request, service: "broken" })).toMatchObject({
      text: expect.stringContaining("no disk"),
    });
  });

  test("end when nobody answers in time, or the application gives them up", async () => {
    const signals: AbortSignal[] = [];
    node.messenger.serve("stuck", ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const request = { op: "request", id: 1, service: "stuck" };
    expect(await app.ask({ ...request, timeoutMs: 1 })).toMatchObject({
      op: "error",
      id: 1,
      code: "request_timeout",
    });
    app.send(request);
    await until(() => signals.length === 2);
    expect(await app.ask({ op: "stop", id: 1 })).toMatchObject({
      op: "error",
      id: 1,
      code: "cancelled",
    });
    await until(() => signals.every(({ aborted }) => aborted));
    await expectServed(app);
  });

  test("end with the application", async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    node.messenger.serve("stuck", ({ signal }) => {
      asked.resolve(signal);
      return new Promise(() => {});
    });
    app.send({ op: "request", id: 1, service: "stuck" });
    const signal = await asked.promise;
    await app.client.close();
    await until(() => signal.aborted);
  });
});

describe("services [BUS-2.6]", () => {
  beforeEach(async () => {
    expect(await app.ask({ op: "serve", id: 5, service: "time" })).toEqual({ op: "ok", id: 5 });
  });

  test("answer, in any order, or fail with a text", async () => {
    const ask = (payload: unknown) => node.messenger.request("surf", "time", payload);
    const answers = [ask("a"), ask(Buffer.from("b")), ask("c")];
    const failed = rejection(answers[2] ?? Promise.resolve());
    const calls = [await app.next(), await app.next(), await app.next()];
    expect(calls[0]).toEqual({
      op: "call",
      id: 5,
      call: calls[0]?.["call"],
      from: "surf",
      payload: "a",
    });
    expect(calls[1]?.["payload"]).toEqual(new Uint8Array([0x62]));
    app.send({ op: "fail", call: calls[2]?.["call"], text: "no clock" });
    app.send({ op: "reply", call: calls[1]?.["call"], payload: new Uint8Array([1]) });
    app.send({ op: "reply", call: calls[0]?.["call"], payload: { hour: 9 } });
    expect(await answers[0]).toEqual({ hour: 9 });
    expect(new Uint8Array(v.parse(v.instance(Uint8Array), await answers[1]))).toEqual(
      new Uint8Array([1]),
    );
    const error = await failed;
    expect(error).toBeInstanceOf(MeshError);
    expect(error).toMatchObject({ code: "remote_failure" });
    expect(String(error)).toContain("no clock");
  });

  test("are told when nobody waits any more, and may answer all the same", async () => {
    const giveUp = new AbortController();
    const asking = node.messenger.request("surf", "time", 1, { signal: giveUp.signal });
    const failed = rejection(asking);
    const { call } = await app.next();
    giveUp.abort();
    expect(await failed).toMatchObject({ code: "cancelled" });
    expect(await app.next()).toEqual({ op: "cancelled", call });
    app.send({ op: "reply", call, payload: 1 });
    app.send({ op: "fail", call: 12345, text: "" });
    await expectServed(app);
  });

  test("have a name that another application may not have, until they stop", async () => {
    await using other = await node.join();
    const serve = { op: "serve", id: 1, service: "time" };
    const rest =
      'answers requests for "time" already; choose another name, or stop that service first';
    expect(await other.ask(serve)).toEqual({
      op: "error",
      id: 1,
      code: "name_taken",
      text: `another application of this node ${rest}`,
    });
    expect(await app.ask({ ...serve, id: 6 })).toMatchObject({ text: `this application ${rest}` });
    await app.ask({ op: "stop", id: 5 });
    expect(await other.ask(serve)).toEqual({ op: "ok", id: 1 });
  });

  test("go with the application, and what they had not answered fails", async () => {
    const failed = rejection(node.messenger.request("surf", "time", 1));
    await app.next();
    await app.client.close();
    expect(String(await failed)).toContain(
      "the application that serves has gone before it answered",
    );
    const asking = node.messenger.request("surf", "time", 1);
    expect(await rejection(asking)).toMatchObject({ code: "unknown_service" });
  });
});

describe("presence and peers [BUS-2.7] [BUS-2.8]", () => {
  test("what applications say is put together, and goes with them", async () => {
    await using other = await node.join();
    const say = (id: number, state: unknown) => ({ op: "presence", id, state });
    await app.ask(say(1, { game: "css", map: "de_aztec" }));
    expect(await other.ask(say(1, { map: "de_dust2" }))).toEqual({
      op: "ok",
      id: 1,
      result: [{ node: "surf", state: { game: "css", map: "de_dust2" } }],
    });
    expect(node.messenger.presence().get("surf")).toEqual({ game: "css", map: "de_dust2" });
    await app.ask(say(1, { game: "tf2", map: "ctf_2fort" }));
    expect(node.messenger.presence().get("surf")).toEqual({ game: "tf2", map: "ctf_2fort" });
    await app.client.close();
    await until(() => node.messenger.presence().get("surf")?.["game"] === undefined);
    expect(node.messenger.presence().get("surf")).toEqual({ map: "de_dust2" });
    await other.ask(say(1, null));
    expect(node.messenger.presence().get("surf")).toEqual({});
  });

  test("a state that is too large is refused, and what was said before holds", async () => {
    await app.ask({ op: "presence", id: 1, state: { map: "de_dust2" } });
    const state = { map: "x".repeat(33 * 1024) };
    expect(await app.ask({ op: "presence", id: 1, state })).toMatchObject({
      op: "error",
      id: 1,
      code: "invalid_payload",
    });
    expect(node.messenger.presence().get("surf")).toEqual({ map: "de_dust2" });
  });

  test("what comes to light when an application goes may be too large, and then the oldest goes, too", async () => {
    const large = "x".repeat(20 * 1024);
    await using second = await node.join();
    await using third = await node.join();
    const say = (state: unknown) => ({ op: "presence", id: 1, state });
    await app.ask(say({ a: large, first: true }));
    await second.ask(say({ a: "short" }));
    expect(await third.ask(say({ b: large }))).toMatchObject({ op: "ok" });
    expect(await second.ask(say(null))).toMatchObject({ op: "ok" });
    expect(node.messenger.presence().get("surf")).toEqual({ b: large });
  });

  test("changes follow where they are asked for, until stop", async () => {
    await using other = await node.join();
    expect(await app.ask({ op: "presence", id: 3, watch: true })).toMatchObject({
      op: "ok",
      id: 3,
    });
    await other.ask({ op: "presence", id: 1, state: { map: "de_dust2" } });
    expect(await app.next()).toEqual({
      op: "presence",
      id: 3,
      node: "surf",
      state: { map: "de_dust2" },
    });
    await app.ask({ op: "stop", id: 3 });
    await other.ask({ op: "presence", id: 1, state: { map: "de_aztec" } });
    await expectServed(app);
  });
});

describe("other nodes [BUS-2.8]", () => {
  const dust: RemoteNode = {
    name: "dust",
    instance: "00112233445566778899aabbccddeeff",
    incarnation: 7,
    via: undefined,
    rttMs: 12.5,
    isDown: false,
    hasRoom: true,
    drained: () => Promise.resolve(),
    sendControl: () => {},
    sendMessage: () => true,
  };
  const shown = {
    name: "dust",
    instance: dust.instance,
    incarnation: 7,
    via: null,
    rttMs: 12.5,
  };

  function comeUp(): void {
    node.messenger.onOpen(dust);
    node.messenger.onOpened(dust);
    const presence = Buffer.from("9181a36d6170a464757374", "hex");
    node.messenger.onFrame(dust, NodeFrameType.presence, presence, 0, presence.length);
    node.messenger.onFrame(dust, NodeFrameType.ready, Buffer.alloc(0), 0, 0);
  }

  test("are listed while they are up, with what they say", async () => {
    expect(await app.ask({ op: "peers", id: 1 })).toMatchObject({ result: [] });
    comeUp();
    expect(await app.ask({ op: "peers", id: 1 })).toEqual({ op: "ok", id: 1, result: [shown] });
    expect(await app.ask({ op: "presence", id: 1 })).toMatchObject({
      result: [{ node: "surf" }, { node: "dust", state: { map: "dust" } }],
    });
    node.messenger.onDown(dust);
    expect(await app.ask({ op: "peers", id: 1 })).toMatchObject({ result: [] });
  });

  test("are told of as they come and go, where that is asked for", async () => {
    await app.ask({ op: "peers", id: 1, watch: true });
    await app.ask({ op: "presence", id: 2, watch: true });
    comeUp();
    const came = [await app.next(), await app.next()];
    expect(came).toContainEqual({ op: "peer", id: 1, change: "up", peer: shown });
    expect(came).toContainEqual({ op: "presence", id: 2, node: "dust", state: { map: "dust" } });
    node.messenger.onDown(dust);
    const went = [await app.next(), await app.next()];
    expect(went).toContainEqual({ op: "peer", id: 1, change: "down", peer: shown });
    expect(went).toContainEqual({ op: "presence", id: 2, node: "dust", state: null });
  });
});

describe("when the plugin is unloaded", () => {
  test("applications are told so, and nothing of them is left", async () => {
    await app.ask({ op: "subscribe", id: 1, pattern: "chat" });
    await app.ask({ op: "serve", id: 2, service: "time" });
    await app.ask({ op: "presence", id: 3, state: { map: "de_dust2" }, watch: true });
    await app.ask({ op: "peers", id: 4, watch: true });
    const before = node.messenger.sizes();
    expect(before).toMatchObject({ subscriptions: 1, services: 1, listeners: 2 });
    await node.host.unload("bus");
    expect(await app.client.over).toMatchObject({ code: "nobody_home" });
    expect(node.messenger.sizes()).toMatchObject({
      subscriptions: 0,
      services: 0,
      listeners: 0,
      presenceOwners: 0,
    });
    expect(node.messenger.presence().get("surf")).toEqual({});
    await node.host.load("bus");
    await using again = await node.join();
    await expectServed(again);
  });
});

test("what an application had open goes with it, also when the connection is lost", async () => {
  const { port } = node.endpoint;
  const client = await RawClient.connect({ host: "127.0.0.1", port, plugin: "bus" });
  await client.close();
  await app.ask({ op: "subscribe", id: 1, pattern: "chat" });
  await app.ask({ op: "serve", id: 2, service: "time" });
  await app.ask({ op: "peers", id: 4, watch: true });
  await app.client.close();
  await until(() => node.messenger.sizes()["subscriptions"] === 0);
  expect(node.messenger.sizes()).toMatchObject({ subscriptions: 0, services: 0, listeners: 0 });
});
