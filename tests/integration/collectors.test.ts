/** Receivers that go away in the middle, and the node that pushes to them; real processes. */

import { expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import * as v from "valibot";
import { freePort } from "../helpers/games/free-port.ts";
import { eventually } from "../helpers/mesh-view.ts";
import { Program, ROOT } from "../helpers/node-process.ts";
import { SoakNode } from "../helpers/soak.ts";
import { until } from "../helpers/turns.ts";

setDefaultTimeout(60_000);

const PYTHON = Bun.which("python3");

const Numbered = v.object({ id: v.string(), payload: v.object({ n: v.number() }) });
type Numbered = v.InferOutput<typeof Numbered>;

async function startNode(url: string): Promise<SoakNode> {
  const collector = `[collector:app]\nurl = ${url}\ntopics = test.>\nretry_min_ms = 20\nretry_max_ms = 100\nbatch_events = 3\n`;
  return await SoakNode.start({ "node.ini": `[server]\nhost = 127.0.0.1\n${collector}` });
}

async function publish(node: SoakNode, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 1) {
    expect(await node.publish("test.x", { driver: 0, n }, false)).toBe(true);
  }
}

/** The numbers in the order in which they came first. */
function firstOf(events: readonly Numbered[]): number[] {
  return [...new Set(events.map(({ payload }) => payload.n))];
}

test.skipIf(PYTHON === null)(
  "an application of another process is killed, and so is the node: each event arrives, in order",
  async () => {
    const port = freePort();
    const program = join(ROOT, "examples/collector.py");
    const start = () => Program.start([program, String(port)], { interpreter: PYTHON ?? "" });
    await using node = await startNode(`ccp://127.0.0.1:${port}/events`);
    const runs = [start()];
    const printed = (): Numbered[] =>
      runs.flatMap(({ stdout }) =>
        stdout
          .split("\n")
          .slice(0, -1)
          .map((line) => v.parse(Numbered, JSON.parse(line))),
      );
    try {
      await publish(node, 0, 20);
      await until(() => printed().length > 0);
      runs[0]?.kill("SIGKILL");
      await runs[0]?.finished();
      await publish(node, 20, 40);
      await node.killed();
      await node.back();
      await publish(node, 40, 60);
      runs.push(start());
      await until(() => new Set(printed().map(({ id }) => id)).size === 60);
      expect(firstOf(printed())).toEqual(Array.from({ length: 60 }, (_, n) => n));
    } finally {
      for (const run of runs) run.kill("SIGKILL");
    }
  },
);

/** Takes requests whole, and resets the connection after so many bytes of each answer; once there are no more cuts, it is well. */
class BreakingServer implements AsyncDisposable {
  readonly bodies: { readonly key: string; readonly events: readonly Numbered[] }[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));
  /** Of the answers to come, in bytes. */
  readonly cuts: number[];

  private constructor(cuts: readonly number[]) {
    this.cuts = [...cuts];
  }

  static async listen(cuts: readonly number[]): Promise<BreakingServer> {
    const server = new BreakingServer(cuts);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    let text = "";
    socket.setEncoding("utf8");
    socket.on("data", (data: string) => {
      text += data;
      const [head = "", body] = text.split("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
      if (body === undefined || body.length < length) return;
      text = "";
      this.#answer(socket, /idempotency-key: (\S+)/i.exec(head)?.[1] ?? "", body);
    });
  }

  #answer(socket: Socket, key: string, body: string): void {
    this.bodies.push({ key, events: v.parse(v.array(Numbered), JSON.parse(body)) });
    const answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    const cut = this.cuts.shift();
    if (cut === undefined) socket.write(answer);
    else if (cut === 0) socket.resetAndDestroy();
    else socket.write(answer.slice(0, cut), () => socket.resetAndDestroy());
  }
}

test("a receiver that hangs up in the middle of its answers has each event in the end, in order, under one key", async () => {
  await using server = await BreakingServer.listen([0, 5, 20, 30, 0, 12]);
  await using node = await startNode(`http://127.0.0.1:${server.port}/events`);
  await publish(node, 0, 30);
  const events = () => server.bodies.flatMap((body) => body.events);
  await eventually(
    async () => new Set(events().map(({ id }) => id)).size,
    (count) => count === 30 && server.cuts.length === 0,
  );
  expect(firstOf(events())).toEqual(Array.from({ length: 30 }, (_, n) => n));
  const keysOf = new Map<string, Set<string>>();
  for (const { key, events: told } of server.bodies) {
    for (const { id } of told) keysOf.set(id, (keysOf.get(id) ?? new Set()).add(key));
  }
  expect([...keysOf.values()].filter(({ size }) => size > 1)).toEqual([]);
  expect(server.bodies.length).toBeGreaterThan(keysOf.size / 3);
});
