/** A node as its operator sees it, through its admin address. */

import * as v from "valibot";
import type { Answer } from "./node-process.ts";

export interface PeerSeen {
  readonly name?: string | null | undefined;
  readonly state: string;
  readonly address?: string | null | undefined;
  readonly via?: string | null | undefined;
  readonly incarnation?: number | null | undefined;
  readonly queuedBytes?: number | null | undefined;
  readonly counters?: { readonly dropped: number; readonly framesOut: number } | null | undefined;
}

export interface StatusSeen {
  readonly endpoint: { readonly connections: number; readonly pending: number };
  readonly mesh: { readonly peers: readonly PeerSeen[] };
  readonly refusals: Readonly<Record<string, number>>;
  readonly process: { readonly residentBytes: number; readonly uncaughtErrors: number };
}

/** What was heard of a node that beats. */
export interface Beats {
  /** Another one at each of its starts. */
  readonly run: string;
  readonly first: number;
  readonly last: number;
  readonly count: number;
  /** Numbers that were passed over. */
  readonly missed: number;
  /** What came twice or too late: the last number before it, and it. */
  readonly wrong: readonly unknown[];
}

const PeerSchema: v.GenericSchema<unknown, PeerSeen> = v.object({
  name: v.nullish(v.string()),
  state: v.string(),
  address: v.nullish(v.string()),
  via: v.nullish(v.string()),
  incarnation: v.nullish(v.number()),
  queuedBytes: v.nullish(v.number()),
  counters: v.nullish(v.object({ dropped: v.number(), framesOut: v.number() })),
});

const StatusSchema: v.GenericSchema<unknown, StatusSeen> = v.object({
  endpoint: v.object({ connections: v.number(), pending: v.number() }),
  mesh: v.object({ peers: v.array(PeerSchema) }),
  refusals: v.record(v.string(), v.number()),
  process: v.object({ residentBytes: v.number(), uncaughtErrors: v.number() }),
});

const HeardSchema: v.GenericSchema<unknown, Readonly<Record<string, Beats>>> = v.record(
  v.string(),
  v.object({
    run: v.string(),
    first: v.number(),
    last: v.number(),
    count: v.number(),
    missed: v.number(),
    wrong: v.array(v.unknown()),
  }),
);

export interface EventSeen {
  readonly topic: string;
  readonly from: string;
  readonly payload: unknown;
}

const EventSchema: v.GenericSchema<unknown, EventSeen> = v.object({
  topic: v.string(),
  from: v.string(),
  payload: v.unknown(),
});

export class MeshView {
  readonly name: string;
  readonly port: number;
  readonly adminUrl: string;

  constructor({ name, port, adminUrl }: Readonly<Pick<MeshView, "name" | "port" | "adminUrl">>) {
    this.name = name;
    this.port = port;
    this.adminUrl = adminUrl;
  }

  async status(): Promise<StatusSeen> {
    return v.parse(StatusSchema, await this.#get("/api/status"));
  }

  async peers(): Promise<readonly PeerSeen[]> {
    return (await this.status()).mesh.peers;
  }

  /** The names of those that it has a link with, in order; one that has two stands there twice. */
  async linked(): Promise<string[]> {
    const up = (await this.peers()).filter(({ state }) => state === "up");
    return up.map(({ name }) => name ?? "").toSorted();
  }

  /** Those it reaches, a node as `name`, or as `name via carrier`. */
  async reached(): Promise<string[]> {
    const PeersSchema = v.array(v.object({ name: v.string(), via: v.nullable(v.string()) }));
    const peers = v.parse(PeersSchema, await this.ask("peers"));
    return peers.map(({ name, via }) => (via === null ? name : `${name} via ${via}`)).toSorted();
  }

  publish(topic: string, payload: unknown): Promise<Answer> {
    return this.#post("/api/publish", { topic, payload });
  }

  /** `POST /api/request`; see {@link ask}. */
  request(
    node: string,
    service: string,
    payload: unknown = null,
    timeoutMs = 5000,
  ): Promise<Answer> {
    return this.#post("/api/request", { node, service, payload, timeoutMs });
  }

  /** What a service of a node answers, this one's own if none is named. */
  async ask(service: string, payload: unknown = null, node: string = this.name): Promise<unknown> {
    const { status, body } = await this.request(node, service, payload);
    if (status !== 200) {
      throw new Error(`${node} answered ${this.name} with ${status}: ${JSON.stringify(body)}`);
    }
    return v.parse(v.looseObject({ payload: v.unknown() }), body).payload;
  }

  /** What its probe has heard of those that beat. */
  async heard(): Promise<Readonly<Record<string, Beats>>> {
    return v.parse(HeardSchema, await this.ask("heard"));
  }

  async presence(): Promise<string[]> {
    return Object.keys(
      v.parse(v.record(v.string(), v.unknown()), await this.ask("presence")),
    ).toSorted();
  }

  async memoryBytes(): Promise<number> {
    return v.parse(v.number(), await this.ask("memory"));
  }

  /** What is published on these topics from when the promise resolves on; leaving the loop ends it. */
  async events(topics: string): Promise<AsyncGenerator<EventSeen, void>> {
    const response = await fetch(
      `${this.adminUrl}/api/events?topics=${encodeURIComponent(topics)}`,
    );
    const { body } = response;
    if (response.status !== 200 || body === null) throw new Error(await response.text());
    return eventsOf(body);
  }

  async #get(path: string): Promise<unknown> {
    const response = await fetch(this.adminUrl + path);
    return await response.json();
  }

  async #post(path: string, body: unknown): Promise<Answer> {
    const response = await fetch(this.adminUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }
}

/** Asks again and again until it holds; gives up after `timeoutMs` with what came last. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  holds: (answer: Answer) => boolean,
  timeoutMs = 10_000,
): Promise<{ readonly answer: Answer; readonly tookMs: number }> {
  const beganMs = performance.now();
  for (;;) {
    const answer = await ask();
    const tookMs = performance.now() - beganMs;
    if (holds(answer)) return { answer, tookMs };
    if (tookMs > timeoutMs) {
      throw new Error(`after ${timeoutMs} ms it is still ${JSON.stringify(answer)}`);
    }
    await Bun.sleep(10);
  }
}

/** Each of them has one link with each other, and hears it; answers how long it took. */
export async function allLinked(nodes: readonly MeshView[], timeoutMs?: number): Promise<number> {
  const names = nodes.map(({ name }) => name).toSorted();
  const expected = nodes.map((node) => names.filter((name) => name !== node.name));
  const { tookMs } = await eventually(
    () => Promise.all(nodes.flatMap((node) => [node.linked(), node.reached()])),
    (seen) =>
      Bun.deepEquals(
        seen,
        expected.flatMap((others) => [others, others]),
      ),
    timeoutMs,
  );
  return tookMs;
}

/** Says in the output of the tests how long something took. */
export function printFigure(what: string, tookMs: number): void {
  process.stderr.write(`  ${what} after ${tookMs.toFixed(0)} ms\n`);
}

/** What is so named in it, if it has it. */
export function field(value: unknown, name: string): unknown {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return entries.find(([key]) => key === name)?.[1];
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<EventSeen, void> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield v.parse(EventSchema, JSON.parse(data));
    }
  }
}
