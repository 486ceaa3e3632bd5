import type { Audience } from "../topics/audience.ts";
import { chooseMember, LOCAL } from "../topics/choose-member.ts";
import type { KnownNode } from "./known-node.ts";
import { GROUPS_MAX } from "./limits.ts";
import type { Nodes } from "./nodes.ts";
import { assertLength, encodePayload, type Payload } from "./payload.ts";
import { PublishFrames } from "./publish-frames.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface PublisherOptions {
  readonly nodeName: string;
  readonly nodes: Nodes;
  readonly subscriptions: Subscriptions;
  readonly payloadBytesMax: number;
  readonly random: () => number;
}

/** Whom a message goes to. */
interface Receivers {
  /** The groups of which each node is to choose a member; none for a node that gets it in any case. */
  readonly nodes: ReadonlyMap<KnownNode, readonly string[]>;
  readonly hasLocal: boolean;
  readonly localGroups: readonly string[];
}

const NO_GROUPS: readonly string[] = [];

/** Sends messages to whom they are for. [MESH-7.2] */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #frames = new PublishFrames();
  #published = 0;
  #sent = 0;
  #dropped = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get published(): number {
    return this.#published;
  }

  /** Messages sent to nodes; one for each. */
  get sent(): number {
    return this.#sent;
  }

  /** Messages that were not sent to a node, because too much waits for it. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Answers `false` when so much waits for some node that a sender of much should wait.
   *
   * @throws {MeshError} `invalid_topic`, `invalid_payload`
   */
  publish(topic: string, payload: unknown): boolean {
    const { payloadBytesMax } = this.#options;
    if (payload instanceof Uint8Array) assertLength(payload, payloadBytesMax);
    return this.#publish(topic, payload, undefined);
  }

  /** @throws {MeshError} `invalid_topic` */
  publishEncoded(topic: string, payload: Payload): boolean {
    return this.#publish(topic, undefined, payload);
  }

  #publish(topic: string, payload: unknown, given: Payload | undefined): boolean {
    const { nodes, subscriptions, payloadBytesMax } = this.#options;
    const remote = nodes.wanting(topic);
    const local = subscriptions.audience(topic);
    const hasLocal = local.plain.length > 0;
    const receivers =
      remote.groups.size === 0 && local.groups.size === 0 ? undefined : this.#choose(remote, local);
    this.#published += 1;
    // What nobody wants is not even encoded.
    if (receivers === undefined && remote.plain.length === 0 && !hasLocal) return true;
    const encoded = given ?? encodePayload(payload, payloadBytesMax);
    if (receivers === undefined) {
      const hasRoom = this.#sendToAll(topic, remote.plain, encoded);
      if (hasLocal) this.#deliver(topic, encoded, NO_GROUPS);
      return hasRoom;
    }
    const hasRoom = this.#send(topic, receivers, encoded);
    if (receivers.hasLocal) this.#deliver(topic, encoded, receivers.localGroups);
    return hasRoom;
  }

  /** For each group one node, or this one. */
  #choose(remote: Audience<KnownNode>, local: Audience<unknown>): Receivers {
    const { random } = this.#options;
    const nodes = new Map<KnownNode, string[]>();
    for (const known of remote.plain) nodes.set(known, []);
    const localGroups: string[] = [];
    for (const group of new Set([...remote.groups.keys(), ...local.groups.keys()])) {
      const peers = able(remote.groups.get(group) ?? []);
      const chosen = chooseMember({ peers, hasLocal: local.groups.has(group) }, random);
      if (chosen === undefined) continue;
      if (chosen === LOCAL) localGroups.push(group);
      else nodes.set(chosen, [...(nodes.get(chosen) ?? []), group]);
    }
    const hasLocal = local.plain.length > 0 || localGroups.length > 0;
    return { nodes, hasLocal, localGroups };
  }

  #sendToAll(topic: string, known: readonly KnownNode[], payload: Payload): boolean {
    if (known.length === 0) return true;
    let hasRoom = true;
    this.#frames.lend(topic, { groups: NO_GROUPS, payload }, (frame) => {
      for (const each of known) hasRoom = this.#sendTo(each, topic, frame) && hasRoom;
    });
    return hasRoom;
  }

  #send(topic: string, { nodes }: Receivers, payload: Payload): boolean {
    const plain: KnownNode[] = [];
    let hasRoom = true;
    for (const [known, named] of nodes) {
      if (named.length === 0) {
        plain.push(known);
        continue;
      }
      const groups = named.slice(0, GROUPS_MAX);
      this.#dropped += named.length - groups.length;
      this.#frames.lend(topic, { groups, payload }, (frame) => {
        hasRoom = this.#sendTo(known, topic, frame) && hasRoom;
      });
    }
    return this.#sendToAll(topic, plain, payload) && hasRoom;
  }

  #sendTo({ node, isOpen }: KnownNode, topic: string, frame: Uint8Array): boolean {
    if (!isOpen) return true;
    if (!node.sendMessage(frame, topic)) {
      this.#dropped += 1;
      return false;
    }
    this.#sent += 1;
    return node.hasRoom;
  }

  /** A value was encoded for this alone; bytes are still the publisher's, who may change them. */
  #deliver(topic: string, { kind, bytes }: Payload, groups: readonly string[]): void {
    const { nodeName, subscriptions } = this.#options;
    const chunk =
      kind === "raw"
        ? Buffer.from(bytes)
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    subscriptions.deliver(
      { topic, from: nodeName, kind, chunk, start: 0, end: chunk.length },
      groups,
    );
  }
}

/** Those with room, if there are any; else those that can be reached. */
function able(nodes: readonly KnownNode[]): readonly KnownNode[] {
  const open = nodes.filter(({ isOpen }) => isOpen);
  const withRoom = open.filter(({ node }) => node.hasRoom);
  return withRoom.length > 0 ? withRoom : open;
}
