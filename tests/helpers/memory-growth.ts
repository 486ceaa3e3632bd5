import type { Kept } from "./observed-node.ts";

/** A third of what is seen is to warm up; what follows is compared in so many parts. */
const PARTS = 4;

/**
 * Shapes of objects and code, which the engine makes and discards as it likes. Whoever leaks, leaks objects of
 * other types with them; the size of the heap counts these, too.
 */
const OF_THE_ENGINE = /Structure|CodeBlock|Executable|PropertyTable|SymbolTable/;

/**
 * How much more a node keeps after each batch of what comes and goes. A leak grows from each part of the time to the
 * next; so the smallest of these steps is what counts. What happens once, such as code that runs for the first time, does not.
 */
export class Growth {
  readonly #seen: readonly Kept[];

  constructor(seen: readonly Kept[]) {
    this.#seen = seen;
  }

  get heapBytes(): number {
    return this.#of(({ heapBytes }) => heapBytes);
  }

  /** From the first part to the last, because the system counts pages, of which some come back. */
  get residentBytes(): number {
    const { length, middles } = this.#parts(({ residentBytes }) => residentBytes);
    return ((middles.at(-1) ?? 0) - (middles[0] ?? 0)) / ((PARTS - 1) * length);
  }

  get last(): Kept {
    const last = this.#seen.at(-1);
    if (last === undefined) throw new Error("nothing was seen");
    return last;
  }

  /** The types of which each batch leaves more than so many objects behind. */
  typesAbove(objectsMax: number): string[] {
    const types = new Set(this.#seen.flatMap((kept) => Object.keys(kept.types)));
    return [...types].filter(
      (type) => !OF_THE_ENGINE.test(type) && this.#of((kept) => kept.types[type] ?? 0) > objectsMax,
    );
  }

  /** For people, by visitor. */
  text(visitorsPerBatch: number): string {
    const heap = (this.heapBytes / visitorsPerBatch).toFixed(0);
    const resident = (this.residentBytes / visitorsPerBatch / 1024).toFixed(1);
    return `each visitor left ${heap} bytes on the heap and ${resident} KiB in the process`;
  }

  #of(measure: (kept: Kept) => number): number {
    const { length, middles } = this.#parts(measure);
    const steps = middles.slice(1).map((middle, before) => middle - (middles[before] ?? 0));
    return Math.min(...steps) / length;
  }

  #parts(measure: (kept: Kept) => number): {
    readonly length: number;
    readonly middles: readonly number[];
  } {
    const length = Math.floor((this.#seen.length * 2) / 3 / PARTS);
    const start = this.#seen.length - PARTS * length;
    const middles = Array.from({ length: PARTS }, (_, part) => {
      const from = start + part * length;
      return median(this.#seen.slice(from, from + length).map(measure));
    });
    return { length, middles };
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
