/** Everything that can happen to lines, in any order, while four real nodes talk all the time. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import { FaultProxy, freePort } from "../helpers/fault-proxy.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { MeshBed, type MeshProcess } from "../helpers/mesh-process.ts";
import { allLinked, eventually, field, printFigure } from "../helpers/mesh-view.ts";
import type { Answer } from "../helpers/node-process.ts";

const SEED = 20_261_122;
const NAMES = ["ann", "bob", "carl", "dora"] as const;
const LIMITS = {
  mesh_ping_interval_ms: 200,
  mesh_silence_timeout_ms: 1000,
  mesh_stall_timeout_ms: 1500,
};
const CHAOS_MS = 8000;
const REQUEST_MS = 2500;

let bed: MeshBed;
let lines: FaultProxy[];
let nodes: MeshProcess[];
const random = seededRandom(SEED);

function oneOf<Item>(items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

beforeEach(async () => {
  bed = new MeshBed();
  const ports = await Promise.all(NAMES.map(() => freePort()));
  lines = await Promise.all(ports.map((port, seed) => FaultProxy.to(port, { seed })));
  nodes = [];
  for (const [index, name] of NAMES.entries()) {
    const advertise = lines[index]?.port ?? "none";
    // All know the first, and the first knows all; only lines that can be cut lead to anybody.
    const peers = lines.filter((_, at) => at !== index && (at === 0 || index === 0));
    const port = ports[index] ?? 0;
    const settings = { beat_ms: 7 };
    nodes.push(await bed.start({ name, port, advertise, peers, limits: LIMITS, settings }));
  }
  await allLinked(nodes);
});
afterEach(async () => {
  await bed[Symbol.asyncDispose]();
  for (const line of lines) await line[Symbol.asyncDispose]();
});

/** What may happen to all connections to one node. */
const FAULTS: readonly ((line: FaultProxy) => void | Promise<void>)[] = [
  (line) => line.reset(),
  (line) => line.close(),
  (line) => line.resetClients(),
  (line) => line.faultBoth({ cut: "hold" }),
  (line) => line.faultBoth({ cut: "vanish" }),
  (line) => line.fault({ toServer: { cut: "vanish" } }),
  (line) => line.fault({ toClient: { cut: "vanish" } }),
  (line) => line.faultBoth({ latencyMs: 30, jitterMs: 60, sliceBytes: 25 }),
  (line) => {
    line.refuse();
    line.reset();
  },
  healed,
];

async function healed(line: FaultProxy): Promise<void> {
  line.heal();
  await line.admit();
}

/** Asks others again and again until told to stop; answers how often each answer came. */
async function askAll(node: MeshProcess, state: { isOver: boolean }): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  for (let turn = 0; !state.isOver; turn += 1) {
    const other = NAMES[turn % NAMES.length] ?? "ann";
    const beganMs = performance.now();
    const answer = await node.request(other, "echo", node.name, REQUEST_MS);
    // Whatever happens, who asks is told in time.
    expect(performance.now() - beganMs).toBeLessThan(REQUEST_MS + 700);
    const what = whatOf(answer);
    answers.set(what, (answers.get(what) ?? 0) + 1);
    await Bun.sleep(5);
  }
  return answers;
}

function whatOf({ status, body }: Answer): string {
  return status === 200 ? "answered" : String(field(body, "code"));
}

/** No message came twice, or after one that was sent later. */
async function expectOrder(): Promise<void> {
  for (const node of nodes) {
    for (const [from, { wrong }] of Object.entries(await node.heard())) {
      expect({ at: node.name, from, wrong }).toEqual({ at: node.name, from, wrong: [] });
    }
  }
}

test(`chaos of seed ${SEED}: in order, answered in time, and whole again in the end`, async () => {
  const state = { isOver: false };
  const asked = Promise.all(nodes.map((node) => askAll(node, state)));
  const endMs = performance.now() + CHAOS_MS;
  while (performance.now() < endMs) {
    const [fault, line, mended] = [oneOf(FAULTS), oneOf(lines), oneOf(lines)];
    if (fault !== undefined && line !== undefined) await fault(line);
    if (mended !== undefined && random() < 0.4) await healed(mended);
    await Bun.sleep(random() * 600);
    await expectOrder();
  }
  for (const line of lines) await healed(line);
  printFigure("four nodes are whole again after chaos", await allLinked(nodes, 15_000));
  state.isOver = true;
  for (const answers of await asked) {
    expect(answers.get("answered") ?? 0).toBeGreaterThan(50);
    const expected = new Set(["answered", "node_lost", "unknown_node", "request_timeout"]);
    expect([...answers.keys()].filter((what) => !expected.has(what))).toEqual([]);
  }
  await expectOrder();
  for (const node of nodes) {
    const { answer } = await eventually(
      () => node.presence(),
      (known) => known.length === NAMES.length,
      5000,
    );
    expect(answer).toEqual([...NAMES]);
    expect((await node.status()).process.uncaughtErrors).toBe(0);
    expect(node.node.log.filter(({ level }) => level === "error")).toEqual([]);
  }
}, 60_000);
