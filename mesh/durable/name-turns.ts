/** Lets one after the other do what must not overlap for one name; other names do not wait for it. */
export class NameTurns {
  /** Until nobody of that name waits. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves once all that came before for this name have ended; at once where there is nothing. */
  async idle(name: string): Promise<void> {
    for (let last = this.#last.get(name); last !== undefined; last = this.#last.get(name)) {
      await last;
    }
  }

  /** Runs once all that came before for this name have ended, however they did. */
  async run<Answer>(name: string, work: () => Promise<Answer>): Promise<Answer> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    this.#last.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name);
    }
  }
}
