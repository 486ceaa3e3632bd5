/** The line that other tests make bad: each fault does what its name says, and nothing else. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FaultProxy, freePort } from "../helpers/fault-proxy.ts";
import { pattern } from "../helpers/frames.ts";
import { ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import { rejection, until } from "../helpers/turns.ts";

let server: ScriptedServer;
let proxy: FaultProxy;
let client: ScriptedPeer;
let served: ScriptedPeer;

beforeEach(async () => {
  const arrived = Promise.withResolvers<ScriptedPeer>();
  server = await ScriptedServer.listen((peer) => arrived.resolve(peer));
  proxy = await FaultProxy.to(server.port);
  client = await ScriptedPeer.connect(proxy.port);
  served = await arrived.promise;
});

afterEach(async () => {
  client.reset();
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Both directions carry something now. */
async function expectBothWays(): Promise<void> {
  const [before, beforeThat] = [served.receivedBytes, client.receivedBytes];
  client.send(Buffer.from("ping"));
  await served.expectBytes(before + 4);
  served.send(Buffer.from("pong"));
  await client.expectBytes(beforeThat + 4);
}

test("without a fault it passes everything on, more than it keeps, and records it", async () => {
  const sent = pattern(700_000);
  client.send(sent);
  await served.expect(sent);
  served.send(sent);
  await client.expect(sent);
  const [recording] = proxy.recordings;
  expect(recording?.toServer.equals(sent)).toBe(true);
  expect(recording?.toClient.equals(sent)).toBe(true);
});

test("an end and a reset of one side reach the other", async () => {
  client.end();
  expect(await served.ended()).toBe("eof");
  served.send(Buffer.from("still"));
  await client.expect(Buffer.from("still"));
  served.reset();
  expect(await client.ended()).not.toBe("eof");
  await until(() => proxy.connections === 0);
});

describe("a cut", () => {
  test("that holds lets all of it through when it heals, ends included", async () => {
    proxy.faultBoth({ cut: "hold" });
    const sent = pattern(100_000);
    client.send(sent);
    client.end();
    served.send(sent);
    await Bun.sleep(30);
    expect([client.receivedBytes, served.receivedBytes]).toEqual([0, 0]);
    expect([client.over, served.over]).toEqual([undefined, undefined]);
    proxy.heal();
    await served.expect(sent);
    await client.expect(sent);
    expect(await served.ended()).toBe("eof");
  });

  test("that holds reads no more than it may keep", async () => {
    proxy.faultBoth({ cut: "hold" });
    const sent = pattern(32 * 1024 * 1024);
    const residentBytes = process.memoryUsage.rss();
    client.send(sent);
    await Bun.sleep(50);
    expect(process.memoryUsage.rss() - residentBytes).toBeLessThan(128 * 1024 * 1024);
    proxy.heal();
    await served.expectBytes(sent.length);
    expect(served.received.equals(sent)).toBe(true);
  });

  test("that vanishes loses what is sent meanwhile, and only one way if so told", async () => {
    proxy.fault({ toServer: { cut: "vanish" } });
    client.send(Buffer.from("lost"));
    served.send(Buffer.from("heard"));
    await client.expect(Buffer.from("heard"));
    proxy.heal();
    client.send(Buffer.from("after"));
    await served.expect(Buffer.from("after"));
  });
});

test("latency and jitter delay, and keep the order", async () => {
  proxy.faultBoth({ latencyMs: 40, jitterMs: 20 });
  const beganMs = performance.now();
  for (let piece = 0; piece < 50; piece += 1) {
    client.send(Buffer.of(piece));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  await served.expect(Buffer.from(Array.from({ length: 50 }, (_, piece) => piece)));
  expect(performance.now() - beganMs).toBeGreaterThan(39);
});

test("a slow line takes its time", async () => {
  proxy.faultBoth({ bytesPerSecond: 20_000 });
  const beganMs = performance.now();
  client.send(pattern(5000));
  await served.expect(pattern(5000));
  // The first 2,000 at once, and the rest in two steps of a tenth of a second each.
  expect(performance.now() - beganMs).toBeGreaterThan(190);
});

test("slices arrive as they were cut", async () => {
  proxy.faultBoth({ sliceBytes: 3 });
  client.send(pattern(1000));
  await served.expect(pattern(1000));
  const [recording] = proxy.recordings;
  expect(recording?.toServer.length).toBe(1000);
});

test("reset and close reach both sides", async () => {
  proxy.close();
  expect(await client.ended()).toBe("eof");
  expect(await served.ended()).toBe("eof");
  const again = await ScriptedPeer.connect(proxy.port);
  await until(() => proxy.connections === 2);
  proxy.reset();
  expect(await again.ended()).not.toBe("eof");
  await until(() => proxy.connections === 0);
});

test("the dialling side alone can be reset; the other hears nothing, until it ends itself", async () => {
  proxy.resetClients();
  expect(await client.ended()).not.toBe("eof");
  served.send(Buffer.from("is anybody there?"));
  await Bun.sleep(20);
  expect(served.over).toBeUndefined();
  served.end();
  await until(() => proxy.connections === 0);
});

test("refusing turns newcomers away until it admits them again; others stay", async () => {
  proxy.refuse();
  expect(await rejection(ScriptedPeer.connect(proxy.port))).toMatchObject({ code: "ECONNREFUSED" });
  await expectBothWays();
  await proxy.admit();
  const newcomer = await ScriptedPeer.connect(proxy.port);
  newcomer.send(Buffer.from("hello"));
  await until(() => proxy.recordings[1]?.toServer.toString() === "hello");
  newcomer.reset();
});

test("a free port is free", async () => {
  const port = await freePort();
  await using other = await FaultProxy.to(server.port, { port });
  expect(other.port).toBe(port);
});
