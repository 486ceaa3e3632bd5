import { describe, expect, test } from "bun:test";
import {
  addressText,
  type DialOptions,
  dialTcp,
  type TcpConnection,
  type TcpHandler,
} from "../../../../mesh/plugins/games/tcp-connection.ts";
import { type ScriptedPeer, ScriptedServer } from "../../../helpers/scripted-peer.ts";
import { rejection, until } from "../../../helpers/turns.ts";

/** Remembers what it is told. */
class Recorder implements TcpHandler {
  connection: TcpConnection | undefined;
  data = "";
  drains = 0;
  readonly closes: unknown[] = [];

  onOpen(connection: TcpConnection): void {
    this.connection = connection;
  }

  onData(chunk: Buffer): void {
    this.data += chunk.toString();
  }

  onDrain(): void {
    this.drains++;
  }

  onClosed(cause: unknown): void {
    this.closes.push(cause);
  }
}

interface Pair {
  readonly connection: TcpConnection;
  readonly recorder: Recorder;
  readonly peer: ScriptedPeer;
}

function to(port: number, more: Partial<DialOptions> = {}): DialOptions {
  return { host: "127.0.0.1", port, timeoutMs: 5_000, queueBytesMax: 1024 * 1024, ...more };
}

async function pair(use: (pair: Pair) => Promise<void>): Promise<void> {
  const peers: ScriptedPeer[] = [];
  await using server = await ScriptedServer.listen((peer) => peers.push(peer));
  const recorder = new Recorder();
  await dialTcp(to(server.port), recorder);
  await until(() => peers.length === 1);
  const [peer] = peers;
  const { connection } = recorder;
  if (peer === undefined || connection === undefined) throw new Error("it is not connected");
  await use({ connection, recorder, peer });
}

/** Writes until no more may wait; answers how much that was. */
function fill(connection: TcpConnection, chunk: Uint8Array): number {
  let chunks = 0;
  while (chunks < 10_000 && connection.write(chunk)) chunks++;
  return chunks * chunk.length;
}

const CHUNK: Uint8Array = Buffer.alloc(16 * 1024, "x");

describe("a dial", () => {
  test("that nobody answers, to no name there is, or cancelled beforehand, says which it was", async () => {
    const server = await ScriptedServer.listen(() => {});
    const { port } = server;
    const cancelled = to(port, { signal: AbortSignal.abort("why") });
    expect(await rejection(dialTcp(cancelled, new Recorder()))).toMatchObject({
      code: "cancelled",
      cause: "why",
    });
    await server[Symbol.asyncDispose]();
    expect(await rejection(dialTcp(to(port), new Recorder()))).toMatchObject({ code: "refused" });
    const nowhere = to(port, { host: "nowhere.invalid" });
    expect(await rejection(dialTcp(nowhere, new Recorder()))).toMatchObject({ code: "failed" });
  });

  test("that is cancelled on its way leaves no connection, and tells its handler nothing", async () => {
    const peers: ScriptedPeer[] = [];
    await using server = await ScriptedServer.listen((peer) => peers.push(peer));
    const canceller = new AbortController();
    const recorder = new Recorder();
    const dialling = rejection(dialTcp(to(server.port, { signal: canceller.signal }), recorder));
    canceller.abort();
    expect(await dialling).toMatchObject({ code: "cancelled" });
    await until(() => peers.length === 1);
    await peers[0]?.ended();
    expect([recorder.connection, recorder.closes]).toEqual([undefined, []]);
  });
});

describe("a connection", () => {
  test("carries bytes both ways, and tells once that the other side is gone", async () => {
    await pair(async ({ connection, recorder, peer }) => {
      expect(connection.write(Buffer.from("hello"))).toBe(true);
      await peer.expect(Buffer.from("hello"));
      peer.send(Buffer.from("and back"));
      await until(() => recorder.data === "and back");
      peer.end();
      await until(() => recorder.closes.length > 0);
      expect(recorder.closes).toEqual([undefined]);
      expect(connection.write(Buffer.from("x"))).toBe(false);
    });
  });

  test("holds a bounded amount for a slow peer, and sends all of it once that reads", async () => {
    await pair(async ({ connection, recorder, peer }) => {
      peer.pause();
      const bytes = fill(connection, CHUNK);
      expect(bytes).toBeLessThan(10_000 * CHUNK.length);
      expect(connection.busy).toBe(true);
      peer.resume();
      await peer.expectBytes(bytes);
      await until(() => recorder.drains === 1);
      expect(connection.busy).toBe(false);
      expect(connection.write(Buffer.from("on"))).toBe(true);
      await peer.expectBytes(bytes + 2);
    });
  });

  test("closed with a time sends first what waits; the end is not told to who closed", async () => {
    await pair(async ({ connection, recorder, peer }) => {
      peer.pause();
      const bytes = fill(connection, CHUNK);
      connection.close(5_000);
      expect(connection.write(Buffer.from("x"))).toBe(false);
      peer.resume();
      await peer.expectBytes(bytes);
      await peer.ended();
      expect(peer.receivedBytes).toBe(bytes);
      expect(recorder.closes).toEqual([]);
    });
  });

  test("whose handler throws is ended, with what was thrown", async () => {
    await pair(async ({ recorder, peer }) => {
      const mistake = new Error("a mistake");
      recorder.onData = (): void => {
        throw mistake;
      };
      peer.send(Buffer.from("x"));
      await peer.ended();
      expect(recorder.closes).toEqual([mistake]);
    });
  });

  test("closed at once, or by a deadline, does not wait for a peer that takes nothing", async () => {
    for (const flushTimeoutMs of [0, 20]) {
      await pair(async ({ connection, peer }) => {
        peer.pause();
        const bytes = fill(connection, CHUNK);
        connection.close(flushTimeoutMs);
        // Nothing is called any more that could be awaited.
        await Bun.sleep(2 * flushTimeoutMs);
        peer.resume();
        await peer.ended();
        expect(peer.receivedBytes).toBeLessThan(bytes);
      });
    }
  });
});

test("an address of version 6 stands in brackets", () => {
  expect(addressText("::1", 1)).toBe("[::1]:1");
  expect(addressText("host", 1)).toBe("host:1");
});
