/** Nodes with real outboxes, joined without sockets: who is up, and which answers are lost, the test says. */

import { Durable, type DurableMessenger } from "../../../mesh/durable/durable.ts";
import type { DurableMessage } from "../../../mesh/durable/consumer.ts";
import { MeshError, type Peer, type PeerEvent, type ServiceHandler } from "../../../mesh/index.ts";
import { decodePayload, encodePayload, type Payload } from "../../../mesh/messaging/payload.ts";
import { RecordingLogger } from "../../helpers/recording-logger.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { until } from "../../helpers/turns.ts";
import { ManualClock } from "../manual-clock.ts";

export class DurableBed implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock();
  readonly log: RecordingLogger = new RecordingLogger();
  readonly #nodes = new Map<string, BedNode>();
  readonly #folders = new Map<string, TempFolder>();
  /** Of a request, and so of a delivery; for nodes that start from now on. */
  payloadBytesMax: number = 1024 * 1024;
  /** Answers that are lost on their way, once each, by service. */
  readonly lostAnswers: string[] = [];

  /** Starts a node, in the folder that one of its name, or of its former one, has had. */
  async start(name: string, formerName: string = name): Promise<BedNode> {
    const folder = this.#folders.get(formerName) ?? (await TempFolder.create());
    this.#folders.delete(formerName);
    this.#folders.set(name, folder);
    const node = new BedNode(this, name, folder.path);
    this.#nodes.set(name, node);
    for (const other of this.others(name)) {
      other.tell({ change: "up", peer: peerOf(name) });
      node.tell({ change: "up", peer: peerOf(other.name) });
    }
    return node;
  }

  async stop(node: BedNode): Promise<void> {
    this.#nodes.delete(node.name);
    for (const other of this.others(node.name)) {
      other.tell({ change: "down", peer: peerOf(node.name) });
    }
    await node.durable.close();
  }

  others(name: string): BedNode[] {
    return [...this.#nodes.values()].filter((node) => node.name !== name);
  }

  node(name: string): BedNode | undefined {
    return this.#nodes.get(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes.values()) await node.durable.close();
    for (const folder of this.#folders.values()) await folder[Symbol.asyncDispose]();
  }
}

export class BedNode {
  readonly name: string;
  readonly durable: Durable;
  /** What subscribers that are there would get. */
  readonly published: { readonly topic: string; readonly payload: unknown }[] = [];
  readonly services: Map<string, ServiceHandler> = new Map();
  readonly #listeners: ((event: PeerEvent) => void)[] = [];

  constructor(bed: DurableBed, name: string, folder: string) {
    this.name = name;
    const { payloadBytesMax } = bed;
    const messaging: DurableMessenger = {
      nodeName: name,
      onPublish: undefined,
      serve: (service, handler) => {
        this.services.set(service, handler);
        return { remove: () => void this.services.delete(service) };
      },
      onPeer: (callback) => {
        this.#listeners.push(callback);
        return { remove: () => {} };
      },
      peers: () => bed.others(name).map((other) => peerOf(other.name)),
      publishEncoded: (topic, payload: Payload) => {
        this.published.push({ topic, payload: decodePayload(payload) });
        return true;
      },
      publishUntapped: (topic, payload) => {
        this.published.push({ topic, payload });
        return true;
      },
      request: async (to, service, payload) => {
        encodePayload(payload, payloadBytesMax);
        const target = bed.node(to);
        if (target === undefined) throw new MeshError("unknown_node", `there is no node ${to}`);
        const answer = await target.ask(service, name, payload);
        const lost = bed.lostAnswers.indexOf(service);
        if (lost < 0) return answer;
        bed.lostAnswers.splice(lost, 1);
        throw new MeshError("node_lost", `${to} went before it answered`);
      },
    };
    this.durable = new Durable({
      messaging,
      folder,
      payloadBytesMax,
      log: bed.log,
      clock: bed.clock,
    });
  }

  tell(event: PeerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async ask(service: string, from: string, payload: unknown): Promise<unknown> {
    const handler = this.services.get(service);
    if (handler === undefined) throw new MeshError("unknown_service", `nobody serves ${service}`);
    const { signal } = new AbortController();
    const bytes = Buffer.alloc(0);
    return await handler({ service, from, kind: "value", bytes, payload, signal });
  }

  /** Consumes into a list. */
  async collect(name: string, pattern: string): Promise<Collected> {
    const messages: DurableMessage[] = [];
    const registration = await this.durable.consume(name, pattern, (message) => {
      messages.push(message);
    });
    return new Collected(messages, () => registration.remove());
  }
}

export class Collected {
  readonly messages: readonly DurableMessage[];
  readonly stop: () => void;

  constructor(messages: readonly DurableMessage[], stop: () => void) {
    this.messages = messages;
    this.stop = stop;
  }

  get payloads(): unknown[] {
    return this.messages.map(({ payload }) => payload);
  }

  async has(count: number): Promise<void> {
    await until(() => this.messages.length >= count);
  }
}

function peerOf(name: string): Peer {
  return { name, instance: name, incarnation: 1, via: undefined, rttMs: 1 };
}
