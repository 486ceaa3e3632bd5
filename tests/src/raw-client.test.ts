import { describe, expect, test } from "bun:test";
import { Endpoint } from "../../src/endpoint.ts";
import { ServerCode } from "../../src/protocol.ts";
import { RawClient } from "../../src/raw-client.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { frame } from "../helpers/frames.ts";
import { type ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import { nextTurn, rejection, until } from "../helpers/turns.ts";

type Limits = NonNullable<Parameters<typeof RawClient.connect>[0]["limits"]>;

function connecting(port: number, limits: Limits = {}): Promise<RawClient> {
  return RawClient.connect({ host: "127.0.0.1", port, plugin: "plugin", limits });
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

async function readAll(client: RawClient): Promise<string[]> {
  const texts: string[] = [];
  for await (const data of client) texts.push(data.toString());
  return texts;
}

class Echo extends RawReceiver {
  override async onDataReceived(data: Buffer): Promise<void> {
    if (data.toString() === "stop") this.stop();
    else if (!this.sendData(data)) await this.drained();
  }
}

describe("a raw communication", () => {
  test("sends, iterates, and ends with the loop", async () => {
    await using endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    endpoint.onRaw("plugin", Echo);
    await using client = await connecting(endpoint.port);
    for (const text of ["a", "b", "", "stop"]) client.send(text);
    expect(await readAll(client)).toEqual(["a", "b", ""]);
    expect(await client.over).toBeUndefined();
    expect(() => client.send("x")).toThrow("nothing was sent");
  });

  test("carries 64 MiB through a slow reader whole, in order, within bounds", async () => {
    await using endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    const count = 1024;
    endpoint.onRaw(
      "plugin",
      class extends RawReceiver {
        override async onDataReceived(): Promise<void> {
          for (let index = 0; index < count; index += 1) {
            const data = Buffer.alloc(65_536, index % 251);
            data.writeUInt32BE(index);
            if (!this.sendData(data)) await this.drained();
          }
          this.stop();
        }
      },
    );
    await using client = await connecting(endpoint.port, { receiveHighWaterBytes: 100_000 });
    client.send("go");
    let index = 0;
    let heldBytesMax = 0;
    for await (const data of client) {
      expect(data.length).toBe(65_536);
      expect(data.readUInt32BE()).toBe(index);
      expect(data[65_535]).toBe(index % 251);
      index += 1;
      heldBytesMax = Math.max(heldBytesMax, endpoint.status().heldBytes);
      if (index % 8 === 0) await nextTurn();
    }
    expect(index).toBe(count);
    expect(heldBytesMax).toBeLessThan(4 << 20);
  });
});

describe("what was received", () => {
  test.each<[string, (peer: ScriptedPeer) => void, string | undefined]>([
    ["end", (peer) => peer.send(frame(ServerCode.end)), undefined],
    ["nobody home", (peer) => peer.send(frame(ServerCode.nobodyHome)), "nobody_home"],
    ["FIN", (peer) => peer.end(), "connection_aborted"],
  ])(
    "is read before the %s, though the reader comes late and the server is gone",
    async (_name, finish, code) => {
      const { server, peer } = await scripted();
      const client = await connecting(server.port, {
        receiveHighWaterBytes: 2000,
        closeTimeoutMs: 50,
      });
      const texts = Array.from({ length: 500 }, (_, index) => `${index}`);
      (await peer).send(...texts.map((text) => frame(ServerCode.data, text)));
      finish(await peer);
      (await peer).end();
      await Bun.sleep(30);
      const read: string[] = [];
      const iterator = client[Symbol.asyncIterator]();
      let ended: unknown;
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
          read.push(next.value.toString());
        }
      } catch (error) {
        ended = error;
      }
      expect(read).toEqual(texts);
      if (code === undefined) expect(ended).toBeUndefined();
      else expect(ended).toMatchObject({ code });
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  );

  test("holds the endpoint back while nobody reads", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { receiveHighWaterBytes: 10_000 });
    const message = frame(ServerCode.data, Buffer.alloc(50_000));
    const socket = await peer;
    const before = process.memoryUsage().rss;
    for (let count = 0; count < 2000; count += 1) socket.send(message);
    await Bun.sleep(100);
    // The 100 MB wait in the sender of this same process; what the client took of them is small.
    expect(process.memoryUsage().rss - before).toBeLessThan(180_000_000);
    let read = 0;
    for await (const data of client) {
      expect(data.length).toBe(50_000);
      read += 1;
      if (read === 2000) break;
    }
    socket.reset();
    expect(await client.over).toMatchObject({ code: "connection_aborted" });
    await server[Symbol.asyncDispose]();
  });

  test("goes to concurrent readers in the order they asked", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { closeTimeoutMs: 50 });
    const iterator = client[Symbol.asyncIterator]();
    const asked = [iterator.next(), iterator.next(), iterator.next()];
    (await peer).send(frame(ServerCode.data, "a"), frame(ServerCode.data, "b"));
    (await peer).send(frame(ServerCode.end));
    const answers = await Promise.all(asked);
    expect(answers.map(({ value }) => value?.toString())).toEqual(["a", "b", undefined]);
    expect((await iterator.next()).done).toBe(true);
    await client.close();
    await server[Symbol.asyncDispose]();
  });

  test("before the acceptance was noticed is not lost", async () => {
    await using server = await ScriptedServer.listen((peer) => {
      peer.send(
        frame(ServerCode.accepted),
        ...Array.from({ length: 50 }, (_, index) => frame(ServerCode.data, `${index}`)),
        frame(ServerCode.end),
      );
    });
    const client = await connecting(server.port, {
      receiveHighWaterBytes: 200,
      closeTimeoutMs: 50,
    });
    expect((await readAll(client)).length).toBe(50);
    await client.close();
  });

  test("waits for the next loop when one is left", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { closeTimeoutMs: 50 });
    (await peer).send(...["a", "b", "c"].map((text) => frame(ServerCode.data, text)));
    for await (const data of client) {
      expect(data.toString()).toBe("a");
      break;
    }
    (await peer).send(frame(ServerCode.end));
    expect(await readAll(client)).toEqual(["b", "c"]);
    await client.close();
    await server[Symbol.asyncDispose]();
  });
});

describe("closing", () => {
  test("delivers what was sent, and is quick though data is unread and the server gone", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { receiveHighWaterBytes: 100 });
    const socket = await peer;
    socket.send(...Array.from({ length: 50 }, () => frame(ServerCode.data, "x".repeat(100))));
    await Bun.sleep(20);
    socket.send(frame(ServerCode.data, "y"));
    await Bun.sleep(20);
    socket.reset();
    await until(() => socket.over !== undefined);
    await Bun.sleep(20);
    const since = performance.now();
    await client.close();
    expect(performance.now() - since).toBeLessThan(1000);
    await server[Symbol.asyncDispose]();
  });

  test("wakes who waits for room", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port, { closeTimeoutMs: 50, sendHighWaterBytes: 1000 });
    (await peer).pause();
    while (client.send(Buffer.alloc(1 << 20))) await nextTurn();
    const drained = client.drained();
    await client.close();
    await drained;
    await server[Symbol.asyncDispose]();
  });

  test("by an error is thrown to the reader that waits, and to each after it", async () => {
    const { server, peer } = await scripted();
    const client = await connecting(server.port);
    const iterator = client[Symbol.asyncIterator]();
    const waiting = rejection(iterator.next());
    (await peer).reset();
    expect(await waiting).toMatchObject({ code: "connection_aborted" });
    expect(await rejection(iterator.next())).toMatchObject({ code: "connection_aborted" });
    expect(await client.over).toMatchObject({ code: "connection_aborted" });
    await server[Symbol.asyncDispose]();
  });
});
