/** Lets one after the other at what can be used by one alone. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs once all that came before have ended, however they did. */
  async run<Outcome>(work: () => Promise<Outcome>): Promise<Outcome> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    try {
      return await work();
    } finally {
      resolve();
    }
  }
}
