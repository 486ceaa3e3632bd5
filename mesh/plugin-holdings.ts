/** What one loaded plugin holds of its node, and how all of it is undone. */

import { CcpError, type Registration } from "../src/index.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import type { DrainedRegistration } from "./drained-registration.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import type { Logger } from "./log.ts";
import { type LimitedLogger, limited } from "./log-limit.ts";
import type { UnloadTaskOptions } from "./plugin.ts";

/** Registrations, subscriptions, connections and timers of one plugin. Beyond it, it forgets to clean up after itself. */
const OPEN_MAX = 10_000;

/** Twice the ten minutes that a game may be given to end, and 5 seconds for killing it. */
const GRACE_MS_MAX = 1_205_000;

/** A timer that fails a thousand times a second must not fill the disk. */
const FAILURES_LOGGED = { everyMs: 10_000, keysMax: 100 };

interface UnloadTask {
  readonly task: () => void | Promise<void>;
  /** `undefined`: what the unload gives. */
  readonly graceMs: number | undefined;
}

/** `draining`: what is at work ends, and has the plugin as it is; `unloading`: its tasks run. */
type State = "loaded" | "draining" | "unloading";

export class PluginHoldings {
  /** Who it is, in the texts of errors. */
  readonly owner: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #failures: LimitedLogger;
  readonly #abort = new AbortController();
  readonly #undo = new Set<() => void>();
  /** With how each is removed. */
  readonly #drained = new Map<DrainedRegistration, Registration>();
  /** Of those that were removed: what each is still at. */
  readonly #ending = new Set<Promise<void>>();
  readonly #unloadTasks: UnloadTask[] = [];
  #state: State = "loaded";

  constructor(plugin: string, log: Logger, clock: Clock = SYSTEM_CLOCK) {
    this.owner = `plugin ${plugin}`;
    this.#log = log;
    this.#clock = clock;
    this.#failures = limited(log, FAILURES_LOGGED);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The plugin's signal, with the caller's where there is one. */
  signalWith(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]);
  }

  assertLoaded(): void {
    if (this.signal.aborted) {
      throw new CcpError("cancelled", `${this.owner} is unloaded and cannot use its node`);
    }
  }

  assertRoom(): void {
    if (this.#undo.size + this.#ending.size + this.#unloadTasks.length < OPEN_MAX) {
      return;
    }
    const text = `${this.owner} holds ${OPEN_MAX} registrations, connections and timers; remove some`;
    throw new CcpError("invalid_option", text);
  }

  /** Undone at the unload, unless it was removed before. @throws {CcpError} `cancelled`, `invalid_option` */
  keep(registration: Registration): Registration {
    const undo = (): void => {
      this.#undo.delete(undo);
      registration.remove();
    };
    try {
      // What took long to come may come after it.
      this.assertLoaded();
      this.assertRoom();
    } catch (error) {
      registration.remove();
      throw error;
    }
    this.#undo.add(undo);
    return { remove: undo };
  }

  /**
   * As {@link keep}; what it is at has the plugin as it is until it has ended, within its time, also where it was removed
   * before. None comes once it is drained.
   */
  keepDrained(registration: DrainedRegistration): Registration {
    if (this.#state !== "loaded") {
      registration.remove();
      throw new CcpError("cancelled", `${this.owner} is being unloaded, and consumes nothing more`);
    }
    const kept = this.keep({
      remove: () => {
        this.#drained.delete(registration);
        registration.remove();
        const ended = registration.drained().then(() => void this.#ending.delete(ended));
        this.#ending.add(ended);
      },
    });
    this.#drained.set(registration, kept);
    return kept;
  }

  keepUntil(over: Promise<unknown>, stop: () => void): void {
    const registration = this.keep({ remove: stop });
    void over.then(() => registration.remove());
  }

  /** @throws {CcpError} `cancelled`, `invalid_option` */
  onUnload(task: () => void | Promise<void>, { graceMs }: UnloadTaskOptions = {}): void {
    if (this.#state === "unloading") {
      const text = `${this.owner} is being unloaded, and takes no further unload task`;
      throw new CcpError("cancelled", text);
    }
    if (graceMs !== undefined && !(graceMs >= 0 && graceMs <= GRACE_MS_MAX)) {
      const text = `graceMs must be 0 to ${GRACE_MS_MAX} milliseconds, not ${graceMs}`;
      throw new CcpError("invalid_option", text);
    }
    this.assertRoom();
    this.#unloadTasks.push({ task, graceMs });
  }

  /** Runs what the plugin has given; never throws, and logs what that does. */
  async run(what: string, task: () => unknown): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.reportFailure(what, error);
    }
  }

  /** Something of the plugin failed. The same failure is logged at most every 10 seconds. */
  reportFailure(what: string, error: unknown): void {
    const fields = { at: errorPlace(error), error };
    this.#failures.error(`${what} ${errorText(error)}`, `${what} failed`, fields);
  }

  /**
   * Undoes everything; what is at work ends first. Tasks that together take longer than the longest of their graces are
   * left behind; `defaultGraceMs` is that of a task which asked for none.
   */
  async unload(defaultGraceMs: number): Promise<void> {
    if (this.signal.aborted) {
      return;
    }
    if (this.#drained.size + this.#ending.size > 0) await this.drain();
    this.#state = "unloading";
    const tasks = this.#unloadTasks.toReversed();
    const done = (async () => {
      for (const { task } of tasks) await this.run("unload task", task);
    })();
    const grace = Promise.withResolvers<"late">();
    const graceMs = Math.max(0, ...tasks.map((task) => task.graceMs ?? defaultGraceMs));
    const cancel = this.#clock.after(graceMs, () => grace.resolve("late"));
    if ((await Promise.race([done, grace.promise])) === "late") {
      this.#log.warn("unload tasks did not finish in time and are left behind", { graceMs });
    }
    cancel();
    for (const undo of this.#undo) undo();
    this.#undo.clear();
    this.#abort.abort(new CcpError("cancelled", `${this.owner} was unloaded`));
  }

  /** Lets what is at work end, within its time: it may need what the tasks take away. Nothing else comes to it. */
  async drain(): Promise<void> {
    if (this.#state === "loaded") this.#state = "draining";
    for (const kept of this.#drained.values()) kept.remove();
    await Promise.all(this.#ending);
  }
}
