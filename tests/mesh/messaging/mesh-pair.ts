/** Messengers of several nodes in one process, joined by ways that can be filled, cut and opened again. */

import type { RemoteNode } from "../../../mesh/cluster/remote-node.ts";
import type { MeshLimits } from "../../../mesh/mesh-limits.ts";
import { Messaging } from "../../../mesh/messaging/messaging.ts";
import { nextTurn } from "../../helpers/turns.ts";
import { ManualClock } from "../manual-clock.ts";

const KEPT_ABOVE_BYTES = 64 * 1024;

export class Member {
  readonly name: string;
  readonly messaging: Messaging;
  readonly errors: unknown[] = [];
  readonly clock: ManualClock = new ManualClock();
  /** What it found wrong with frames. */
  readonly problems: string[] = [];

  constructor(
    name: string,
    { limits = {}, random }: { limits?: Partial<MeshLimits>; random?: () => number } = {},
  ) {
    this.name = name;
    this.messaging = new Messaging({
      nodeName: name,
      limits,
      onCallbackError: (error) => this.errors.push(error),
      onHandlerError: (error) => this.errors.push(error),
      clock: this.clock,
      ...(random === undefined ? {} : { random }),
    });
  }
}

let instances = 0;

/** One node, as another sees it: what is sent to it waits until it is let through. */
export class FakeNode implements RemoteNode {
  readonly name: string;
  readonly instance: string;
  readonly incarnation = 1;
  readonly via: string | undefined = undefined;
  readonly rttMs = 1.5;
  /** Frames, and `undefined` where a way was opened. */
  waiting: (Uint8Array | undefined)[] = [];
  /** Control frames and messages that were sent, by type. */
  readonly sent: number[] = [];
  isDown = false;
  hasRoom = true;
  isFull = false;
  #drained: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(name: string) {
    this.name = name;
    instances += 1;
    this.instance = `${name}-${instances}`;
  }

  sendControl(frame: Uint8Array): void {
    this.sent.push(frame[0] ?? -1);
    this.waiting.push(Uint8Array.from(frame));
  }

  sendMessage(frame: Uint8Array, order: string): boolean {
    if (order === "") throw new Error("no order");
    if (this.isFull) return false;
    this.sent.push(frame[0] ?? -1);
    this.waiting.push(frame.length > KEPT_ABOVE_BYTES ? frame : Uint8Array.from(frame));
    return true;
  }

  async drained(): Promise<void> {
    if (!this.hasRoom) await this.#drained.promise;
  }

  fill(): void {
    this.hasRoom = false;
  }

  drain(): void {
    this.hasRoom = true;
    this.isFull = false;
    this.#drained.resolve();
    this.#drained = Promise.withResolvers();
  }
}

/** The way between two members, both directions. */
export class Way {
  readonly first: Member;
  readonly second: Member;
  /** The second, as the first sees it, and the other way round. */
  readonly there: FakeNode;
  readonly back: FakeNode;

  constructor(first: Member, second: Member) {
    this.first = first;
    this.second = second;
    this.there = new FakeNode(second.name);
    this.back = new FakeNode(first.name);
    this.open();
  }

  /** As if both had gone over to another way. */
  open(): void {
    for (const [member, node] of this.#ends()) {
      node.waiting.push(undefined);
      member.messaging.onOpen(node);
    }
  }

  /** Lets what waits through, and what comes of it, until nothing more comes. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; ) {
      quiet = this.#deliver() ? 0 : quiet + 1;
      await nextTurn();
    }
  }

  /** What is under way is lost, and another way opened. */
  cutAndReopen(): void {
    for (const [member, node] of this.#ends()) {
      node.waiting = [];
      member.messaging.onRouteLost(node);
    }
    this.open();
  }

  down(): void {
    for (const [member, node] of this.#ends()) {
      node.waiting = [];
      member.messaging.onDown(node);
      node.drain();
    }
  }

  #ends(): [Member, FakeNode][] {
    return [
      [this.first, this.there],
      [this.second, this.back],
    ];
  }

  #deliver(): boolean {
    const forSecond = this.there.waiting.splice(0);
    const forFirst = this.back.waiting.splice(0);
    deliver(this.second, this.back, forSecond);
    deliver(this.first, this.there, forFirst);
    return forFirst.length + forSecond.length > 0;
  }
}

/** As from one chunk of a connection, with other things around each frame. */
function deliver(to: Member, from: FakeNode, frames: readonly (Uint8Array | undefined)[]): void {
  const chunk = Buffer.concat(
    frames.flatMap((frame) =>
      [Buffer.alloc(3, 0xff), frame ?? []].map((part) => Buffer.from(part)),
    ),
  );
  let offset = 0;
  for (const frame of frames) {
    offset += 3;
    if (frame === undefined) {
      to.messaging.onOpened(from);
      continue;
    }
    const end = offset + frame.length;
    const problem = to.messaging.onFrame(from, frame[0] ?? -1, chunk, offset + 1, end);
    if (problem !== undefined) to.problems.push(problem);
    offset = end;
  }
}

export async function pair(
  limits: Partial<MeshLimits> = {},
): Promise<{ one: Member; two: Member; way: Way }> {
  const one = new Member("kr-1", { limits });
  const two = new Member("kr-2", { limits });
  const way = new Way(one, two);
  await way.settle();
  return { one, two, way };
}

/** Each with each other. */
export async function joined(members: readonly Member[]): Promise<Way[]> {
  const ways = members.flatMap((member, at) =>
    members.slice(at + 1).map((other) => new Way(member, other)),
  );
  for (const way of ways) await way.settle();
  return ways;
}
