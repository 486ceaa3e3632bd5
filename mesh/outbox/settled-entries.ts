import { SeqSpans, type Span } from "./seq-spans.ts";

/**
 * Entries of one queue that are done with, and are still to be taken out by a commit. Until then they are not read
 * again; if the commit fails they wait for the next.
 */
export class SettledEntries {
  /** Removed and buried ones. */
  readonly #spans = new SeqSpans();
  /** With the reason. */
  readonly #burials = new Map<number, string>();
  /** What the present transaction has taken out. */
  #takenOut: Span[] = [];
  #buried: number[] = [];

  /** What the bound on it is about. */
  get size(): number {
    return this.#spans.size + this.#burials.size;
  }

  get burials(): Iterable<readonly [seq: number, reason: string]> {
    return this.#burials;
  }

  get spans(): Iterable<Span> {
    return this.#spans;
  }

  remove(from: number, to: number): void {
    this.#spans.add(from, to);
  }

  bury(seq: number, reason: string): void {
    // What was delivered needs no burial.
    if (this.#spans.has(seq)) return;
    this.#spans.add(seq, seq);
    this.#burials.set(seq, reason);
  }

  /** What is left of a span. */
  rest(from: number, to: number): Iterable<Span> {
    return this.#spans.gaps(from, to);
  }

  onTakenOut(from: number, to: number): void {
    this.#takenOut.push({ from, to });
  }

  onBuried(seq: number): void {
    this.#buried.push(seq);
  }

  committed(): void {
    for (const { from, to } of this.#takenOut) this.#spans.delete(from, to);
    for (const seq of this.#buried) this.#burials.delete(seq);
    this.rolledBack();
  }

  rolledBack(): void {
    this.#takenOut = [];
    this.#buried = [];
  }
}
