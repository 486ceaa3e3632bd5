import * as v from "valibot";
import type { EventQueue } from "../event-queue.ts";
import { CUTS_MAX } from "../limits.ts";
import type { Lot } from "./lot.ts";

const Numbers = v.pipe(v.number(), v.safeInteger());

/** The numbers of the first event and of the last of each batch. */
const Spans = v.array(v.strictTuple([Numbers, Numbers]));

/** How far a batch goes that begins with a certain event. */
export interface CutLimit {
  /** The number of the last event that it can have. */
  readonly end: number;
  /** Whether that very batch was cut before. */
  readonly isNoted: boolean;
}

/**
 * Where batches begin and end, beside the queue on the disk: after a crash the same events make the same batches, with
 * the same keys. A batch that was full needs no note, as it would end at the same event again.
 */
export class Cuts {
  readonly #queue: Pick<EventQueue, "note" | "keepNote">;
  /** Those of the last start that were not read again yet, oldest first. */
  #ahead: readonly (readonly [number, number])[];

  constructor(queue: Pick<EventQueue, "note" | "keepNote">) {
    this.#queue = queue;
    this.#ahead = spansOf(queue);
  }

  limitOf(first: number): CutLimit {
    if (this.#ahead.length > 0) this.#ahead = this.#ahead.filter(([, end]) => end >= first);
    const [next] = this.#ahead;
    if (next === undefined) return { end: Number.POSITIVE_INFINITY, isNoted: false };
    const isNoted = next[0] <= first;
    return { end: isNoted ? next[1] : next[0] - 1, isNoted };
  }

  /** It was refused, and is cut otherwise from now on. */
  forget(lot: Lot): void {
    this.#ahead = this.#ahead.filter(([first]) => first !== lot.first);
  }

  /** Resolves once it is on the disk where the lots begin and end. */
  async keep(lots: readonly Lot[]): Promise<void> {
    const noted = lots.filter(({ isEven }) => !isEven);
    const last = Math.max(...lots.map(({ end }) => end));
    this.#ahead = this.#ahead.filter(([first]) => first > last);
    const kept = noted.toSorted((one, other) => one.first - other.first).slice(0, CUTS_MAX);
    const spans = kept.map(({ first, end }) => [first, end] as const);
    const all = [...spans, ...this.#ahead].slice(0, CUTS_MAX);
    await this.#queue.keepNote(JSON.stringify(all));
    for (const lot of kept) lot.isNoted = true;
  }
}

/** None where the note cannot be read, or is of another kind: then batches are cut as they come. */
function spansOf(queue: Pick<EventQueue, "note">): readonly (readonly [number, number])[] {
  try {
    return v.parse(Spans, JSON.parse(queue.note ?? "[]"));
  } catch {
    return [];
  }
}
