/** Nodes that are killed at random instants lose nothing that was confirmed. `SOAK_ROUNDS=200` makes it long. */

import { expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { CONSUMER_BATCH_MAX } from "../../mesh/durable/limits.ts";
import { newSecret } from "../helpers/mesh-process.ts";
import { eventually } from "../helpers/mesh-view.ts";
import { SoakDriver, SoakNode, soakFaults, soakRounds } from "../helpers/soak.ts";

const ROUNDS = soakRounds(10);
setDefaultTimeout(60_000 + ROUNDS * 5000);

const CONSUMER = `
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { definePlugin } from "ccp-mesh";

export default definePlugin({
  name: "soak",
  async setup(node) {
    const file = join(await node.dataFolder(), "handled");
    await node.consume("soak", "soak.>", ({ payload, id, isRedelivered }) => {
      appendFileSync(file, JSON.stringify({ ...payload, id, isRedelivered }) + "\\n");
    });
  },
});
`;

const Line = v.object({
  driver: v.number(),
  n: v.number(),
  id: v.string(),
  isRedelivered: v.boolean(),
});
type Line = v.InferOutput<typeof Line>;

function config(name: string, secret: string, more: string): string {
  return `[server]
host = 127.0.0.1
[node]
name = ${name}
[mesh]
secret = ${secret}
${more}`;
}

async function handledBy(node: SoakNode): Promise<Line[]> {
  const file = Bun.file(node.folder.at("data/plugins/soak/handled"));
  if (!(await file.exists())) return [];
  return (await file.text())
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => v.parse(Line, JSON.parse(line)));
}

test(`two nodes, killed ${ROUNDS} times: each confirmed message is handled, in order, and once`, async () => {
  const secret = newSecret();
  await using surf = await SoakNode.start({ "node.ini": config("surf", secret, "") });
  const peers = `peers = 127.0.0.1:${surf.port}\n[plugins]\nload = soak.ts\n`;
  await using bhop = await SoakNode.start({
    "node.ini": config("bhop", secret, peers),
    "soak.ts": CONSUMER,
  });
  // What is published before the one node knows what the other wants is kept for nobody.
  await eventually(
    async () => {
      await surf.publish("soak.first", { driver: -1, n: 0 }, true);
      return await handledBy(bhop);
    },
    (handled) => handled.length > 0,
  );
  const drivers = [0, 1, 2, 3].map(
    (driver) => new SoakDriver(surf, { driver, topic: `soak.${driver}`, durable: true }),
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    await Bun.sleep(Math.random() * 300);
    const victims = [[surf], [bhop], [surf, bhop]][round % 3] ?? [];
    await Promise.all(victims.map((node) => node.killed()));
    await Bun.sleep(Math.random() * 100);
    await Promise.all(victims.map((node) => node.back()));
  }
  for (const driver of drivers) await driver.stop();
  const confirmed = drivers.reduce((sum, driver) => sum + driver.confirmed.length, 0);
  expect(confirmed).toBeGreaterThan(ROUNDS);
  await eventually(
    async () => {
      const faults = soakFaults(drivers, firstArrivals(await handledBy(bhop)));
      // What an operator would look at.
      const seen = faults.length === 0 ? [] : [await surf.durable(), await bhop.durable()];
      return { faults, seen };
    },
    ({ faults }) => faults.length === 0,
    30_000,
  );
  const lines = await handledBy(bhop);
  // What came twice came because the node was killed while it was being handled, and says so.
  const seen = new Set<string>();
  const doubled = lines.filter(({ id }) => {
    const isDouble = seen.has(id);
    seen.add(id);
    return isDouble;
  });
  expect(doubled.filter(({ isRedelivered }) => !isRedelivered)).toEqual([]);
  expect(doubled.length).toBeLessThanOrEqual(ROUNDS * CONSUMER_BATCH_MAX);
  process.stderr.write(
    `  ${ROUNDS} kills: ${confirmed} confirmed, ${lines.length} handled, ${doubled.length} of them again\n`,
  );
});

function firstArrivals(lines: readonly Pick<Line, "driver" | "n" | "id">[]): Map<number, number[]> {
  const arrived = new Map<number, number[]>();
  const seen = new Set<string>();
  for (const { driver, n, id } of lines) {
    if (seen.has(id)) continue;
    seen.add(id);
    arrived.set(driver, [...(arrived.get(driver) ?? []), n]);
  }
  return arrived;
}

const Envelope = v.object({
  id: v.string(),
  payload: v.object({ driver: v.number(), n: v.number() }),
});

interface ReceivedEvent {
  readonly id: string;
  readonly json: string;
  /** Of its batch. */
  readonly key: string;
  readonly driver: number;
  readonly n: number;
}

/** A collector that is away, fails, and hangs up half-way, as it is told; and notes what it has confirmed. */
class Receiver implements Disposable {
  readonly events: ReceivedEvent[] = [];
  readonly keys = new Map<string, string>();
  readonly wrongKeys: string[] = [];
  #server: ReturnType<typeof Bun.serve> | undefined;
  #port = 0;
  /** What comes next: an answer, or none. */
  mood: "well" | "failing" | "busy" | "forgetful" = "well";

  start(): void {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: this.#port,
      reusePort: false,
      development: false,
      fetch: (request) => this.#answer(request),
    });
    this.#port = this.#server.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  async stop(): Promise<void> {
    await this.#server?.stop(true);
    this.#server = undefined;
  }

  async #answer(request: Request): Promise<Response> {
    const body = await request.text();
    if (this.mood === "failing") return new Response("no", { status: 500 });
    if (this.mood === "busy") {
      return new Response("wait", { status: 429, headers: { "retry-after": "0" } });
    }
    const key = request.headers.get("idempotency-key") ?? "";
    const known = this.keys.get(key);
    if (known !== undefined && known !== body) this.wrongKeys.push(key);
    this.keys.set(key, body);
    for (const item of v.parse(v.array(v.unknown()), JSON.parse(body))) {
      const { id, payload } = v.parse(Envelope, item);
      this.events.push({ id, json: JSON.stringify(item), key, ...payload });
    }
    // It has them, and its answer is lost.
    if (this.mood === "forgetful") return new Response("again", { status: 503 });
    return new Response("ok");
  }

  [Symbol.dispose](): void {
    void this.stop();
  }
}

test(`a collector and its node, cut and killed ${ROUNDS} times: each confirmed event arrives, in order`, async () => {
  using receiver = new Receiver();
  receiver.start();
  const url = `http://127.0.0.1:${receiver.port}/events`;
  const collector = `[collector:soak]\nurl = ${url}\ntopics = soak.>\nretry_min_ms = 20\nretry_max_ms = 200\n`;
  await using surf = await SoakNode.start({ "node.ini": config("surf", newSecret(), collector) });
  const drivers = [0, 1, 2, 3].map(
    (driver) => new SoakDriver(surf, { driver, topic: `soak.${driver}`, durable: false }),
  );
  const moods = ["well", "failing", "forgetful", "busy"] as const;
  for (let round = 0; round < ROUNDS; round += 1) {
    receiver.mood = moods[round % moods.length] ?? "well";
    await Bun.sleep(Math.random() * 300);
    if (round % 2 === 0) await receiver.stop();
    await surf.killed();
    await Bun.sleep(Math.random() * 100);
    if (round % 2 === 0) receiver.start();
    await surf.back();
  }
  for (const driver of drivers) await driver.stop();
  receiver.mood = "well";
  const confirmed = drivers.reduce((sum, driver) => sum + driver.confirmed.length, 0);
  expect(confirmed).toBeGreaterThan(ROUNDS);
  await eventually(
    async () => soakFaults(drivers, firstArrivals(receiver.events)),
    (faults) => faults.length === 0,
    30_000,
  );
  // What comes twice is the very same event under the same key, which is never that of another batch.
  const byId = new Map<string, ReceivedEvent>();
  const changed = receiver.events.filter((event) => {
    const before = byId.get(event.id) ?? event;
    byId.set(event.id, event);
    return before.json !== event.json || before.key !== event.key;
  });
  expect(changed).toEqual([]);
  expect(receiver.wrongKeys).toEqual([]);
  const doubled = receiver.events.length - byId.size;
  process.stderr.write(
    `  ${ROUNDS} cuts and kills: ${confirmed} confirmed, ${byId.size} arrived, ${doubled} of them again\n`,
  );
});
