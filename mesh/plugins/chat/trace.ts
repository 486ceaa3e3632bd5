/** What became of the last lines, and why: the answer to "why did it not arrive?". */

import { TRACE_ENTRIES_MAX, TRACE_TEXT_CHARS_MAX } from "./limits.ts";
import { noCounts, type Outcome, type OutcomeCounts } from "./outcome.ts";

/** A decision, as it is told to the trace. Names and ids must be of bounded length. */
export interface Decision {
  readonly id: string;
  readonly channel: string;
  readonly from: { readonly node: string; readonly player: string };
  /** The node where it was to be shown, or from which it was to go out. */
  readonly to: string;
  /** Kept up to 200 characters. */
  readonly text: string;
  readonly outcome: Outcome;
}

export interface TraceEntry extends Decision {
  /** ISO 8601. */
  readonly at: string;
}

export class Trace {
  readonly #entries: TraceEntry[] = [];
  readonly #counts: OutcomeCounts = noCounts();

  /** Decisions of this node by their outcomes, since its start. */
  get counts(): Readonly<OutcomeCounts> {
    return this.#counts;
  }

  /** `nowMs` since 1970. */
  note(decision: Decision, nowMs: number): void {
    this.#counts[decision.outcome] += 1;
    const { id, channel, from, to, outcome } = decision;
    const { node, player } = from;
    const at = new Date(nowMs).toISOString();
    const text = beginningOf(decision.text);
    this.#add({ at, id, channel, from: { node, player }, to, text, outcome });
  }

  /** Counts a decision that says nothing to anybody. */
  count(outcome: Outcome): void {
    this.#counts[outcome] += 1;
  }

  /**
   * What another node tells of a line that was sent from here. It stands in place of what is known of the line there, or
   * else as one entry more; it is not counted, because that node does. Answers whether the line is still known.
   */
  resolve(id: string, to: string, outcome: Outcome): boolean {
    const known = this.#entries.findLastIndex((entry) => entry.id === id && entry.to === to);
    const entry = this.#entries[known];
    if (entry !== undefined) {
      this.#entries[known] = { ...entry, outcome };
      return true;
    }
    const sent = this.#entries.findLast((entry) => entry.id === id);
    if (sent === undefined) return false;
    this.#add({ ...sent, to, outcome });
    return true;
  }

  /** The last ones, in the order in which they were told. */
  last(limit: number): readonly TraceEntry[] {
    return limit < 1 ? [] : this.#entries.slice(-limit);
  }

  #add(entry: TraceEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > TRACE_ENTRIES_MAX) this.#entries.shift();
  }
}

function beginningOf(text: string): string {
  if (text.length <= TRACE_TEXT_CHARS_MAX) return text;
  return `${text.slice(0, TRACE_TEXT_CHARS_MAX - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
