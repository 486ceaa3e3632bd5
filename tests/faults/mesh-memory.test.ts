/** An hour of a busy mesh in seconds: of all that comes and goes, nothing stays in the node that has seen it. */

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { MeshNode } from "../../mesh/mesh-node.ts";
import { FaultProxy } from "../helpers/fault-proxy.ts";
import { GUEST, HOST } from "../helpers/memory-plugins.ts";
import { Insider } from "../helpers/mesh-insider.ts";
import { newSecret } from "../helpers/mesh-process.ts";
import {
  join,
  joinBus,
  OBSERVED,
  readEvents,
  VISIT,
  visit,
  wayOf,
} from "../helpers/mesh-visitor.ts";
import { Growth } from "../helpers/memory-growth.ts";
import { type Kept, ObservedNode } from "../helpers/observed-node.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { rejection, until } from "../helpers/turns.ts";

const KiB = 1024;
const ANCHOR = "b-anchor";
/** One that stops, one that is heard of, one that is cut off, one that is carried. */
const VISITORS_PER_BATCH = 4;
const BATCHES = 42;
/** Enough to see what is planted. */
const BATCHES_WITH_LEAK = 18;
/** More than any memory of names has places for. */
const NAMES = 10_000;

/** Of what one visitor leaves behind, and what came with it. */
const HEAP_BYTES_MAX = 256;
/** Loose: it is for what is not on the heap, and under load the system gives and takes as much by itself. */
const RESIDENT_BYTES_MAX = 16 * KiB;
/** Of each type: less than one for each of what comes and goes in a batch, more than the collector is inexact by. */
const OBJECTS_PER_BATCH_MAX = 0.5;

let folder: TempFolder;
let secret: string;
let observed: ObservedNode;
/** Stays, and carries for others. */
let anchor: MeshNode;
/** Between the observed node and those that are cut off. */
let proxies: { readonly ofCut: FaultProxy; readonly ofCarried: FaultProxy };

beforeEach(async () => {
  secret = newSecret();
  folder = await TempFolder.create({ "host.ts": HOST, "guest.ts": GUEST });
});

afterEach(async () => {
  await observed[Symbol.asyncDispose]();
  await anchor.stop();
  await proxies.ofCut[Symbol.asyncDispose]();
  await proxies.ofCarried[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function start(settings = ""): Promise<void> {
  const config = [
    "[server]",
    "host = 127.0.0.1",
    "port = 0",
    "[admin]",
    "port = 0",
    "[node]",
    `name = ${OBSERVED}`,
    `data = ${folder.at(OBSERVED)}`,
    "[mesh]",
    `secret = ${secret}`,
    // So that there is no way around a proxy.
    "advertise = none",
    "[plugins]",
    "load = host.ts, guest.ts",
    "[plugin:host]",
    settings,
    "[limits]",
    // What is remembered of those that have left is bounded by it, and so full before it counts.
    "mesh_nodes_max = 8",
  ];
  await folder.write("node.ini", config.join("\n"));
  observed = await ObservedNode.start(folder);
  anchor = await joinAs(ANCHOR, [observed.port], { isDialable: false });
  proxies = {
    ofCut: await FaultProxy.to(observed.port),
    ofCarried: await FaultProxy.to(observed.port),
  };
  await until(() => wayOf(anchor.messenger) === null);
}

/** What is seen after each batch. */
async function run(batches: number): Promise<Growth> {
  await fillMemoriesOfNames(batches);
  const atRest = await observed.kept();
  const seen: Kept[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    await Promise.all([
      comesAndStops(`s-${batch}`),
      isHeardOf(`h-${batch}`),
      isCutOff(`c-${batch}`),
      isCarried(`r-${batch}`),
      isStranger(),
      isNamesake(),
      askOperator(),
    ]);
    seen.push(await observed.keptOnce(atRest.sizes));
  }
  return new Growth(seen);
}

/** Names that came are remembered up to a bound, which would look like a leak until it is reached. */
async function fillMemoriesOfNames(batches: number): Promise<void> {
  const { messenger } = anchor;
  const subscription = messenger.subscribe("names.here.>", () => {});
  for (let n = 0; n < NAMES; n += 1) messenger.publish(`names.${crypto.randomUUID()}`, n);
  await messenger.request(OBSERVED, "names", NAMES);
  subscription.unsubscribe();
  const keys = Array.from({ length: batches }, (_, at) => [`s-${at}`, `c-${at}`]).flat();
  await messenger.request(OBSERVED, "echo", Object.fromEntries(keys.map((key) => [key, key])));
}

function joinAs(
  name: string,
  peers: readonly number[],
  { isDialable = true }: { readonly isDialable?: boolean } = {},
): Promise<MeshNode> {
  return join({ name, secret, folder, peers, isDialable });
}

/** Dials, and says goodbye. A program on the bus and a reader of events do the same. */
async function comesAndStops(topic: string): Promise<void> {
  const node = await joinAs(topic, [observed.port]);
  expect(await visit(node.messenger, topic)).toEqual(VISIT);
  const bus = await joinBus(observed.port, topic);
  await readEvents(observed.adminUrl, topic);
  await node.stop();
  await bus.close();
}

/** Is dialled by the observed node, which learns of it from the anchor. */
async function isHeardOf(topic: string): Promise<void> {
  const node = await joinAs(topic, [anchor.port]);
  expect(await visit(node.messenger, topic)).toEqual(VISIT);
  await node.stop();
}

/** Is one and the same each time, and its connection breaks, with that of a program on the bus. */
async function isCutOff(topic: string): Promise<void> {
  const { ofCut } = proxies;
  await ofCut.admit();
  const node = await joinAs("c-again", [ofCut.port], { isDialable: false });
  expect(await visit(node.messenger, topic)).toEqual(VISIT);
  const bus = await joinBus(ofCut.port, topic);
  ofCut.refuse();
  ofCut.reset();
  await bus.over;
  await node.stop();
}

/** Loses its link, and is reached through the anchor until it says goodbye. */
async function isCarried(topic: string): Promise<void> {
  const { ofCarried } = proxies;
  await ofCarried.admit();
  const node = await joinAs(topic, [ofCarried.port, anchor.port], { isDialable: false });
  expect(await visit(node.messenger, topic)).toEqual(VISIT);
  ofCarried.refuse();
  ofCarried.reset();
  await until(() => wayOf(node.messenger) === ANCHOR);
  expect(await node.messenger.request(OBSERVED, "echo", topic)).toBe(topic);
  await node.stop();
}

/** Does not know the secret. */
async function isStranger(): Promise<void> {
  const { port } = observed;
  const joined = Insider.join({ port, secret: newSecret(), name: "stranger" });
  expect(String(await rejection(joined))).toContain("unauthenticated");
}

/** Would take the place of the anchor, which is asked whether it is still there. */
async function isNamesake(): Promise<void> {
  const { port } = observed;
  const incarnation = Number.MAX_SAFE_INTEGER;
  const joined = Insider.join({ port, secret, name: ANCHOR, incarnation });
  expect(String(await rejection(joined))).toContain("duplicate_name");
}

/** Loads a plugin again, and looks at the node. */
async function askOperator(): Promise<void> {
  const { adminUrl } = observed;
  const reload = await fetch(`${adminUrl}/api/plugins`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ action: "reload", plugin: "guest" }),
  });
  expect(await reload.json()).toMatchObject({ state: "loaded" });
  for (const path of ["/api/status", "/metrics"]) await (await fetch(adminUrl + path)).text();
}

describe("nodes, applications, readers and plugins that come and go", () => {
  test("leave nothing behind: 168 nodes, more than join in a busy hour", async () => {
    await start();
    const growth = await run(BATCHES);
    process.stderr.write(`  ${growth.text(VISITORS_PER_BATCH)}\n`);
    expect(growth.typesAbove(OBJECTS_PER_BATCH_MAX)).toEqual([]);
    expect(growth.heapBytes / VISITORS_PER_BATCH).toBeLessThan(HEAP_BYTES_MAX);
    expect(growth.residentBytes / VISITORS_PER_BATCH).toBeLessThan(RESIDENT_BYTES_MAX);
    expect(growth.last.errors.toSorted()).toEqual([
      "the service fail failed",
      expect.stringContaining(`two nodes have the name "${ANCHOR}"`),
    ]);
    expect(growth.last.uncaughtErrors).toBe(0);
  }, 60_000);

  test("are found out where a plugin keeps one object of each visit", async () => {
    await start("keep = yes");
    const growth = await run(BATCHES_WITH_LEAK);
    expect(growth.typesAbove(OBJECTS_PER_BATCH_MAX)).toContain("Object");
  }, 60_000);
});
