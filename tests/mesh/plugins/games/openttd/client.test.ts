import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import {
  connectOpenttd,
  type OpenttdClient,
  type OpenttdClientOptions,
} from "../../../../../mesh/plugins/games/openttd/client.ts";
import type { OpenttdEvent } from "../../../../../mesh/plugins/games/openttd/events.ts";
import { ByteStream } from "../../../../helpers/byte-stream.ts";
import { pattern } from "../../../../helpers/frames.ts";
import { adminPackets, server } from "../../../../helpers/games/openttd-packets.ts";
import { rejection, until } from "../../../../helpers/turns.ts";

const PASSWORD = "open sesame";
const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const each of servers.splice(0)) each.close();
});

/** A server on a free port that does with each connection as it is told. */
async function listen(act: (socket: Socket) => void, allowHalfOpen = false): Promise<number> {
  const listening = createServer({ allowHalfOpen, noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    act(socket);
  });
  servers.push(listening);
  return await ByteStream.listen(listening);
}

function connect(
  port: number,
  options: Partial<OpenttdClientOptions> = {},
): Promise<OpenttdClient> {
  return connectOpenttd({
    host: "127.0.0.1",
    port,
    password: PASSWORD,
    onEvent: () => undefined,
    ...options,
  });
}

const LET_IN = Buffer.concat([
  server.protocol(),
  server.welcome(),
  server.clientInfo(5, "Alice"),
  server.pong(1),
]);

/** Lets everybody in. */
function letIn(socket: Socket): void {
  socket.resume();
  socket.write(LET_IN);
}

describe("no connection", () => {
  test("where nobody listens says where, and what to look at", async () => {
    const port = await listen(() => undefined);
    await new Promise<void>((resolve) => servers.splice(0)[0]?.close(() => resolve()));
    const error = await rejection(connect(port));
    expect(error).toMatchObject({ code: "connect_failed" });
    expect(String(error)).toContain(
      `127.0.0.1:${port} refused the connection; does the server run`,
    );
    expect(String(error)).not.toContain(PASSWORD);
  });

  test("to a name that does not resolve", async () => {
    const error = await rejection(connect(3977, { host: "nowhere.invalid" }));
    expect(error).toMatchObject({ code: "connect_failed" });
    expect(String(error)).toContain("nowhere.invalid:3977");
  });

  test("when it is cancelled beforehand", async () => {
    const port = await listen(letIn);
    const error = await rejection(connect(port, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: "cancelled" });
  });
});

test("a connection that comes about too late is closed", async () => {
  let closed = false;
  const port = await listen((socket) => {
    socket.resume().on("close", () => {
      closed = true;
    });
  });
  const canceller = new AbortController();
  const joining = rejection(connect(port, { signal: canceller.signal }));
  canceller.abort();
  expect(await joining).toMatchObject({ code: "cancelled" });
  await until(() => closed);
});

describe("a server that", () => {
  test.each([0, 1, 14, 15, 50, 80])("closes after %d bytes", async (count) => {
    const port = await listen((socket) => {
      socket.resume();
      socket.end(LET_IN.subarray(0, count));
    });
    const error = await rejection(connect(port));
    expect(error).toMatchObject({ code: count < 15 ? "wrong_password" : "closed" });
    expect(String(error)).not.toContain(PASSWORD);
  });

  test("never answers is given up, and its connection closed", async () => {
    let closed = false;
    const port = await listen((socket) => {
      socket.resume();
      socket.on("close", () => {
        closed = true;
      });
    });
    const error = await rejection(
      connect(port, { limits: { joinTimeoutMs: 20, closeTimeoutMs: 20 } }),
    );
    expect(error).toMatchObject({ code: "timeout" });
    await until(() => closed);
  });

  test("takes and answers nothing, its own end of the connection open, is cut off", async () => {
    let closed = false;
    const port = await listen((socket) => {
      socket.on("close", () => {
        closed = true;
      });
      socket.on("data", () => socket.write("\0"));
    }, true);
    const error = await rejection(
      connect(port, { limits: { joinTimeoutMs: 20, closeTimeoutMs: 20 } }),
    );
    expect(error).toMatchObject({ code: "timeout" });
    await until(() => closed);
  });

  test("sends garbage is left, and a client that is up elsewhere goes on", async () => {
    const heard: OpenttdEvent[] = [];
    let good: Socket | undefined;
    const goodPort = await listen((socket) => {
      good = socket;
      letIn(socket);
    });
    const client = await connect(goodPort, { onEvent: (event) => heard.push(event) });
    const badPort = await listen((socket) => {
      socket.resume();
      socket.write(Buffer.concat([Buffer.from([0xff, 0xff]), pattern(100_000)]));
    });
    expect(await rejection(connect(badPort))).toMatchObject({ code: "protocol_error" });
    good?.write(server.chat(5, "still here"));
    await until(() => heard.length === 1);
    expect(heard).toMatchObject([{ kind: "chat", text: "still here" }]);
    client.close();
  });
});

describe("a client", () => {
  test("tells in order what comes in any pieces", async () => {
    const heard: OpenttdEvent[] = [];
    const port = await listen((socket) => {
      letIn(socket);
      void (async (): Promise<void> => {
        const bytes = Buffer.concat([
          server.chat(5, "one"),
          server.clientQuit(5),
          server.shutdown(),
        ]);
        for (const byte of bytes) {
          await new Promise<void>((resolve) => socket.write(Buffer.of(byte), () => resolve()));
        }
        socket.end();
      })();
    });
    const client = await connect(port, { onEvent: (event) => heard.push(event) });
    expect(client.server.name).toBe("Test server");
    expect(await client.closed).toMatchObject({ code: "closed" });
    expect(heard.map(({ kind }) => kind)).toEqual(["chat", "left", "shutdown"]);
    expect(client.players).toEqual([]);
  });

  test("can be cancelled while it joins, and not by that afterwards", async () => {
    const silent = await listen((socket) => socket.resume());
    const early = new AbortController();
    const joining = rejection(connect(silent, { signal: early.signal }));
    await until(() => sockets.length === 1);
    early.abort();
    expect(await joining).toMatchObject({ code: "cancelled" });
    const late = new AbortController();
    const client = await connect(await listen(letIn), { signal: late.signal });
    late.abort();
    expect(client.say({ source: "TF2", user: "Bob", text: "hi" })).toBe("sent");
    client.close();
    expect(await client.closed).toMatchObject({ code: "cancelled" });
  });

  test("sends what was said, and its goodbye, before it closes", async () => {
    const received: Buffer[] = [];
    const ended = Promise.withResolvers<void>();
    const port = await listen((socket) => {
      socket.on("data", (chunk: Buffer) => received.push(chunk)).on("end", () => ended.resolve());
      socket.write(LET_IN);
    });
    const client = await connect(port);
    client.say({ source: "TF2", user: "Bob", text: "hi" });
    client.close();
    await ended.promise;
    const types = adminPackets(Buffer.concat(received)).map(({ type }) => type);
    expect(types).toEqual([0, 2, 3, 7, 2, 8, 1]);
  });

  test("drops lines once more waits than may, and closes in time even so", async () => {
    let closed = false;
    const port = await listen((socket) => {
      socket.write(LET_IN);
      socket.on("close", () => {
        closed = true;
      });
    });
    const client = await connect(port, { limits: { queueBytesMax: 4096, closeTimeoutMs: 50 } });
    const line = { source: "TF2", user: "Bob", text: "x".repeat(899) };
    let said = 0;
    // What the system takes for it is bounded, too.
    while (client.say(line) === "sent" && said < 100_000) said += 1;
    expect(said).toBeLessThan(100_000);
    client.close();
    expect(await client.closed).toMatchObject({ code: "cancelled" });
    // To see the end, the server reads.
    for (const socket of sockets) socket.resume();
    await until(() => closed);
  });

  test("goes on when its owner's callback throws", async () => {
    const thrown: unknown[] = [];
    let socketOfServer: Socket | undefined;
    const port = await listen((socket) => {
      socketOfServer = socket;
      letIn(socket);
    });
    const client = await connect(port, {
      onEvent: (event) => {
        throw new Error(event.kind);
      },
      onCallbackError: (error) => thrown.push(error),
    });
    socketOfServer?.write(Buffer.concat([server.chat(5, "hi"), server.newGame()]));
    await until(() => thrown.length === 3);
    expect(thrown.map(String)).toEqual(["Error: chat", "Error: new_game", "Error: left"]);
    client.close();
  });
});
