import type { Measure, Side } from "./measure.ts";
import { ServerProcess } from "./server-process.ts";

/** Many times what any run takes, even on a busy machine. */
const RUN_MS_MAX = 30_000;

/** As many times what a slow one takes. */
const SLOW_RUN_MS_MAX = 5 * 60_000;

/** One side of one measure, with the child process that serves it. */
export class Competitor implements AsyncDisposable {
  readonly #measure: Measure;
  readonly #side: Side;
  #server: ServerProcess | undefined;

  constructor(measure: Measure, side: Side) {
    this.#measure = measure;
    this.#side = side;
  }

  /** One run: a figure for each row of the measure. */
  async run(): Promise<readonly number[]> {
    const what = `a ${this.#side} run of "${this.#measure.name}"`;
    return await inTime(this.#run(), what, this.#measure.isSlow ? SLOW_RUN_MS_MAX : RUN_MS_MAX);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.[Symbol.asyncDispose]();
  }

  async #run(): Promise<readonly number[]> {
    if (this.#measure.freshServers === true) await this[Symbol.asyncDispose]();
    this.#server ??= await ServerProcess.start(this.#measure, this.#side);
    // The garbage of one run is not left to the next.
    Bun.gc(true);
    return await this.#measure[this.#side].run(this.#server);
  }
}

async function inTime<T>(work: Promise<T>, what: string, msMax: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const text = `${what} was not done within ${msMax / 1000} s`;
  const timer = setTimeout(() => reject(new Error(text)), msMax);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
