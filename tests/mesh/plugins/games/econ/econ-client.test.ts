import { expect, test } from "bun:test";
import { type EconClient, openEcon } from "../../../../../mesh/plugins/games/econ/econ-client.ts";
import { EconError } from "../../../../../mesh/plugins/games/econ/econ-error.ts";
import type {
  TcpConnection,
  TcpHandler,
} from "../../../../../mesh/plugins/games/tcp-connection.ts";
import { EconListener } from "../../../../helpers/games/econ-listener.ts";
import { nextTurn } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

/** A connection that takes as much as the test says. */
class Lane implements TcpConnection {
  readonly handler: TcpHandler;
  readonly busy = false;
  taken = "";
  roomBytes = Number.POSITIVE_INFINITY;
  isClosed = false;

  constructor(handler: TcpHandler) {
    this.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    if (this.isClosed || bytes.length > this.roomBytes) return false;
    this.taken += Buffer.from(bytes).toString();
    this.roomBytes -= bytes.length;
    return true;
  }

  close(): void {
    this.isClosed = true;
  }

  tells(line: string): void {
    this.handler.onData(Buffer.from(`${line}\n\0\0`));
  }
}

interface Opened {
  readonly client: EconClient;
  readonly lane: Lane;
  readonly clock: ManualClock;
  readonly closed: Promise<EconError | undefined>;
}

async function open(): Promise<Opened> {
  const lane = Promise.withResolvers<Lane>();
  const closed = Promise.withResolvers<EconError | undefined>();
  const clock = new ManualClock();
  const client = openEcon({
    host: "game.example",
    port: 8304,
    password: "secret",
    onEvent: () => {},
    onClosed: closed.resolve,
    dial: async (_address, handler) => {
      const opened = new Lane(handler);
      handler.onOpen(opened);
      lane.resolve(opened);
    },
    clock,
  });
  return { client, lane: await lane.promise, clock, closed: closed.promise };
}

async function ready(): Promise<Opened> {
  const opened = await open();
  const { lane } = opened;
  lane.tells("Enter password:");
  lane.tells("Authentication successful. External console access granted.");
  await Promise.resolve();
  const end = /echo (query-\S+-end)/.exec(lane.taken)?.[1] ?? "";
  lane.tells(`[1][Console]: ${end}`);
  lane.taken = "";
  return opened;
}

test("a password that no console can have is refused at once, and not repeated", () => {
  for (const password of ["", "a\nshutdown", "x".repeat(128)]) {
    const opening = (): EconClient =>
      openEcon({ host: "h", port: 1, password, onEvent: () => {}, onClosed: () => {} });
    expect(opening).toThrow(EconError);
    expect(opening).toThrow(/ec_password/);
  }
});

test("what there is no room for is not said, and the next line is", async () => {
  const { client, lane } = await ready();
  lane.roomBytes = 10;
  expect([client.run('say "one"'), client.run('say "two"')]).toEqual([true, false]);
  lane.roomBytes = 4096;
  expect(client.run('say "and on"')).toBe(true);
  expect(lane.taken).toBe('say "one"\nsay "and on"\n');
});

test("a server that says nothing is given up, and no timer stays", async () => {
  const { lane, clock, closed } = await open();
  expect(clock.timers).toBe(1);
  clock.advance(10_000);
  expect((await closed)?.code).toBe("timeout");
  expect(lane.isClosed).toBe(true);
  expect(clock.timers).toBe(0);
});

test("closing tells so once, without an error, and nothing is sent any more", async () => {
  const { client, lane, clock, closed } = await ready();
  client.close();
  client.close();
  expect(await closed).toBeUndefined();
  expect(client.run("say x")).toBe(false);
  lane.tells("[1][chat]: 1:0:Ann: x");
  expect(lane.taken).toBe("");
  expect([lane.isClosed, clock.timers]).toEqual([true, 0]);
});

test("closing during a dial ends what comes of it", async () => {
  const dialled = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<EconError | undefined>();
  let lane: Lane | undefined;
  const client = openEcon({
    host: "game.example",
    port: 8304,
    password: "secret",
    onEvent: () => {},
    onClosed: closed.resolve,
    dial: async (_address, handler) => {
      await dialled.promise;
      lane = new Lane(handler);
      handler.onOpen(lane);
    },
  });
  client.close();
  expect(await closed.promise).toBeUndefined();
  dialled.resolve();
  await nextTurn();
  expect(lane?.isClosed).toBe(true);
});

test("over TCP: a console that closes at once, or is none, is told, and the next one works", async () => {
  let greeting = "";
  using server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        if (greeting !== "") socket.write(greeting);
        socket.end();
      },
      data() {},
    },
  });
  const code = async (): Promise<string | undefined> => {
    using listener = new EconListener({ port: server.port, password: "secret" });
    return (await listener.closed)?.code;
  };
  expect(await code()).toBe("closed");
  greeting = "You are banned.\n\0\0";
  expect(await code()).toBe("refused");
  greeting = `SSH-2.0-${"x".repeat(4000)}\r\n`;
  expect(await code()).toBe("protocol_error");
  greeting = "Enter password:\n\0\0Wrong password 1/3.\n\0\0";
  expect(await code()).toBe("wrong_password");
});
