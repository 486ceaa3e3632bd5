/** Sequence numbers from one to another, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A set of sequence numbers, kept as spans: numbers that follow on one another cost nothing more. */
export class SeqSpans {
  /** In order, with a gap between any two. */
  #spans: Span[] = [];

  /** How many spans there are. */
  get size(): number {
    return this.#spans.length;
  }

  has(seq: number): boolean {
    const span = this.#spans[this.#firstReaching(seq)];
    return span !== undefined && span.from <= seq;
  }

  add(from: number, to: number): void {
    const first = this.#firstReaching(from - 1);
    let end = first;
    let joined: Span = { from, to };
    for (let next = this.#spans[end]; next !== undefined && next.from <= to + 1; ) {
      joined = { from: Math.min(joined.from, next.from), to: Math.max(joined.to, next.to) };
      end += 1;
      next = this.#spans[end];
    }
    this.#spans.splice(first, end - first, joined);
  }

  delete(from: number, to: number): void {
    const first = this.#firstReaching(from);
    const rest: Span[] = [];
    let end = first;
    for (let next = this.#spans[end]; next !== undefined && next.from <= to; ) {
      if (next.from < from) rest.push({ from: next.from, to: from - 1 });
      if (next.to > to) rest.push({ from: to + 1, to: next.to });
      end += 1;
      next = this.#spans[end];
    }
    this.#spans.splice(first, end - first, ...rest);
  }

  clear(): void {
    this.#spans = [];
  }

  *[Symbol.iterator](): Generator<Span> {
    yield* this.#spans;
  }

  /** What is not in the set from `from` to `to`, in order. The set must not change meanwhile. */
  *gaps(from: number, to: number): Generator<Span> {
    let next = from;
    for (let index = this.#firstReaching(from); index < this.#spans.length; index += 1) {
      const span = this.#spans[index];
      if (span === undefined || span.from > to) break;
      if (span.from > next) yield { from: next, to: span.from - 1 };
      next = span.to + 1;
    }
    if (next <= to) yield { from: next, to };
  }

  /** The place of the first span that ends at `seq` or after it. */
  #firstReaching(seq: number): number {
    let low = 0;
    let high = this.#spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const span = this.#spans[middle];
      if (span !== undefined && span.to < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
