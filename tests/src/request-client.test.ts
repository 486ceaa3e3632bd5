import { describe, expect, test } from "bun:test";
import { Endpoint } from "../../src/endpoint.ts";
import { ServerCode } from "../../src/protocol.ts";
import type { RequestCallback } from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { frame } from "../helpers/frames.ts";
import { type ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import { rejection, until } from "../helpers/turns.ts";

async function serving(
  callback: RequestCallback,
  limits: NonNullable<Parameters<typeof Endpoint.listen>[0]["limits"]> = {},
): Promise<Endpoint> {
  const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0, limits });
  endpoint.onRequest("plugin", callback);
  return endpoint;
}

type Limits = NonNullable<Parameters<typeof RequestClient.connect>[0]["limits"]>;

function connecting(port: number, limits: Limits = {}): Promise<RequestClient> {
  return RequestClient.connect({ host: "127.0.0.1", port, plugin: "plugin", limits });
}

/** An endpoint that accepts and then does what the test says. */
async function scripted(): Promise<{ server: ScriptedServer; peer: Promise<ScriptedPeer> }> {
  const { promise, resolve } = Promise.withResolvers<ScriptedPeer>();
  const server = await ScriptedServer.listen((peer) => {
    peer.send(frame(ServerCode.accepted));
    resolve(peer);
  });
  return { server, peer: promise };
}

describe("requests", () => {
  test("5,000 at once, answered in random order, get their own replies in order", async () => {
    await using endpoint = await serving(async (_address, data) => {
      for (let turns = Math.floor(Math.random() * 6); turns > 0; turns -= 1) {
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
      return `reply ${data.toString()}`;
    });
    await using client = await connecting(endpoint.port);
    const order: number[] = [];
    const replies = Array.from({ length: 5000 }, async (_, index) => {
      const reply = await client.request(`${index}`);
      order.push(index);
      return reply.toString();
    });
    expect(await Promise.all(replies)).toEqual(
      Array.from({ length: 5000 }, (_, index) => `reply ${index}`),
    );
    expect(order).toEqual([...Array(5000).keys()]);
    expect(client.inFlight).toBe(0);
    expect(endpoint.status().heldBytes).toBe(0);
  });

  test("of every size are answered with the same bytes", async () => {
    await using endpoint = await serving((_address, data) => data);
    await using client = await connecting(endpoint.port);
    for (const size of [0, 1, 4092, 65_536, 65_537, 1_000_000, 16_777_214]) {
      const data = Buffer.alloc(size, "ab");
      expect((await client.request(data)).equals(data)).toBe(true);
    }
    expect(endpoint.status().counters.refusals.send_queue_full).toBe(0);
  });

  test("that cannot be sent reject, and the next goes on", async () => {
    await using endpoint = await serving((_address, data) => data);
    await using client = await connecting(endpoint.port);
    expect(await rejection(client.request(Buffer.alloc(16_777_215)))).toMatchObject({
      code: "message_too_large",
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the very mistake under test
    expect(await rejection(client.request(5 as unknown as string))).toMatchObject({
      code: "bad_data",
      message: "only bytes or a string can be sent, not a value of type number",
    });
    expect((await client.request("fine")).toString()).toBe("fine");
  });

  test("above the limit are refused until replies come", async () => {
    const { server, peer } = await scripted();
    await using client = await connecting(server.port, { requestsInFlightMax: 2 });
    const first = client.request("a");
    const second = client.request("b");
    expect(await rejection(client.request("c"))).toMatchObject({
      code: "too_many_requests",
      message: "2 requests already wait for their replies",
    });
    (await peer).send(frame(ServerCode.data, "A"));
    expect((await first).toString()).toBe("A");
    const third = client.request("c");
    (await peer).send(frame(ServerCode.data, "B"), frame(ServerCode.data, "C"));
    expect((await second).toString()).toBe("B");
    expect((await third).toString()).toBe("C");
    (await peer).end();
    await client.over;
    await server[Symbol.asyncDispose]();
  });

  test("are refused when the endpoint takes none of them", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { sendQueueBytesMax: 1000, closeTimeoutMs: 50 });
    (await peer).pause();
    const codes: unknown[] = [];
    const settled: Promise<void>[] = [];
    for (let count = 0; count < 200 && codes.length === 0; count += 1) {
      settled.push(
        client.request(Buffer.alloc(500_000)).then(
          () => {},
          (error: unknown) => {
            codes.push(error);
          },
        ),
      );
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(codes[0]).toMatchObject({ code: "send_queue_full" });
    await client.close();
    await Promise.all(settled);
    await server[Symbol.asyncDispose]();
  });
});

describe("a request that is given up", () => {
  test("by its time limit leaves its late reply behind, and the next gets its own", async () => {
    const { server, peer } = await scripted();
    await using client = await connecting(server.port);
    const late = client.request("late", { timeoutMs: 20 });
    const next = client.request("next");
    expect(await rejection(late)).toMatchObject({
      code: "request_timeout",
      message: `127.0.0.1:${server.port} did not reply within 20 ms`,
    });
    expect(client.inFlight).toBe(2);
    (await peer).send(frame(ServerCode.data, "LATE"), frame(ServerCode.data, "NEXT"));
    expect((await next).toString()).toBe("NEXT");
    expect(client.inFlight).toBe(0);
    (await peer).end();
    await client.over;
    await server[Symbol.asyncDispose]();
  });

  test("by its signal leaves its late reply behind as well, and no listener", async () => {
    const { server, peer } = await scripted();
    await using client = await connecting(server.port);
    const controller = new AbortController();
    const cancelled = client.request("a", { signal: controller.signal });
    const next = client.request("b", { signal: controller.signal });
    const third = client.request("c");
    controller.abort("enough");
    for (const promise of [cancelled, next]) {
      expect(await rejection(promise)).toMatchObject({
        code: "cancelled",
        message: "the request was cancelled",
        cause: "enough",
      });
    }
    expect(await rejection(client.request("d", { signal: controller.signal }))).toMatchObject({
      code: "cancelled",
    });
    (await peer).send(...["A", "B", "C"].map((text) => frame(ServerCode.data, text)));
    expect((await third).toString()).toBe("C");
    (await peer).end();
    await client.over;
    await server[Symbol.asyncDispose]();
  });

  test("each by its own deadline, the earliest first, whatever their order", async () => {
    const { server, peer } = await scripted();
    await using client = await connecting(server.port);
    const order: string[] = [];
    const waits = [60, 20, 40].map(async (timeoutMs) => {
      await rejection(client.request("x", { timeoutMs }));
      order.push(`${timeoutMs}`);
    });
    const forever = client.request("y", { timeoutMs: 2 ** 40 });
    await Promise.all(waits);
    expect(order).toEqual(["20", "40", "60"]);
    (await peer).send(...["1", "2", "3", "4"].map((text) => frame(ServerCode.data, text)));
    expect((await forever).toString()).toBe("4");
    (await peer).end();
    await client.over;
    await server[Symbol.asyncDispose]();
  });
});

describe("requests in flight fail", () => {
  test.each<[string, (peer: ScriptedPeer) => void, string]>([
    ["end", (peer) => peer.send(frame(ServerCode.end)), "communication_ended"],
    ["nobody home", (peer) => peer.send(frame(ServerCode.nobodyHome)), "nobody_home"],
    [
      "communication error",
      (peer) => peer.send(frame(ServerCode.communicationError)),
      "communication_error",
    ],
    ["protocol error", (peer) => peer.send(frame(ServerCode.protocolError)), "protocol_error"],
    ["FIN", (peer) => peer.end(), "connection_aborted"],
    ["RST", (peer) => peer.reset(), "connection_aborted"],
  ])("with what the endpoint says: %s", async (name, says, code) => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { closeTimeoutMs: 30 });
    const replies = [client.request("a"), client.request("b")].map(rejection);
    await (await peer).expectBytes(9 + 5);
    says(await peer);
    expect(await Promise.all(replies)).toMatchObject([{ code }, { code }]);
    const over = await client.over;
    if (name === "end") expect(over).toBeUndefined();
    else expect(over).toMatchObject({ code });
    expect(await rejection(client.request("c"))).toMatchObject({
      code: "communication_ended",
      message: `the communication with 127.0.0.1:${server.port} is over; nothing was sent`,
    });
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  test("when the client closes, and it closes cleanly", async () => {
    const answer = Promise.withResolvers<string>();
    await using endpoint = await serving(() => answer.promise);
    const client = await connecting(endpoint.port, { closeTimeoutMs: 100 });
    const reply = rejection(client.request("a"));
    const closed = client.close();
    expect(await reply).toMatchObject({
      code: "communication_ended",
      message: `127.0.0.1:${endpoint.port} ended the communication before it replied`,
    });
    answer.resolve("too late");
    await closed;
    expect(await client.over).toBeUndefined();
    await until(() => endpoint.status().connections === 0);
  });
});

test("a reply to no request ends the communication with a protocol error", async () => {
  const { server, peer } = await scripted();
  const client = await connecting(server.port);
  (await peer).send(frame(ServerCode.data, "unasked"));
  expect(await client.over).toMatchObject({
    code: "protocol_error",
    message: `127.0.0.1:${server.port} sent a reply to no request`,
  });
  await server[Symbol.asyncDispose]();
});
