/** A signal that fires once the time is over, or whoever waits gives up. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #parents: readonly AbortSignal[];
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(timeoutMs: number, ...parents: readonly AbortSignal[]) {
    this.#parents = parents;
    this.#timer = setTimeout(this.#fire, timeoutMs);
    for (const parent of parents) parent.addEventListener("abort", this.#fire, { once: true });
    if (parents.some(({ aborted }) => aborted)) this.#fire();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const parent of this.#parents) parent.removeEventListener("abort", this.#fire);
  }

  readonly #fire = (): void => this.#controller.abort();
}

/** The outcome, or `undefined` once the signal fires before there is one; what fails after that fails unheard. */
export async function unlessAborted<Outcome>(
  outcome: Promise<Outcome>,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const onAbort = (): void => resolve(undefined);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([outcome, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
