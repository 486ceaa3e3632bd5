import type { Cancel, Clock } from "../../../mesh/clock.ts";

interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A clock that jumps from one event to the next, in the order of their times. */
export class VirtualTime implements Clock {
  nowMs = 1000;
  /** Whether promises may have been resolved, whose callbacks are to run before time goes on. */
  isUnsettled = false;
  readonly #heap: Event[] = [];
  #events = 0;

  now(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      number: this.#events,
      run,
      isCancelled: false,
    };
    this.#events += 1;
    this.#insert(event);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Lets so much time pass. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    // Whoever waits has often done something just before.
    this.isUnsettled = true;
    for (;;) {
      if (this.isUnsettled) {
        this.isUnsettled = false;
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
      const [next] = this.#heap;
      if (next === undefined || next.atMs > endMs) break;
      this.#removeFirst();
      if (next.isCancelled) continue;
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until the condition holds; throws if it does not within `timeoutMs`. */
  async until(condition: () => boolean, timeoutMs = 60_000): Promise<void> {
    const endMs = this.nowMs + timeoutMs;
    while (!condition() && this.nowMs < endMs) await this.pass(5);
    if (!condition()) throw new Error(`not within ${timeoutMs} ms: ${condition.toString()}`);
  }

  #insert(event: Event): void {
    const heap = this.#heap;
    heap.push(event);
    let at = heap.length - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = event;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs === other.atMs ? one.number < other.number : one.atMs < other.atMs;
}
