import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ClientConnection } from "../../src/client-connection.ts";
import { Endpoint } from "../../src/endpoint.ts";
import { DEFAULT_CLIENT_LIMITS } from "../../src/limits.ts";
import {
  RawReceiver,
  type RawReceiverClass,
  type Registration,
  type RequestCallback,
} from "../../src/receivers.ts";
import { RequestClient } from "../../src/request-client.ts";
import { cut, frame, header } from "../helpers/frames.ts";
import { MemoryTransport } from "../helpers/memory-transport.ts";
import { ScriptedPeer } from "../helpers/scripted-peer.ts";
import { ServerHarness } from "../helpers/server-harness.ts";
import { nextTurn, until } from "../helpers/turns.ts";

interface Registering {
  readonly addRequest: (name: string, callback: RequestCallback) => Registration;
  readonly addRaw: (name: string, receiver: RawReceiverClass) => Registration;
}

const unhandled: unknown[] = [];
const note = (error: unknown): void => {
  unhandled.push(error);
};
beforeAll(() => {
  process.on("unhandledRejection", note);
});
afterAll(async () => {
  await nextTurn();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

class Careless extends RawReceiver {
  override async onDataReceived(data: Buffer): Promise<void> {
    if (data.length === 3) this.stop();
    if (data.length === 5) throw new Error("boom");
    if (!this.sendData(data)) await this.drained();
  }

  override onClosed(): void {
    throw new Error("boom");
  }
}

/** What plugins may do, well and badly; answers how to unload them all. */
function register({ addRequest, addRaw }: Registering): () => void {
  const registrations = [
    addRequest("echo", (_address, data) => data),
    addRequest("later", async (_address, data) => data),
    addRequest("mixed", (_address, data) => {
      if (data.length % 7 === 6) throw new Error("boom");
      return data.length % 2 === 0 ? data : Promise.resolve(Buffer.alloc(data.length * 3000));
    }),
    addRaw("raw", Careless),
  ];
  return () => registrations.forEach((registration) => registration.remove());
}

const messages = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => frame(5, bytes)) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom("echo", "later", "mixed", "raw", "nobody")
      .map((name) => frame(1, name)),
  },
  { weight: 2, arbitrary: fc.constantFrom("echo", "raw", "nobody").map((name) => frame(2, name)) },
  { weight: 1, arbitrary: fc.constant(frame(0x0a)) },
  { weight: 1, arbitrary: fc.constant(header(0)) },
  { weight: 1, arbitrary: fc.nat({ max: 255 }).map((code) => frame(code, "?")) },
);

/** A valid conversation more often than not. */
const conversations = fc
  .tuple(
    fc.constantFrom(frame(1, "echo"), frame(1, "later"), frame(1, "mixed"), frame(2, "raw")),
    fc.array(messages, { maxLength: 12 }),
  )
  .map(([start, rest]) => Buffer.concat([start, ...rest]));

const mutations = fc.array(
  fc.record({ kind: fc.constantFrom("flip", "cut", "double"), at: fc.nat(), with: fc.nat() }),
  { maxLength: 3 },
);

const streams = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(conversations, mutations).map(([wire, list]) => list.reduce(mutate, wire)),
);

function mutate(wire: Buffer, mutation: { kind: string; at: number; with: number }): Buffer {
  const at = mutation.at % (wire.length + 1);
  if (mutation.kind === "cut") return wire.subarray(0, at);
  if (mutation.kind === "double") {
    const end = at + (mutation.with % 20);
    return Buffer.concat([wire.subarray(0, end), wire.subarray(at)]);
  }
  const flipped = Buffer.from(wire);
  if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << (mutation.with % 8));
  return flipped;
}

const cuts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 });
const finishes = fc.constantFrom("none", "end", "close", "unload", "drain");

describe("whatever a client sends", () => {
  test("a connection in memory survives it and gives everything back", async () => {
    await fc.assert(
      fc.asyncProperty(
        streams,
        cuts,
        finishes,
        fc.nat({ max: 400 }),
        async (wire, sizes, finish, capacity) => {
          const harness = new ServerHarness({
            requestsInFlightMax: 2,
            sendHighWaterBytes: 50,
            memoryBytesMax: 300_000,
          });
          const unload = register({
            addRequest: (name, callback) => harness.registry.addRequest(name, callback, "test"),
            addRaw: (name, receiver) => harness.registry.addRaw(name, receiver, "test"),
          });
          harness.transport.capacity = capacity;
          for (const [index, piece] of cut(wire, sizes).entries()) {
            if (!harness.transport.paused) harness.connection.onData(piece);
            if (index % 3 === 0) harness.drain(capacity);
            if (index % 5 === 0) await nextTurn();
            harness.pass(100);
          }
          if (finish === "end") harness.connection.onEnd();
          if (finish === "close") harness.connection.onClose();
          if (finish === "drain") harness.connection.drain();
          if (finish === "unload") unload();
          for (let turns = 0; turns < 4; turns += 1) {
            harness.drain();
            await nextTurn();
          }
          harness.connection.terminate();
          await nextTurn();
          expect(harness.connection.state).toBe("closed");
          expect(harness.closed).toBe(1);
          expect(harness.budget.bytes).toBe(0);
        },
      ),
      { numRuns: 3000 },
    );
  }, 60_000);

  test("an endpoint survives it and serves the next client", async () => {
    const internal: Error[] = [];
    const endpoint = await Endpoint.listen({
      hostname: "127.0.0.1",
      port: 0,
      limits: {
        startTimeoutMs: 300,
        closeTimeoutMs: 300,
        messageTimeoutMs: 300,
        idleTimeoutMs: 300,
      },
      onInternalError: (error) => internal.push(error),
    });
    register({
      addRequest: (name, callback) => endpoint.onRequest(name, callback),
      addRaw: (name, receiver) => endpoint.onRaw(name, receiver),
    });
    await fc.assert(
      fc.asyncProperty(streams, cuts, finishes, async (wire, sizes, finish) => {
        const peer = await ScriptedPeer.connect(endpoint.port);
        for (const piece of cut(wire, sizes)) peer.send(piece);
        if (finish === "end") peer.end();
        else if (finish !== "none") peer.reset();
        const options = { host: "127.0.0.1", port: endpoint.port, plugin: "echo" };
        await using client = await RequestClient.connect(options);
        expect((await client.request("still here")).toString()).toBe("still here");
        if (finish === "none") peer.reset();
      }),
      { numRuns: 400 },
    );
    await until(() => endpoint.status().connections === 0);
    expect(endpoint.status()).toMatchObject({ connections: 0, pending: 0, heldBytes: 0 });
    expect(internal).toEqual([]);
    await endpoint.close(0);
  }, 60_000);
});

describe("whatever an endpoint sends", () => {
  const words = fc.oneof(
    { weight: 5, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => frame(5, bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 4, 0x0a).map((code) => frame(code)) },
    { weight: 1, arbitrary: fc.nat({ max: 255 }).map((code) => frame(code, "?")) },
    { weight: 1, arbitrary: fc.constant(header(0)) },
  );
  const answers = fc.oneof(
    fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.array(words, { maxLength: 15 }), mutations)
      .map(([list, changes]) => changes.reduce(mutate, Buffer.concat([frame(1), ...list]))),
  );

  test("a client ends once, closes, and leaves nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(answers, cuts, fc.nat({ max: 4 }), async (wire, sizes, pauseEvery) => {
        const last: string[] = [];
        let received = 0;
        const thrown: unknown[] = [];
        const connection: ClientConnection = new ClientConnection({
          transport: new MemoryTransport(),
          plugin: "plugin",
          mode: "raw",
          target: "192.0.2.1:1",
          limits: { ...DEFAULT_CLIENT_LIMITS, messageBytesMax: 100_000 },
          callbacks: {
            onData: (data) => {
              received += 1;
              if (pauseEvery > 0 && received % pauseEvery === 0) connection.pause();
              if (data.length === 3) connection.send(data);
              if (data.length === 5) throw new Error("boom");
            },
            onEnd: () => last.push("end"),
            onNobodyHome: () => last.push("nobody home"),
            onCommunicationError: () => last.push("communication error"),
            onProtocolError: () => last.push("protocol error"),
            onAbort: () => last.push("abort"),
            onCallbackError: (error) => thrown.push(error),
          },
        });
        connection.start();
        for (const [index, piece] of cut(wire, sizes).entries()) {
          connection.onData(piece);
          if (index % 4 === 3) connection.resume();
        }
        connection.onEnd();
        connection.onClose();
        for (let count = 0; connection.state !== "closed" && count < 200; count += 1) {
          connection.resume();
        }
        await connection.closed;
        // A callback that threw ended it, and heard of it in that way.
        expect(last.length + Math.min(thrown.length, 1)).toBe(1);
      }),
      { numRuns: 3000 },
    );
  }, 60_000);
});
