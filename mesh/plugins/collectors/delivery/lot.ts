import type { Backoff } from "../../../index.ts";
import type { Batch, WaitingEvent } from "../sink.ts";

export interface LotOptions {
  readonly events: readonly WaitingEvent[];
  /** Whose events they are: different for each collector of each node. */
  readonly owner: string;
  readonly newBackoff: () => Backoff;
  /** The number of the last entry that it was cut from. */
  readonly end: number;
  /** Whether it would end there again, if it were cut anew. */
  readonly isEven: boolean;
}

/**
 * A batch from when it is cut until it is settled. It stays the same however often it is sent, because a receiver may
 * have taken it without our knowing.
 */
export class Lot implements Batch {
  readonly events: readonly WaitingEvent[];
  readonly key: string;
  readonly end: number;
  readonly isEven: boolean;
  /** Whether its end is on the disk. */
  isNoted = false;
  readonly #options: LotOptions;
  readonly #backoff: Backoff;
  state: "resting" | "sending" = "resting";
  /** By the clock; when it may be sent, if it rests. */
  dueMs = 0;
  /** With those of what it was a half of. */
  sends = 0;
  /** Of it alone. */
  refusals = 0;
  /** Batches that the receiver had taken when it first refused this one. */
  takenBefore = 0;

  constructor(options: LotOptions) {
    this.events = options.events;
    this.key = keyOf(options);
    this.end = options.end;
    this.isEven = options.isEven;
    this.#options = options;
    this.#backoff = options.newBackoff();
  }

  get first(): number {
    return this.events[0]?.seq ?? this.end;
  }

  get seqs(): readonly number[] {
    return this.events.map(({ seq }) => seq);
  }

  /** The wait before it is sent again. */
  nextDelayMs(): number {
    return this.#backoff.next();
  }

  refusedAlone(taken: number): void {
    if (this.refusals === 0) this.takenBefore = taken;
    this.refusals += 1;
  }

  /** Two lots that are this one, in order. */
  halves(): readonly [Lot, Lot] {
    const middle = Math.ceil(this.events.length / 2);
    const [first, second] = [this.events.slice(0, middle), this.events.slice(middle)];
    return [this.#part(first, first.at(-1)?.seq ?? this.end), this.#part(second, this.end)];
  }

  #part(events: readonly WaitingEvent[], end: number): Lot {
    const part = new Lot({ ...this.#options, events, end, isEven: false });
    part.sends = this.sends;
    return part;
  }
}

/**
 * Numbers begin again when the folder of the outbox was emptied; what the events say, with their ids, tells such batches
 * apart.
 */
function keyOf({ owner, events }: LotOptions): string {
  const first = events[0];
  const last = events.at(-1);
  if (first === undefined || last === undefined) throw new Error("a batch has no events");
  let hash = 0n;
  for (const { json } of events) hash = Bun.hash.wyhash(json, hash);
  const content = hash.toString(16).padStart(16, "0");
  return `${owner}:${first.seq}-${last.seq}:${events.length}:${content}`;
}
