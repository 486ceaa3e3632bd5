import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { resultOf } from "../../../../../mesh/plugins/collectors/ccp/answer.ts";
import { CCP_SINK } from "../../../../../mesh/plugins/collectors/ccp/ccp-sink.ts";
import type { Sink } from "../../../../../mesh/plugins/collectors/sink.ts";
import type { WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { decode, Endpoint, encode, type RequestCallback } from "../../../../../src/index.ts";
import { LineReceiver } from "../../../../helpers/collectors/line-receiver.ts";
import { batchOf, eventOf, readSink, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";
import { freePort } from "../../../../helpers/games/free-port.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";
import { CA, ELSEWHERE, LOCALHOST } from "../../../../helpers/tls.ts";
import { until } from "../../../../helpers/turns.ts";

const DELIVERED = { kind: "delivered" } as const;

describe("an application's endpoint", () => {
  let endpoint: Endpoint;
  let requests: string[];
  let sinks: Sink[];

  beforeEach(async () => {
    endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    requests = [];
    sinks = [];
  });

  afterEach(async () => {
    for (const sink of sinks) await sink.close();
    await endpoint.close(0);
  });

  function answer(callback: RequestCallback): void {
    endpoint.onRequest("events", (address, data) => {
      requests.push(data.toString());
      return callback(address, data);
    });
  }

  function open(written: WrittenSettings = {}, port = endpoint.port): Sink {
    const sink = sinkOf(CCP_SINK, `ccp://127.0.0.1:${port}/events`, written);
    sinks.push(sink);
    return sink;
  }

  test("gets batches as JSON over one communication, and confirms them", async () => {
    answer(() => "ok");
    const sink = open();
    expect(sink.where).toBe(`ccp://127.0.0.1:${endpoint.port}/events`);
    expect(await send(sink, batchOf(1, 2))).toEqual(DELIVERED);
    expect(await send(sink, batchOf(3))).toEqual(DELIVERED);
    expect(requests.map((text): unknown => JSON.parse(text))).toEqual([
      {
        collector: "logs",
        node: "surf",
        key: "1-2",
        events: [eventOf(1).envelope, eventOf(2).envelope],
      },
      { collector: "logs", node: "surf", key: "3", events: [eventOf(3).envelope] },
    ]);
    expect(endpoint.status().connections).toBe(1);
  });

  test("gets batches as MessagePack", async () => {
    const decoded: unknown[] = [];
    answer((_address, data) => {
      decoded.push(decode(data));
      return encode({ ok: true });
    });
    expect(await send(open({ format: "msgpack" }), batchOf(1))).toEqual(DELIVERED);
    expect(decoded).toEqual([
      { collector: "logs", node: "surf", key: "1", events: [eventOf(1).envelope] },
    ]);
  });

  test("may have several batches at once", async () => {
    const replies: PromiseWithResolvers<string>[] = [];
    answer(() => {
      const reply = Promise.withResolvers<string>();
      replies.push(reply);
      return reply.promise;
    });
    const sink = open();
    const sent = [1, 2, 3].map((seq) => send(sink, batchOf(seq)));
    await until(() => replies.length === 3);
    for (const reply of replies.toReversed()) reply.resolve("ok");
    expect(await Promise.all(sent)).toEqual([DELIVERED, DELIVERED, DELIVERED]);
    expect(endpoint.status().connections).toBe(1);
  });

  test("may refuse a batch, and the next one still arrives", async () => {
    const answers = ['{"ok":false,"text":"no such table"}', "ok"];
    answer(() => answers.shift() ?? "");
    const sink = open();
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "refused",
      text: `${sink.where} answered "no such table" instead of ok`,
    });
    expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
  });

  test("fails: the same comes again", async () => {
    let fails = true;
    answer(() => {
      if (fails) throw new Error("the database is gone");
      return "ok";
    });
    const sink = open();
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${sink.where}: the plugin "events" failed`,
    });
    fails = false;
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
  });

  test("has nobody home: the same comes again, and goes once somebody is", async () => {
    const sink = open();
    const told = await send(sink, batchOf(1));
    expect(told.kind).toBe("retry");
    expect(JSON.stringify(told)).toContain("no plugin receives request communications");
    answer(() => "ok");
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
  });

  test("is stopped and started again", async () => {
    answer(() => "ok");
    const sink = open();
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
    const { port } = endpoint;
    await endpoint.close(0);
    expect(await send(sink, batchOf(2))).toMatchObject({ kind: "retry" });
    endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port });
    answer(() => "ok");
    expect(await send(sink, batchOf(2))).toEqual(DELIVERED);
  });

  test("answers too late: the same comes again, on another communication", async () => {
    let isSlow = true;
    answer(() => (isSlow ? new Promise<string>(() => undefined) : "ok"));
    const sink = open({ timeout_ms: "200" });
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${sink.where} did not answer in time; the same is sent again`,
    });
    isSlow = false;
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
  });

  test("is given up on at once", async () => {
    answer(() => new Promise<string>(() => undefined));
    const sink = open();
    const giveUp = new AbortController();
    const sent = sink.send(batchOf(1), giveUp.signal);
    await until(() => requests.length === 1);
    giveUp.abort();
    expect(await sent).toMatchObject({ kind: "retry" });
  });

  test("what does not fit a message of CCP is refused, not sent for ever", async () => {
    answer(() => "ok");
    const events = [eventOf(1, { payload: { text: "x".repeat(16_777_214) } })];
    const result = await send(open(), { key: "k", events });
    expect(result.kind).toBe("refused");
    expect(JSON.stringify(result)).toContain("do not fit a message of CCP; make batches smaller");
  });

  test("is nobody at all", async () => {
    const port = freePort();
    expect(await send(open({}, port), batchOf(1))).toEqual({
      kind: "retry",
      text: `ccp://127.0.0.1:${port}/events refused the connection; is the application running, and its endpoint on that port?`,
    });
  });

  test("is something else: nothing hangs", async () => {
    await using silent = await LineReceiver.listen({ onConnection: (socket) => socket.resume() });
    const sink = open({ timeout_ms: "300" }, silent.port);
    expect(await send(sink, batchOf(1))).toMatchObject({ kind: "retry" });
    await sink.close();
    await using web = await LineReceiver.listen({
      onConnection: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"),
    });
    expect(await send(open({}, web.port), batchOf(1))).toMatchObject({ kind: "retry" });
  });

  test("answers without end: the communication is over, the memory is not", async () => {
    answer(() => Buffer.alloc(1_000_000));
    const result = await send(open(), batchOf(1));
    expect(result.kind).toBe("retry");
    expect(JSON.stringify(result)).toContain("more than the 65536 allowed");
  });
});

describe("over TLS", () => {
  test.each([
    ["that proves who it is", LOCALHOST, "delivered"],
    ["of another name", ELSEWHERE, "retry"],
  ])("an endpoint %s", async (_what, tls, kind) => {
    await using folder = await TempFolder.create({ "ca.pem": CA });
    const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0, tls });
    endpoint.onRequest("events", () => "ok");
    const url = `ccps://localhost:${endpoint.port}/events`;
    const sink = sinkOf(CCP_SINK, url, { tls_ca: folder.at("ca.pem") });
    expect<string>((await send(sink, batchOf(1))).kind).toBe(kind);
    await sink.close();
    await endpoint.close(0);
  });

  test("without the authority's file", async () => {
    const sink = sinkOf(CCP_SINK, "ccps://localhost:1/events", { tls_ca: "/nowhere/ca.pem" });
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: "tls_ca: /nowhere/ca.pem cannot be read (ENOENT); check the path, and that the node's user may read it",
    });
    await sink.close();
  });
});

describe("an answer", () => {
  test.each([
    ["ok", "json", "delivered"],
    [" ok\n", "msgpack", "delivered"],
    ['"ok"', "json", "delivered"],
    ['{"ok":true,"more":1}', "json", "delivered"],
    [encode("ok"), "msgpack", "delivered"],
    [encode({ ok: true }), "msgpack", "delivered"],
    ["", "json", "refused"],
    ["OK!", "json", "refused"],
    ['{"ok":1}', "json", "refused"],
    ['{"ok":"true"}', "json", "refused"],
    ["true", "json", "refused"],
    ["null", "json", "refused"],
    ['{"__proto__":{"ok":true}}', "json", "refused"],
    [encode({ ok: true }), "json", "refused"],
  ] as const)("%j as %s", (answer, format, kind) => {
    const bytes = typeof answer === "string" ? Buffer.from(answer) : answer;
    expect(resultOf(bytes, format, "there").kind).toBe(kind);
  });

  test("of any bytes is a result with a text that is one short line", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1000 }),
        fc.constantFrom("json" as const, "msgpack" as const),
        (bytes, format) => {
          const result = resultOf(bytes, format, "there");
          if (result.kind === "delivered") return;
          expect(result.kind).toBe("refused");
          expect(result.text).not.toMatch(/\p{Cc}/u);
          expect(result.text.length).toBeLessThan(300);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("the settings", () => {
  const NAME = "url must end with the plugin's name, as ccp://host:6000/events";

  test.each([
    ["ccp://h:6000/events", {}, []],
    ["ccps://h:6000/a%20b", { format: "msgpack", tls_ca: "x", timeout_ms: "500" }, []],
    ["ccp://h:6000", {}, [NAME]],
    ["ccp://h:6000/", {}, [NAME]],
    ["ccp://h:6000/%ff", {}, [NAME]],
    [`ccp://h:6000/${"x".repeat(256)}`, {}, [NAME]],
    ["ccp://h/events", {}, ["url must name a port from 1 to 65535, as in host:6000"]],
    ["ccp://h:6000/events?a", {}, ["url must end after the plugin's name"]],
    [
      "ccp://h:6000/events",
      { format: "msgpak" },
      ['format must be one of json, msgpack, not "msgpak"; did you mean msgpack?'],
    ],
  ])("%s with %j", (url, written, problems) => {
    expect(readSink(CCP_SINK, url, written).problems).toEqual(problems);
  });
});
