import { describe, expect, test } from "bun:test";
import { Endpoint } from "../../src/endpoint.ts";
import type { EndpointOptions } from "../../src/endpoint-options.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { Whitelist } from "../../src/whitelist.ts";
import { frame, header } from "../helpers/frames.ts";
import { ScriptedPeer } from "../helpers/scripted-peer.ts";
import { SELF_SIGNED } from "../helpers/tls.ts";
import { until } from "../helpers/turns.ts";
import { upgradedPair, upgrading } from "../helpers/upgrades.ts";

const START = frame(ClientCode.startRaw, "mesh");
const ACCEPTED = frame(ServerCode.accepted);
/** Where those come from who are on the whitelist. */
const FRIEND = "127.0.0.2";

/** An endpoint at which 127.0.0.1 is a stranger. */
async function guarded(more: Partial<EndpointOptions> = {}) {
  const endpoint = await Endpoint.listen({
    hostname: "127.0.0.1",
    port: 0,
    whitelist: [FRIEND],
    ...more,
  });
  endpoint.onRequest("echo", (_address, data) => data);
  endpoint.onRequest("mesh", (_address, data) => data);
  endpoint.onRaw("raw", RawReceiver);
  return { endpoint, ...upgrading(endpoint) };
}

async function servesFriends(endpoint: Endpoint): Promise<void> {
  const friend = await ScriptedPeer.connect(endpoint.port, FRIEND);
  friend.send(frame(ClientCode.startRequest, "echo"), frame(ClientCode.data, "x"));
  await friend.expect(Buffer.concat([ACCEPTED, frame(ServerCode.data, "x")]));
  friend.reset();
}

/** All that was refused, whatever for. */
function refused(endpoint: Endpoint): Record<string, number> {
  const counts = Object.entries(endpoint.status().counters.refusals);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

describe("a stranger", () => {
  test("may ask for an upgrade", async () => {
    const { endpoint, accepted } = await guarded();
    const { client, end } = await upgradedPair(endpoint.port, accepted);
    client.send("x");
    await end.expect("x");
    expect(refused(endpoint)).toEqual({});
    client.transport.terminate();
    await endpoint.close();
  });

  test("may ask for the longest name there is", async () => {
    const { endpoint } = await guarded();
    const name = "n".repeat(255);
    endpoint.onUpgrade(name, {
      tls: SELF_SIGNED,
      open: () => expect.unreachable(),
    });
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(frame(ClientCode.startRaw, name));
    await peer.expect(ACCEPTED);
    peer.reset();
    await endpoint.close();
  });

  test.each([
    ["a request-based start", frame(ClientCode.startRequest, "echo")],
    ["a request-based start of the upgrade's name", frame(ClientCode.startRequest, "mesh")],
    ["another raw start", frame(ClientCode.startRaw, "raw")],
    ["a raw start of nobody", frame(ClientCode.startRaw, "nobody")],
    ["a raw start without a name", frame(ClientCode.startRaw)],
    ["a name that is not UTF-8", frame(ClientCode.startRaw, Buffer.from([0xff]))],
    ["data", frame(ClientCode.data, "mesh")],
    ["an end", frame(ClientCode.end)],
    ["an unknown code", frame(0x77)],
    ["an empty message", Buffer.alloc(3)],
    ["an empty message before the right start", Buffer.concat([Buffer.alloc(3), START])],
    ["data before the right start", Buffer.concat([frame(ClientCode.data), START])],
    ["the header of 257 bytes", header(257)],
    ["the header of the longest message", header(0xff_ff_ff)],
    ["a request in HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ])("that sends %s is closed without a byte, and counted once", async (_what, bytes) => {
    const { endpoint, accepted } = await guarded();
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.send(bytes);
    expect(await peer.ended()).toBe("eof");
    // It keeps its side open, and says the right thing too late.
    peer.send(START);
    await until(() => endpoint.status().connections === 0);
    expect(peer.receivedBytes).toBe(0);
    expect(refused(endpoint)).toEqual({ not_whitelisted: 1 });
    expect(accepted).toEqual([]);
    await servesFriends(endpoint);
    await endpoint.close();
  });

  test("that sends the wrong thing byte by byte is closed all the same", async () => {
    const { endpoint } = await guarded();
    const peer = await ScriptedPeer.connect(endpoint.port);
    const bytes = frame(ClientCode.startRequest, "echo");
    for (const byte of bytes) {
      const { bytesIn } = endpoint.status().counters;
      peer.send(Buffer.from([byte]));
      await until(() => endpoint.status().counters.bytesIn === bytesIn + 1);
    }
    expect(await peer.ended()).toBe("eof");
    expect(peer.receivedBytes).toBe(0);
    expect(refused(endpoint)).toEqual({ not_whitelisted: 1 });
    await endpoint.close();
  });

  test("that leaves without a word is let go, and counted", async () => {
    const { endpoint } = await guarded();
    const peer = await ScriptedPeer.connect(endpoint.port);
    peer.end();
    expect(await peer.ended()).toBe("eof");
    await until(() => endpoint.status().connections === 0);
    expect(refused(endpoint)).toEqual({ not_whitelisted: 1 });
    await endpoint.close();
  });

  test("that says nothing has the time of a start", async () => {
    const { endpoint } = await guarded({ limits: { startTimeoutMs: 50 } });
    const peer = await ScriptedPeer.connect(endpoint.port);
    await peer.ended();
    expect(peer.receivedBytes).toBe(0);
    expect(refused(endpoint)).toEqual({ start_timeout: 1 });
    await endpoint.close();
  });

  test("does not outlive the close of the endpoint", async () => {
    const { endpoint } = await guarded();
    const peer = await ScriptedPeer.connect(endpoint.port);
    await until(() => endpoint.status().pending === 1);
    await endpoint.close();
    await peer.ended();
    expect(peer.receivedBytes).toBe(0);
    expect(refused(endpoint)).toEqual({});
  });
});

describe("without an upgrade, strangers", () => {
  test("are closed at once, before one is registered and after it was removed", async () => {
    const { endpoint, registration } = await guarded();
    registration.remove();
    const peer = await ScriptedPeer.connect(endpoint.port);
    expect(await peer.ended()).toBe("eof");
    expect(endpoint.status().counters.connections).toBe(0);
    expect(refused(endpoint)).toEqual({ not_whitelisted: 1 });
    await endpoint.close();
  });

  test("that came while there was one are closed, those on the whitelist are not", async () => {
    const { endpoint, registration } = await guarded();
    const peer = await ScriptedPeer.connect(endpoint.port);
    const friend = await ScriptedPeer.connect(endpoint.port, FRIEND);
    await until(() => endpoint.status().pending === 2);
    registration.remove();
    expect(await peer.ended()).toBe("eof");
    expect(peer.receivedBytes).toBe(0);
    expect(refused(endpoint)).toEqual({ not_whitelisted: 1 });
    friend.send(frame(ClientCode.startRequest, "echo"));
    await friend.expect(ACCEPTED);
    friend.reset();
    await endpoint.close();
  });

  test("may still ask for another that is left", async () => {
    const { endpoint, registration } = await guarded();
    endpoint.onUpgrade("other", {
      tls: SELF_SIGNED,
      open: () => expect.unreachable(),
    });
    const peer = await ScriptedPeer.connect(endpoint.port);
    await until(() => endpoint.status().pending === 1);
    registration.remove();
    peer.send(frame(ClientCode.startRaw, "other"));
    await peer.expect(ACCEPTED);
    peer.reset();
    await endpoint.close();
  });
});

test("a new whitelist leaves strangers what they may do, and takes from others what they may not", async () => {
  const { endpoint } = await guarded();
  const stranger = await ScriptedPeer.connect(endpoint.port);
  const friend = await ScriptedPeer.connect(endpoint.port, FRIEND);
  await until(() => endpoint.status().pending === 2);
  endpoint.setWhitelist(await Whitelist.create(["127.0.0.3"]));
  expect(await friend.ended()).toBe("eof");
  stranger.send(START);
  await stranger.expect(ACCEPTED);
  stranger.reset();
  friend.reset();
  await endpoint.close();
});

test("a flood of strangers leaves those on the whitelist their places", async () => {
  const { endpoint } = await guarded({ limits: { pendingMax: 8, startTimeoutMs: 60_000 } });
  const waiting = await ScriptedPeer.connect(endpoint.port, FRIEND);
  await until(() => endpoint.status().pending === 1);
  const flood = await Promise.all(
    Array.from({ length: 50 }, () => ScriptedPeer.connect(endpoint.port)),
  );
  const { counters } = endpoint.status();
  await until(() => endpoint.status().counters.connections + refusedPending(endpoint) >= 51);
  expect(counters.refusals.not_whitelisted).toBe(0);
  expect(endpoint.status().pending).toBeLessThanOrEqual(5);
  for (let count = 0; count < 10; count += 1) await servesFriends(endpoint);
  waiting.send(frame(ClientCode.startRequest, "echo"));
  await waiting.expect(ACCEPTED);
  waiting.reset();
  for (const peer of flood) peer.reset();
  await endpoint.close();
});

function refusedPending(endpoint: Endpoint): number {
  return endpoint.status().counters.refusals.pending_max;
}
