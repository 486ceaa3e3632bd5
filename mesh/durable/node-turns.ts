/** Lets one after the other do what must not overlap for one node; other nodes do not wait for it. */
export class NodeTurns {
  /** Until nobody of that node waits. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs once all that came before for this node have ended, however they did. */
  async run<Answer>(node: string, work: () => Promise<Answer>): Promise<Answer> {
    const turn = (this.#last.get(node) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    this.#last.set(node, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(node) === settled) this.#last.delete(node);
    }
  }
}
