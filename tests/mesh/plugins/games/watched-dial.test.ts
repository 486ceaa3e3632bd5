import { expect, test } from "bun:test";
import { createServer } from "node:net";
import {
  dialTcp,
  type TcpConnection,
  type TcpHandler,
} from "../../../../mesh/plugins/games/tcp-connection.ts";
import { type WatchedDial, watchedDial } from "../../../../mesh/plugins/games/watched-dial.ts";
import { ByteStream } from "../../../helpers/byte-stream.ts";
import { nextTurn, rejection } from "../../../helpers/turns.ts";

interface Dialled {
  readonly watched: WatchedDial;
  readonly connection: TcpConnection;
  readonly told: string[];
}

async function dial(port: number): Promise<Dialled> {
  const watched = watchedDial(dialTcp);
  const opened = Promise.withResolvers<TcpConnection>();
  const told: string[] = [];
  const handler: TcpHandler = {
    onOpen: opened.resolve,
    onData: (chunk) => told.push(chunk.toString()),
    onDrain: () => undefined,
    onClosed: () => told.push("closed"),
  };
  await watched.dial({ host: "127.0.0.1", port, timeoutMs: 2000, queueBytesMax: 100 }, handler);
  return { watched, connection: await opened.promise, told };
}

async function isGone({ gone }: WatchedDial): Promise<boolean> {
  await nextTurn();
  return await Promise.race([gone.then(() => true), nextTurn().then(() => false)]);
}

test("a connection is gone once either side has closed it, and not before", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.end("bye"));
  });
  const port = await ByteStream.listen(server);
  const one = await dial(port);
  expect(await isGone(one.watched)).toBe(false);
  one.connection.write(Buffer.from("x"));
  await one.watched.gone;
  expect(one.told).toEqual(["bye", "closed"]);

  const other = await dial(port);
  expect(await isGone(other.watched)).toBe(false);
  other.connection.close();
  await other.watched.gone;
  expect(other.told).toEqual([]);

  const third = await dial(port);
  third.connection.close(1000);
  await third.watched.gone;
  await new Promise((resolve) => server.close(resolve));
});

test("one that never came about is gone at once", async () => {
  const server = createServer();
  const port = await ByteStream.listen(server);
  await new Promise((resolve) => server.close(resolve));
  const watched = watchedDial(dialTcp);
  const options = { host: "127.0.0.1", port, timeoutMs: 2000, queueBytesMax: 100 };
  const handler = { onOpen() {}, onData() {}, onDrain() {}, onClosed() {} };
  expect(await rejection(watched.dial(options, handler))).toMatchObject({ code: "refused" });
  await watched.gone;
});
