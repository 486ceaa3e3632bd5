/** Who comes to an observed node, does all that can be done there, and goes: see `memory-plugins.ts`. */

import { MeshNode } from "../../mesh/mesh-node.ts";
import type { Messenger } from "../../mesh/messaging/messenger.ts";
import { RawClient } from "../../src/index.ts";
import { BusApplication } from "../mesh/plugins/bus/bus-harness.ts";
import { configOf } from "./mesh-node.ts";
import { silentLogger } from "./silent-logger.ts";
import type { TempFolder } from "./temp-folder.ts";
import { until } from "./turns.ts";

/** The name of the node that is visited. */
export const OBSERVED = "a-node";

export interface JoinOptions {
  readonly name: string;
  readonly secret: string;
  readonly folder: TempFolder;
  /** Ports where it dials. */
  readonly peers: readonly number[];
  readonly isDialable: boolean;
}

/** Starts a node in this process. */
export async function join(options: JoinOptions): Promise<MeshNode> {
  const { name, secret, folder, peers, isDialable } = options;
  const config = await configOf({
    node: `name = ${name}\ndata = ${folder.at(name)}`,
    mesh: [
      `secret = ${secret}`,
      `peers = ${peers.map((port) => `127.0.0.1:${port}`).join(",")}`,
      ...(isDialable ? [] : ["advertise = none"]),
    ].join("\n"),
  });
  return await MeshNode.listen({ config, configPath: folder.at("node.ini"), log: silentLogger });
}

/** The name of the node that carries to the observed one, `null` if there is a link, `undefined` if it is not reached. */
export function wayOf(messenger: Messenger): string | null | undefined {
  const peer = messenger.peers().find(({ name }) => name === OBSERVED);
  return peer === undefined ? undefined : (peer.via ?? null);
}

export interface Visit {
  /** What each request came to. */
  readonly outcomes: readonly string[];
  /** What the service that was visited answered. */
  readonly answer: unknown;
}

/** As it must be. */
export const VISIT: Visit = {
  outcomes: ["answered", "remote_failure", "unknown_service", "request_timeout", "cancelled"],
  answer: {
    outcomes: [
      "answered",
      "answered",
      "answered",
      "remote_failure",
      "unknown_service",
      "unknown_node",
      "request_timeout",
      "cancelled",
    ],
    hears: true,
  },
};

/** Does from a node all that nodes do with another, and has the other do the same with it. */
export async function visit(messenger: Messenger, topic: string): Promise<Visit> {
  await until(() => wayOf(messenger) !== undefined);
  messenger.serve("echo", ({ payload }) => payload);
  messenger.serve(topic, ({ bytes }) => bytes);
  messenger.serve("fail", () => {
    throw new Error("it fails");
  });
  messenger.serve("hang", hang);
  messenger.subscribe(`${topic}.>`, () => {});
  messenger.subscribe("*.line", () => {}, { group: "relay" });
  messenger.subscribe(`${topic}.*`, () => {}, { group: "visit" });
  messenger.setPresence("visitor", { topic, players: Array.from({ length: 32 }, (_, n) => n) });
  messenger.publish(`${topic}.line`, { text: "hello", topic });
  // In pieces. [MESH-4.1]
  messenger.publish(`${topic}.bulk`, Buffer.alloc(100_000, topic));
  const givenUp = new AbortController();
  const requests = [
    messenger.request(OBSERVED, "echo", { topic }),
    messenger.request(OBSERVED, "fail", topic),
    messenger.request(OBSERVED, "absent", topic),
    messenger.request(OBSERVED, "hang", topic, { timeoutMs: 20 }),
    messenger.request(OBSERVED, "hang", topic, { signal: givenUp.signal }),
  ].map(outcomeOf);
  const visited = messenger.request(OBSERVED, "visit", { topic });
  await requests[0];
  givenUp.abort();
  const result = { outcomes: await Promise.all(requests), answer: await visited };
  // Not answered before this node goes.
  void outcomeOf(messenger.request(OBSERVED, "hang", topic));
  return result;
}

/** A program on the bus that has all kinds of things open when it is left to its end. */
export async function joinBus(port: number, topic: string): Promise<RawClient> {
  const client = await RawClient.connect({ host: "127.0.0.1", port, plugin: "bus" });
  const application = new BusApplication(client);
  await application.next();
  const commands = [
    { op: "subscribe", id: 1, pattern: `${topic}.bus` },
    { op: "subscribe", id: 2, pattern: "*.line", group: "relay" },
    { op: "serve", id: 3, service: `${topic}.bus` },
    { op: "presence", id: 4, state: { [topic]: "on the bus" }, watch: true },
    { op: "peers", id: 5, watch: true },
    { op: "request", id: 6, service: `${topic}.bus`, timeoutMs: 10 },
    { op: "publish", topic: `${topic}.bus`, payload: { topic } },
    { op: "request", id: 7, service: "hang" },
  ];
  for (const command of commands) application.send(command);
  // Others come and go meanwhile, of which it is told in between.
  const open = new Set(["ok 1", "ok 2", "ok 3", "ok 4", "ok 5", "error 6", "message 1"]);
  while (open.size > 0) {
    const { op, id } = await application.next();
    open.delete(`${op} ${String(id)}`);
  }
  return client;
}

/** Follows the mesh from a shell until the first message has come. */
export async function readEvents(adminUrl: string, topic: string): Promise<void> {
  const hangUp = new AbortController();
  const url = `${adminUrl}/api/events?topics=${topic}.events,${topic}.*.events`;
  const response = await fetch(url, { signal: hangUp.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ topic: `${topic}.events`, payload: topic });
  await fetch(`${adminUrl}/api/publish`, { method: "POST", headers, body });
  await reader?.read();
  hangUp.abort();
}

export async function outcomeOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return "answered";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}

function hang({ signal }: { readonly signal: AbortSignal }): Promise<string> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve("nobody waits"));
  });
}
