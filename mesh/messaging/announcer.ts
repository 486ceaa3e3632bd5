import type { RemoteNode } from "../cluster/remote-node.ts";
import { type Interest, type InterestDelta, interestKey } from "../topics/interest.ts";
import { CONTROL_BURST_BYTES } from "./limits.ts";
import type { PresenceState } from "./messenger.ts";
import {
  type Change,
  encodeOffers,
  encodePresence,
  encodeWants,
  READY_FRAME,
} from "./node-frames.ts";

/** What this node wants, offers and says of itself. */
export interface Announced {
  interests(): readonly Interest[];
  services(): readonly string[];
  presence(): PresenceState;
}

/** Changes that a node was not told of yet. What was taken back before it was told is told never. */
class Backlog {
  readonly interests = new Map<string, InterestDelta>();
  readonly services = new Map<string, Change>();
  hasPresence = false;
}

/** One node that was told all, and is told every change. */
interface Told {
  readonly node: RemoteNode;
  /** Sent since too much waits for it. */
  burstBytes: number;
  /** Kept back until there is room. Changes alone must not cost the link, however fast a plugin makes them. */
  backlog: Backlog | undefined;
}

export interface AnnouncerOptions {
  /** Runs a task after the present turn of the event loop. */
  readonly schedule: (task: () => void) => void;
  /** Bytes of changes that are sent although much waits for a node. */
  readonly burstBytesMax?: number;
}

/** Tells other nodes what this one wants, offers and says of itself. [MESH-6.1] */
export class Announcer {
  readonly #own: Announced;
  readonly #schedule: (task: () => void) => void;
  readonly #burstBytesMax: number;
  readonly #told = new Map<RemoteNode, Told>();
  /** Presence is told once a turn, however often it is set. */
  #presence: "told" | "due" = "told";

  constructor(own: Announced, { schedule, burstBytesMax = CONTROL_BURST_BYTES }: AnnouncerOptions) {
    this.#own = own;
    this.#schedule = schedule;
    this.#burstBytesMax = burstBytesMax;
  }

  /** Nodes that are told of changes. */
  get size(): number {
    return this.#told.size;
  }

  /** A way to the node was opened: it is told all. */
  open(node: RemoteNode): void {
    const told = { node, burstBytes: 0, backlog: undefined };
    this.#told.set(node, told);
    send(told, encodeWants("add", this.#own.interests()));
    send(told, encodeOffers("add", this.#own.services()));
    const state = this.#own.presence();
    if (Object.keys(state).length > 0) send(told, [encodePresence(state)]);
    send(told, [READY_FRAME]);
  }

  forget(node: RemoteNode): void {
    this.#told.delete(node);
  }

  interest(delta: InterestDelta): void {
    const frames = encodeWants(delta.change, [delta]);
    for (const told of this.#told.values()) {
      const backlog = this.#backlogOf(told);
      if (backlog === undefined) send(told, frames);
      else toggle(backlog.interests, interestKey(delta), delta);
    }
  }

  service(change: Change, name: string): void {
    const frames = encodeOffers(change, [name]);
    for (const told of this.#told.values()) {
      const backlog = this.#backlogOf(told);
      if (backlog === undefined) send(told, frames);
      else toggle(backlog.services, name, change);
    }
  }

  presence(): void {
    if (this.#presence === "due") return;
    this.#presence = "due";
    this.#schedule(() => this.flush());
  }

  /** Tells what waits for the end of the turn: before whatever is said after it. */
  flush(): void {
    if (this.#presence === "told") return;
    this.#presence = "told";
    const frames = [encodePresence(this.#own.presence())];
    for (const told of this.#told.values()) {
      const backlog = this.#backlogOf(told);
      if (backlog === undefined) send(told, frames);
      else backlog.hasPresence = true;
    }
  }

  /** Where the change is to be kept; `undefined` if it can be sent. */
  #backlogOf(told: Told): Backlog | undefined {
    if (told.backlog !== undefined) return told.backlog;
    if (told.node.hasRoom) told.burstBytes = 0;
    if (told.burstBytes < this.#burstBytesMax) return undefined;
    told.backlog = new Backlog();
    void this.#catchUp(told);
    return told.backlog;
  }

  async #catchUp(told: Told): Promise<void> {
    await told.node.drained();
    const { backlog, node } = told;
    // If a way was opened since, all was told again.
    if (backlog === undefined || this.#told.get(node) !== told) return;
    told.backlog = undefined;
    told.burstBytes = 0;
    for (const change of ["remove", "add"] as const) {
      const interests = [...backlog.interests.values()].filter((delta) => delta.change === change);
      send(told, encodeWants(change, interests));
      const services = [...backlog.services].filter(([, made]) => made === change);
      send(
        told,
        encodeOffers(
          change,
          services.map(([name]) => name),
        ),
      );
    }
    if (backlog.hasPresence) send(told, [encodePresence(this.#own.presence())]);
  }
}

function send(told: Told, frames: readonly Uint8Array[]): void {
  for (const frame of frames) {
    told.burstBytes += frame.length;
    told.node.sendControl(frame);
  }
}

/** Two changes of one thing that follow each other are opposite, and come to nothing. */
function toggle<Value>(changes: Map<string, Value>, key: string, change: Value): void {
  if (!changes.delete(key)) changes.set(key, change);
}
