import { describe, expect, test } from "bun:test";
import { connect as connectPlain, createServer } from "node:net";
import { TLSSocket } from "node:tls";
import { type DialUpgradeOptions, dialUpgrade } from "../../src/dial-upgrade.ts";
import { Endpoint } from "../../src/endpoint.ts";
import { ClientCode, ServerCode } from "../../src/protocol.ts";
import { RawReceiver } from "../../src/receivers.ts";
import { cut, frame, header } from "../helpers/frames.ts";
import { type ScriptedPeer, ScriptedServer } from "../helpers/scripted-peer.ts";
import { SELF_SIGNED } from "../helpers/tls.ts";
import { nextTurn, rejection, until } from "../helpers/turns.ts";
import { upgrading } from "../helpers/upgrades.ts";

const START = frame(ClientCode.startRaw, "mesh");
/** Bun cannot listen with a queue as short as is needed to fill it. */
const NO_PYTHON = Bun.which("python3") === null;
const ACCEPTED = frame(ServerCode.accepted);

/** Dials what must fail, and answers how it did. */
function failure(port: number, more: Partial<DialUpgradeOptions> = {}): Promise<unknown> {
  return rejection(
    dialUpgrade({
      host: "127.0.0.1",
      port,
      plugin: "mesh",
      tls: undefined,
      timeoutMs: 2000,
      open: () => expect.unreachable(),
      ...more,
    }),
  );
}

/** A server that waits for the start and then does as it is told. */
async function scripted(play: (peer: ScriptedPeer) => void) {
  const peers: ScriptedPeer[] = [];
  const server = await ScriptedServer.listen((peer) => {
    peers.push(peer);
    void peer.expect(START).then(
      () => play(peer),
      () => {},
    );
  });
  return { server, peers };
}

async function freePort(): Promise<number> {
  const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  await endpoint.close();
  return endpoint.port;
}

describe("dialling for an upgrade", () => {
  test("tells who was reached", async () => {
    const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    upgrading(endpoint);
    const seen = Promise.withResolvers<unknown>();
    await dialUpgrade({
      host: "localhost",
      port: endpoint.port,
      plugin: "mesh",
      tls: SELF_SIGNED,
      timeoutMs: 2000,
      open: (transport, address) => {
        seen.resolve(address);
        return {
          onData() {},
          onDrain() {},
          onEnd() {},
          onClose() {
            transport.terminate();
          },
        };
      },
    });
    expect(await seen.promise).toEqual({ host: "127.0.0.1", port: endpoint.port });
    await endpoint.close();
  });

  test("where nothing listens is refused", async () => {
    const error = await failure(await freePort());
    expect(error).toMatchObject({ code: "connection_refused" });
  });

  test("where the name is not registered finds nobody home, and says goodbye", async () => {
    const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    endpoint.onRequest("mesh", () => "another mode");
    expect(await failure(endpoint.port)).toMatchObject({
      code: "nobody_home",
      message: `127.0.0.1:${endpoint.port}: nobody takes connections for "mesh" there now`,
    });
    await until(() => endpoint.status().connections === 0);
    expect(Object.values(endpoint.status().counters.refusals).every((count) => count === 0)).toBe(
      true,
    );
    await endpoint.close();
  });

  test("where a plugin has the name is told that the other side speaks no TLS", async () => {
    const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    endpoint.onRaw("mesh", RawReceiver);
    expect(await failure(endpoint.port, { timeoutMs: 300 })).toMatchObject({
      code: expect.stringMatching(/^(tls_failed|connect_timeout)$/),
    });
    await until(() => endpoint.status().connections === 0);
    await endpoint.close();
  });

  test.each([
    ["nobody_home", frame(ServerCode.nobodyHome)],
    ["communication_error", frame(ServerCode.communicationError)],
    ["communication_ended", frame(ServerCode.end)],
    ["protocol_error", frame(ServerCode.protocolError)],
    ["protocol_error", frame(ServerCode.data, "x")],
    ["protocol_error", Buffer.alloc(3)],
    ["protocol_error", header(256)],
    ["protocol_error", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["protocol_error", Buffer.concat([ACCEPTED, Buffer.from([0x16])])],
    ["protocol_error", Buffer.concat([ACCEPTED, frame(ServerCode.data, "x")])],
  ])("answers %s to what deserves it, whole or cut", async (code, answer) => {
    for (const sizes of [[answer.length], [1, 2]]) {
      const { server, peers } = await scripted((peer) => {
        // One write each, in turns of their own; what is behind accepted must come with it.
        const pieces = answer.subarray(0, 4).equals(ACCEPTED) ? [answer] : cut(answer, sizes);
        void (async () => {
          for (const piece of pieces) {
            peer.send(piece);
            await nextTurn();
          }
        })();
      });
      await using _server = server;
      expect(await failure(server.port)).toMatchObject({ code });
      // It is closed, and nothing but an end was said.
      await until(() => peers[0]?.over !== undefined);
      const said = peers[0]?.received.subarray(START.length) ?? Buffer.alloc(0);
      const polite = ["nobody_home", "communication_error", "communication_ended"].includes(code);
      expect(said).toEqual(polite ? frame(ClientCode.end) : Buffer.alloc(0));
    }
  });

  test("ignores codes that it does not know", async () => {
    const { server } = await scripted((peer) => {
      peer.send(frame(0x77, "?"), frame(ServerCode.nobodyHome));
    });
    await using _server = server;
    expect(await failure(server.port)).toMatchObject({ code: "nobody_home" });
  });

  test("by one that closes instead of accepting is aborted", async () => {
    for (const how of ["end", "reset"] as const) {
      const { server } = await scripted((peer) => peer[how]());
      await using _server = server;
      expect(await failure(server.port)).toMatchObject({ code: "connection_aborted" });
    }
  });

  test.each([
    ["closes", (peer: ScriptedPeer) => peer.end()],
    ["resets", (peer: ScriptedPeer) => peer.reset()],
    ["talks plainly", (peer: ScriptedPeer) => peer.send(frame(ServerCode.data, "x"))],
    ["sends an alert", (peer: ScriptedPeer) => peer.send(Buffer.from("15030100020228", "hex"))],
  ])("fails where the other side %s instead of shaking hands", async (_how, then) => {
    const { server, peers } = await scripted((peer) => {
      peer.send(ACCEPTED);
      void peer.expectBytes(START.length + 1).then(() => then(peer));
    });
    await using _server = server;
    expect(await failure(server.port)).toMatchObject({ code: "tls_failed" });
    await until(() => peers[0]?.over !== undefined);
  });

  test("refuses TLS 1.2", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        socket.write(ACCEPTED);
        const secure = new TLSSocket(socket, {
          isServer: true,
          ...SELF_SIGNED,
          maxVersion: "TLSv1.2",
        });
        secure.on("error", () => {});
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("it has no port");
    expect(await failure(address.port)).toMatchObject({ code: "tls_failed" });
    server.close();
  });
});

describe("time that runs out", () => {
  test("before the acceptance is told as such, and the connection closed", async () => {
    const { server, peers } = await scripted(() => {});
    await using _server = server;
    expect(await failure(server.port, { timeoutMs: 50 })).toMatchObject({
      code: "accept_timeout",
      message:
        `127.0.0.1:${server.port}: it took the connection but did not answer within 50 ms; ` +
        "is it a CCP endpoint?",
    });
    await until(() => peers[0]?.over !== undefined);
  });

  test("during the handshake is told as such, and the connection closed", async () => {
    const { server, peers } = await scripted((peer) => peer.send(ACCEPTED));
    await using _server = server;
    expect(await failure(server.port, { timeoutMs: 80 })).toMatchObject({
      code: "connect_timeout",
      message: `127.0.0.1:${server.port}: the TLS handshake was not finished within 80 ms`,
    });
    await until(() => peers[0]?.over !== undefined);
  });

  test.skipIf(NO_PYTHON)("before there is a connection is told as such", async () => {
    // A listener whose queue is full takes nobody any more.
    const full = await fullListener();
    const error = await failure(full.port, { timeoutMs: 100 });
    full.close();
    expect(error).toMatchObject({ code: "connect_timeout" });
  });
});

describe("a signal", () => {
  test("that has fired already dials nobody", async () => {
    const { server, peers } = await scripted(() => {});
    await using _server = server;
    const error = await failure(server.port, { signal: AbortSignal.abort("enough") });
    expect(error).toMatchObject({ code: "cancelled", cause: "enough" });
    expect(peers).toEqual([]);
  });

  test.each([
    ["before the acceptance", false],
    ["during the handshake", true],
  ])("%s closes the connection", async (_when, accepts) => {
    const controller = new AbortController();
    const { server, peers } = await scripted((peer) => {
      if (accepts) peer.send(ACCEPTED);
    });
    await using _server = server;
    const failed = failure(server.port, { signal: controller.signal });
    await until(() => (peers[0]?.receivedBytes ?? 0) >= START.length + (accepts ? 1 : 0));
    controller.abort("enough");
    expect(await failed).toMatchObject({ code: "cancelled", cause: "enough" });
    await until(() => peers[0]?.over !== undefined);
  });

  test.skipIf(NO_PYTHON)("while there is no connection yet ends the wait", async () => {
    const full = await fullListener();
    const controller = new AbortController();
    const failed = failure(full.port, { signal: controller.signal });
    await nextTurn();
    controller.abort("enough");
    expect(await failed).toMatchObject({ code: "cancelled", cause: "enough" });
    full.close();
  });

  test("that fires once it is handed over changes nothing", async () => {
    const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
    const { accepted } = upgrading(endpoint);
    const controller = new AbortController();
    let closed = false;
    await dialUpgrade({
      host: "127.0.0.1",
      port: endpoint.port,
      plugin: "mesh",
      tls: undefined,
      timeoutMs: 2000,
      signal: controller.signal,
      open: () => ({
        onData() {},
        onDrain() {},
        onEnd() {},
        onClose() {
          closed = true;
        },
      }),
    });
    controller.abort();
    await until(() => accepted.length === 1);
    accepted[0]?.end.send("x");
    await nextTurn();
    expect(closed).toBe(false);
    accepted[0]?.end.transport.terminate();
    await until(() => closed);
    await endpoint.close();
  });
});

describe("options", () => {
  test.each([
    ["a name of 256 bytes", { plugin: "n".repeat(256) }],
    ["no host", { host: "" }],
    ["port 0", { port: 0 }],
    ["no time", { timeoutMs: 0 }],
    ["half a millisecond", { timeoutMs: 0.5 }],
  ])("%s is refused", async (_what, more) => {
    expect(await failure(1, more)).toMatchObject({ code: "invalid_option" });
  });

  test("a certificate that cannot be used is refused", async () => {
    const tls = { cert: SELF_SIGNED.cert, key: "nonsense" };
    expect(await failure(1, { tls })).toMatchObject({ code: "tls_failed" });
  });
});

test("what open throws is what the dialling rejects with, and the connection is closed", async () => {
  const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  const { accepted } = upgrading(endpoint);
  const error = await failure(endpoint.port, {
    open: () => {
      throw new Error("a mistake");
    },
  });
  expect(error).toEqual(new Error("a mistake"));
  await until(() => endpoint.status().connections === 0);
  expect(accepted.every(({ end }) => end.closed)).toBe(true);
  await endpoint.close();
});

/** Listens, but never accepts: its process is stopped, and its queue is full. */
async function fullListener(): Promise<{ readonly port: number; close(): void }> {
  const script =
    "import socket,sys\ns=socket.socket()\ns.bind(('127.0.0.1',0))\ns.listen(0)\n" +
    "print(s.getsockname()[1],flush=True)\nsys.stdin.read()";
  const program = Bun.spawn(["python3", "-c", script], { stdin: "pipe", stdout: "pipe" });
  const reader = program.stdout.getReader();
  const { value } = await reader.read();
  const port = Number(new TextDecoder().decode(value));
  const fillers = Array.from({ length: 4 }, () => {
    const socket = connectPlain(port, "127.0.0.1");
    socket.on("error", () => {});
    return socket;
  });
  await until(() => fillers.some(({ readyState }) => readyState === "open"));
  await nextTurn();
  return {
    port,
    close() {
      for (const socket of fillers) socket.destroy();
      program.kill();
    },
  };
}
