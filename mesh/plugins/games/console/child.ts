import type { Subprocess } from "bun";
import type { Clock, SayOutcome } from "../../../index.ts";
import { ChildInput } from "./child-input.ts";
import { KILL_TIMEOUT_MS, REST_TIMEOUT_MS } from "./limits.ts";
import { LineBudget } from "./line-budget.ts";
import { OutputReader } from "./output-reader.ts";

export interface ChildOptions {
  readonly words: readonly [string, ...string[]];
  readonly folder?: string | undefined;
  /** A line that asks it to end. */
  readonly stopCommand?: string | undefined;
  readonly stopTimeoutMs: number;
  readonly clock: Clock;
}

export interface ChildOwner {
  onLine(line: string): void;
  onUnread(what: string): void;
  /** Once, last, with how it ended, such as `with code 1`; when all it printed is read. */
  onEnded(how: string): void;
}

/** The longest that {@link Child.stop} takes: asked twice, killed, and the rest of its output read. */
export function stopMsMax(stopTimeoutMs: number): number {
  return 2 * stopTimeoutMs + KILL_TIMEOUT_MS + REST_TIMEOUT_MS;
}

/**
 * A process in a group of its own, which is ended with all that it started. It does not get the signals of the
 * terminal: its owner ends it in its own time.
 */
export class Child {
  readonly #options: ChildOptions;
  readonly #owner: ChildOwner;
  readonly #process: Subprocess<"pipe", "pipe", "pipe">;
  readonly #input: ChildInput;
  readonly #budget: LineBudget;
  readonly #outputs: readonly OutputReader[];
  readonly #ended = Promise.withResolvers<void>();
  #state: "running" | "stopping" | "ended" = "running";

  /** @throws if there is no such program, or no such folder */
  constructor(options: ChildOptions, owner: ChildOwner) {
    const { words, folder, clock } = options;
    this.#options = options;
    this.#owner = owner;
    this.#process = Bun.spawn([...words], {
      ...(folder === undefined ? {} : { cwd: folder }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.#input = new ChildInput(this.#process.stdin);
    this.#budget = new LineBudget({
      clock,
      onSkipped: (lines, bytes) => this.#onSkipped(lines, bytes),
    });
    this.#outputs = [this.#process.stdout, this.#process.stderr].map((stream) => {
      const onLine = (line: string): void => owner.onLine(line);
      return new OutputReader({ stream, budget: this.#budget, clock, onLine });
    });
    void this.#run();
  }

  /** Writes a line. */
  write(line: string): SayOutcome {
    if (this.#state !== "running") return "down";
    return this.#input.write(line) ? "sent" : "queue_full";
  }

  /** Ends it: asks first, and then makes it. Resolves when it has gone. */
  async stop(): Promise<void> {
    if (this.#state === "running") {
      this.#state = "stopping";
      await this.#askToStop();
    }
    await this.#ended.promise;
  }

  async #askToStop(): Promise<void> {
    const { stopCommand, stopTimeoutMs } = this.#options;
    if (stopCommand !== undefined) {
      this.#input.write(stopCommand);
      if (await this.#endsWithin(stopTimeoutMs)) return;
    }
    this.#signal("SIGTERM");
    if (await this.#endsWithin(stopTimeoutMs)) return;
    this.#signal("SIGKILL");
    if (await this.#endsWithin(KILL_TIMEOUT_MS)) return;
    this.#finish("and does not end");
  }

  async #run(): Promise<void> {
    await this.#process.exited;
    // What it started, and left behind, would keep the port, or the world.
    this.#signal("SIGKILL");
    const { exitCode, signalCode } = this.#process;
    await this.#within(REST_TIMEOUT_MS, Promise.all(this.#outputs.map(({ ended }) => ended)));
    this.#finish(signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`);
  }

  #finish(how: string): void {
    if (this.#state === "ended") return;
    this.#budget.stop();
    this.#state = "ended";
    for (const output of this.#outputs) output.cancel();
    this.#input.close();
    this.#ended.resolve();
    this.#owner.onEnded(how);
  }

  #onSkipped(lines: number, bytes: number): void {
    if (this.#state === "ended") return;
    const what = `${lines} lines and ${bytes} bytes of its output were skipped: they came too fast`;
    this.#owner.onUnread(what);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#process.pid, signal);
    } catch {
      // Nobody is left in its group.
    }
  }

  async #endsWithin(timeoutMs: number): Promise<boolean> {
    return await this.#within(timeoutMs, this.#process.exited);
  }

  /** Answers whether it came about in time. */
  async #within(timeoutMs: number, wanted: Promise<unknown>): Promise<boolean> {
    const late = Promise.withResolvers<false>();
    const cancel = this.#options.clock.after(timeoutMs, () => late.resolve(false));
    const inTime = await Promise.race([wanted.then(() => true), late.promise]);
    cancel();
    return inTime;
  }
}
