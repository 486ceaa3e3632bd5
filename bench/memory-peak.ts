/** How far the memory of this process grows above what it is at first. */
export class MemoryPeak {
  readonly #atFirst: number;
  #most = 0;

  constructor() {
    Bun.gc(true);
    this.#atFirst = process.memoryUsage.rss();
  }

  look(): void {
    this.#most = Math.max(this.#most, process.memoryUsage.rss());
  }

  get grownBytes(): number {
    return Math.max(0, this.#most - this.#atFirst);
  }
}
