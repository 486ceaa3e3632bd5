import type { RemoteNode } from "../cluster/remote-node.ts";
import { assertGroup, assertTopic } from "../topics/topic.ts";
import { NameCache } from "./name-cache.ts";
import { kindOf } from "./payload.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Flags, and the length of the topic. */
const HEAD_BYTES = 3;
const NO_GROUPS: readonly string[] = [];

/**
 * The messages that come from other nodes. [MESH-7.2] This is where a busy node spends its time: a message costs
 * a look at its topic's bytes, and one object for each of its subscribers.
 */
export class Arrivals {
  readonly #subscriptions: Subscriptions;
  readonly #topics = new NameCache(assertTopic);
  readonly #groups = new NameCache(assertGroup);
  #received = 0;

  constructor(subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions;
  }

  get received(): number {
    return this.#received;
  }

  /** Answers what is wrong with the frame, if anything is. */
  onPublish(node: RemoteNode, chunk: Buffer, start: number, end: number): string | undefined {
    const topicStart = start + HEAD_BYTES;
    if (topicStart > end) return "publish: it ends within its head";
    const topicEnd = topicStart + (((chunk[start + 1] ?? 0) << 8) | (chunk[start + 2] ?? 0));
    if (topicEnd >= end) return "publish: it ends within its topic";
    const topic = this.#topics.read(chunk, topicStart, topicEnd);
    if (topic === undefined) return "publish: its topic is none";
    let payloadStart = topicEnd + 1;
    let groups = NO_GROUPS;
    if (chunk[topicEnd] !== 0) {
      const read = this.#readGroups(chunk, topicEnd, end);
      if (typeof read === "string") return read;
      ({ groups, payloadStart } = read);
    }
    this.#received += 1;
    const kind = kindOf(chunk[start] ?? 0);
    const arrival = { topic, from: node.name, kind, chunk, start: payloadStart, end };
    this.#subscriptions.arrive(arrival, groups);
    return undefined;
  }

  #readGroups(
    chunk: Buffer,
    start: number,
    end: number,
  ): string | { readonly groups: readonly string[]; readonly payloadStart: number } {
    const groups: string[] = [];
    const count = chunk[start] ?? 0;
    let offset = start + 1;
    while (groups.length < count) {
      const nameStart = offset + 1;
      const nameEnd = nameStart + (chunk[offset] ?? 0);
      if (nameStart > end || nameEnd > end) return "publish: it ends within its groups";
      const group = this.#groups.read(chunk, nameStart, nameEnd);
      if (group === undefined) return "publish: a group of it is none";
      groups.push(group);
      offset = nameEnd;
    }
    return { groups, payloadStart: offset };
  }
}
