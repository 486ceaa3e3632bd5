import { describe, expect, test } from "bun:test";
import { connect, listen } from "../../src/bun-transport.ts";
import type { Transport, TransportHandler } from "../../src/transport.ts";
import { ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import { CA, LOCALHOST } from "../helpers/tls.ts";
import { rejection, until } from "../helpers/turns.ts";

/** Notes what happens on one stream. */
class Recorder implements TransportHandler {
  readonly log: string[] = [];
  readonly transport: Transport;
  bytes = 0;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  onData(chunk: Buffer): void {
    this.bytes += chunk.length;
  }

  onDrain(): void {}

  onEnd(): void {
    this.log.push("end");
  }

  onClose(): void {
    this.log.push("close");
  }
}

/** A listener that records, and refuses whoever `admits` does not. */
function setUp({ tls = false, admits = true } = {}) {
  const accepted: Recorder[] = [];
  const errors: Error[] = [];
  const listener = listen({
    hostname: "127.0.0.1",
    port: 0,
    tls: tls ? LOCALHOST : undefined,
    admit: () => admits,
    accept: (transport) => {
      const recorder = new Recorder(transport);
      accepted.push(recorder);
      return recorder;
    },
    onHandlerError: (error) => errors.push(error),
  });
  return { accepted, errors, listener };
}

async function dialled(port: number, tls = false): Promise<Recorder> {
  let recorder: Recorder | undefined;
  await connect({
    host: "127.0.0.1",
    port,
    tls: tls ? { ca: CA } : undefined,
    timeoutMs: 2000,
    open: (transport) => {
      recorder = new Recorder(transport);
      return recorder;
    },
    onHandlerError: () => {},
  });
  if (recorder === undefined) throw new Error("it was not opened");
  return recorder;
}

describe.each([false, true])("a listener (TLS: %p)", (tls) => {
  test("knows a client from its first moment, and can be rid of it", async () => {
    const { accepted, errors, listener } = setUp({ tls });
    const peer = await ScriptedPeer.connect(listener.port);
    await until(() => accepted.length === 1);
    accepted[0]?.transport.terminate();
    await peer.ended();
    await until(() => accepted[0]?.log.includes("close") === true);
    expect(errors).toEqual([]);
    listener.stop();
  });

  test("closes whom it does not admit without a byte", async () => {
    const { accepted, errors, listener } = setUp({ tls, admits: false });
    const peer = await ScriptedPeer.connect(listener.port);
    expect(await peer.ended()).toBe("eof");
    expect(peer.receivedBytes).toBe(0);
    expect(accepted).toEqual([]);
    expect(errors).toEqual([]);
    listener.stop();
  });

  test("hears the reset of a client, which is no error", async () => {
    const { accepted, errors, listener } = setUp({ tls });
    const peer = await ScriptedPeer.connect(listener.port);
    await until(() => accepted.length === 1);
    peer.reset();
    await until(() => accepted[0]?.log.includes("close") === true);
    expect(errors).toEqual([]);
    listener.stop();
  });

  test("and a client are closed when both have shut down, whoever was first", async () => {
    const { accepted, listener } = setUp({ tls });
    for (const first of ["client", "server"]) {
      const client = await dialled(listener.port, tls);
      client.transport.write(Buffer.from("x"), 0, 1);
      await until(() => (accepted.at(-1)?.bytes ?? 0) > 0);
      const server = accepted.at(-1);
      if (server === undefined) throw new Error("nobody was accepted");
      const [one, other] = first === "client" ? [client, server] : [server, client];
      one.transport.shutdown();
      await until(() => other.log.includes("end"));
      other.transport.shutdown();
      await until(() => one.log.includes("close") && other.log.includes("close"));
    }
    listener.stop();
  });

  test("holds a client back while it is paused", async () => {
    const { accepted, listener } = setUp({ tls });
    const client = await dialled(listener.port, tls);
    client.transport.write(Buffer.from("x"), 0, 1);
    await until(() => (accepted[0]?.bytes ?? 0) > 0);
    accepted[0]?.transport.pause();
    const block = Buffer.alloc(1 << 20);
    let sent = 1;
    for (let stalls = 0; stalls < 20; ) {
      const taken = client.transport.write(block, 0, block.length);
      sent += taken;
      stalls = taken === 0 ? stalls + 1 : 0;
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(sent).toBeLessThan(100 << 20);
    accepted[0]?.transport.resume();
    await until(() => accepted[0]?.bytes === sent);
    client.transport.terminate();
    listener.stop();
  });
});

test("clients that reset before they are accepted are no error", async () => {
  const { accepted, errors, listener } = setUp();
  const script =
    "for (let count = 0; count < 40; count += 1) {" +
    `const socket = require("node:net").connect(${listener.port}, "127.0.0.1");` +
    "socket.on('connect', () => socket.resetAndDestroy()); socket.on('error', () => {}); }";
  // In one go, so that this process accepts none before they have come and gone.
  Bun.spawnSync([process.execPath, "-e", script]);
  const peer = await ScriptedPeer.connect(listener.port);
  await until(() => accepted.some(({ log }) => log.length === 0));
  peer.reset();
  await until(() => accepted.every(({ log }) => log.includes("close")));
  expect(errors).toEqual([]);
  listener.stop();
});

test("a handler that throws is told, and costs its connection only", async () => {
  const errors: string[] = [];
  const listener = listen({
    hostname: "127.0.0.1",
    port: 0,
    admit: () => true,
    accept: (transport) => {
      const recorder = new Recorder(transport);
      recorder.onData = () => {
        throw new Error("a mistake");
      };
      return recorder;
    },
    onHandlerError: (error) => errors.push(error.message),
  });
  const first = await ScriptedPeer.connect(listener.port);
  const second = await ScriptedPeer.connect(listener.port);
  first.send(Buffer.from("x"));
  await first.ended();
  expect(errors).toEqual(["a mistake"]);
  expect(second.over).toBeUndefined();
  second.reset();
  listener.stop();
});

describe("a garbled handshake", () => {
  test("closes the connection and is no error of the listener", async () => {
    const { accepted, errors, listener } = setUp({ tls: true });
    const peer = await ScriptedPeer.connect(listener.port);
    peer.send(Buffer.from("\0\0\x05\x01echo"));
    await peer.ended();
    await until(() => accepted[0]?.log.includes("close") === true);
    expect(accepted[0]?.bytes).toBe(0);
    expect(errors).toEqual([]);
    listener.stop();
  });

  test("that stops half-way can be ended", async () => {
    const { accepted, listener } = setUp({ tls: true });
    const peer = await ScriptedPeer.connect(listener.port);
    peer.send(Buffer.from("16030102000100", "hex"));
    await until(() => accepted.length === 1);
    accepted[0]?.transport.terminate();
    await peer.ended();
    listener.stop();
  });
});

describe("dialling with TLS", () => {
  test("to one that never shakes hands times out, and closes its socket", async () => {
    const peers: ScriptedPeer[] = [];
    await using server = await ScriptedServer.listen((peer) => peers.push(peer));
    const error = await rejection(
      connect({
        host: "127.0.0.1",
        port: server.port,
        tls: { ca: CA },
        timeoutMs: 50,
        open: () => {
          throw new Error("it must not be opened");
        },
        onHandlerError: () => {},
      }),
    );
    expect(error).toMatchObject({
      code: "connect_timeout",
      message: `127.0.0.1:${server.port} did not finish the TLS handshake within 50 ms; does it speak TLS?`,
    });
    await until(() => peers[0]?.over !== undefined);
  });

  test("and cancelled meanwhile closes its socket", async () => {
    const peers: ScriptedPeer[] = [];
    await using server = await ScriptedServer.listen((peer) => peers.push(peer));
    const controller = new AbortController();
    const failed = rejection(
      connect({
        host: "127.0.0.1",
        port: server.port,
        tls: { ca: CA },
        timeoutMs: 5000,
        signal: controller.signal,
        open: () => {
          throw new Error("it must not be opened");
        },
        onHandlerError: () => {},
      }),
    );
    await until(() => peers.length === 1);
    controller.abort("enough");
    expect(await failed).toMatchObject({
      code: "cancelled",
      message: `dialling 127.0.0.1:${server.port} was cancelled`,
      cause: "enough",
    });
    await until(() => peers[0]?.over !== undefined);
  });
});
