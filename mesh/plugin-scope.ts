import {
  type Call,
  CcpError,
  type ClientCallbacks,
  type DialOptions,
  dial,
  type Endpoint,
  type Mode,
  RawClient,
  type RawReceiverClass,
  type Registration,
  type RequestCallback,
  RequestClient,
} from "../src/index.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import type { Logger } from "./log.ts";
import { type LimitedLogger, limited } from "./log-limit.ts";
import type { PluginNode } from "./plugin.ts";

/** Timers count in 31 bits, and fire at once for longer delays, or for what is no number. */
const DELAY_MS_MAX = 0x7f_ff_ff_ff;

/** Registrations, connections and timers of one plugin. Beyond it, it forgets to clean up after itself. */
const OPEN_MAX = 10_000;

/** A timer that fails a thousand times a second must not fill the disk. */
const FAILURES_LOGGED = { everyMs: 10_000, keysMax: 100 };

export interface PluginScopeOptions {
  readonly nodeName: string;
  readonly plugin: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly endpoint: Pick<Endpoint, "onRequest" | "onRaw" | "port">;
}

/** What one loaded plugin holds of its node, and how all of it is undone. */
export class PluginScope implements PluginNode {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly #plugin: string;
  readonly #endpoint: PluginScopeOptions["endpoint"];
  readonly #abort = new AbortController();
  readonly #undo = new Set<() => void>();
  readonly #failures: LimitedLogger;
  readonly #unloadTasks: (() => void | Promise<void>)[] = [];
  #unloading = false;

  constructor({ nodeName, plugin, settings, log, endpoint }: PluginScopeOptions) {
    this.name = nodeName;
    this.settings = settings;
    this.log = log;
    this.#failures = limited(log, FAILURES_LOGGED);
    this.#plugin = plugin;
    this.#endpoint = endpoint;
  }

  get port(): number {
    return this.#endpoint.port;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  onRequest(name: string, callback: RequestCallback): Registration {
    this.#assertLoaded();
    return this.#keep(this.#endpoint.onRequest(name, callback, this.#owner()));
  }

  onRaw(name: string, receiver: RawReceiverClass): Registration {
    this.#assertLoaded();
    return this.#keep(this.#endpoint.onRaw(name, receiver, this.#owner()));
  }

  dial(options: DialOptions & { readonly mode: Mode }, callbacks: ClientCallbacks = {}): Call {
    this.#assertLoaded();
    this.#assertRoom();
    const call = dial(this.#bound(options), this.#guarded(callbacks));
    this.#keepUntil(call.closed, () => call.stop());
    return call;
  }

  async connectRequest(options: DialOptions): Promise<RequestClient> {
    this.#assertLoaded();
    const client = await RequestClient.connect(this.#bound(options));
    this.#keepUntil(client.over, () => void client.close());
    return client;
  }

  async connectRaw(options: DialOptions): Promise<RawClient> {
    this.#assertLoaded();
    const client = await RawClient.connect(this.#bound(options));
    this.#keepUntil(client.over, () => void client.close());
    return client;
  }

  after(delayMs: number, task: () => void | Promise<void>): Registration {
    this.#assertLoaded();
    this.#assertDelay(delayMs);
    const timer = setTimeout(() => {
      registration.remove();
      void this.#run("timer", task);
    }, delayMs);
    const registration = this.#keep({ remove: () => clearTimeout(timer) });
    return registration;
  }

  every(intervalMs: number, task: () => void | Promise<void>): Registration {
    this.#assertLoaded();
    this.#assertDelay(intervalMs);
    let running = false;
    const timer = setInterval(() => {
      if (running) {
        return;
      }
      running = true;
      void this.#run("timer", task).then(() => {
        running = false;
      });
    }, intervalMs);
    return this.#keep({ remove: () => clearInterval(timer) });
  }

  onUnload(task: () => void | Promise<void>): void {
    this.#assertLoaded();
    if (this.#unloading) {
      const text = `${this.#owner()} is being unloaded, and takes no further unload task`;
      throw new CcpError("cancelled", text);
    }
    this.#assertRoom();
    this.#unloadTasks.push(task);
  }

  /** Undoes everything. Tasks that take longer than `graceMs` together are left behind. */
  async unload(graceMs: number): Promise<void> {
    if (this.signal.aborted) {
      return;
    }
    this.#unloading = true;
    const tasks = this.#unloadTasks.toReversed();
    const done = (async () => {
      for (const task of tasks) await this.#run("unload task", task);
    })();
    const grace = Promise.withResolvers<"late">();
    const timer = setTimeout(() => grace.resolve("late"), graceMs);
    if ((await Promise.race([done, grace.promise])) === "late") {
      this.log.warn("unload tasks did not finish in time and are left behind", { graceMs });
    }
    clearTimeout(timer);
    for (const undo of this.#undo) undo();
    this.#undo.clear();
    this.#abort.abort(new CcpError("cancelled", `${this.#owner()} was unloaded`));
  }

  #owner(): string {
    return `plugin ${this.#plugin}`;
  }

  #assertLoaded(): void {
    if (this.signal.aborted) {
      throw new CcpError("cancelled", `${this.#owner()} is unloaded and cannot use its node`);
    }
  }

  #assertRoom(): void {
    if (this.#undo.size + this.#unloadTasks.length < OPEN_MAX) {
      return;
    }
    const text = `${this.#owner()} holds ${OPEN_MAX} registrations, connections and timers; remove some`;
    throw new CcpError("invalid_option", text);
  }

  #assertDelay(delayMs: number): void {
    if (delayMs >= 0 && delayMs <= DELAY_MS_MAX) {
      return;
    }
    const text = `${this.#owner()}: a timer takes 0 to ${DELAY_MS_MAX} milliseconds, not ${delayMs}`;
    throw new CcpError("invalid_option", text);
  }

  #keep(registration: Registration): Registration {
    const undo = (): void => {
      this.#undo.delete(undo);
      registration.remove();
    };
    try {
      this.#assertRoom();
    } catch (error) {
      registration.remove();
      throw error;
    }
    this.#undo.add(undo);
    return { remove: undo };
  }

  #keepUntil(over: Promise<unknown>, stop: () => void): void {
    const registration = this.#keep({ remove: stop });
    void over.then(() => registration.remove());
  }

  /** Dialling ends with the plugin, too. */
  #bound<Options extends DialOptions>(options: Options): Options {
    const { signal } = options;
    const both = signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]);
    return { ...options, signal: both };
  }

  /** A callback that throws is the plugin's mistake, not the node's end. */
  #guarded(callbacks: ClientCallbacks): ClientCallbacks {
    // One by one, because the callbacks may be methods of a class.
    return {
      onConnected: () => callbacks.onConnected?.(),
      onAccepted: () => callbacks.onAccepted?.(),
      onData: (data) => callbacks.onData?.(data),
      onEnd: () => callbacks.onEnd?.(),
      onNobodyHome: () => callbacks.onNobodyHome?.(),
      onCommunicationError: () => callbacks.onCommunicationError?.(),
      onProtocolError: () => callbacks.onProtocolError?.(),
      onConnectionError: (error) => callbacks.onConnectionError?.(error),
      onAbort: (error) => callbacks.onAbort?.(error),
      onCallbackError: (error) => this.#onCallbackError(callbacks, error),
    };
  }

  #onCallbackError(callbacks: ClientCallbacks, error: unknown): void {
    if (callbacks.onCallbackError === undefined) {
      this.log.error("a callback failed", { at: errorPlace(error), error });
      return;
    }
    try {
      callbacks.onCallbackError(error);
    } catch (failure) {
      this.log.error("a callback failed", { at: errorPlace(failure), error: failure });
    }
  }

  async #run(what: string, task: () => void | Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      const fields = { at: errorPlace(error), error };
      this.#failures.error(`${what} ${errorText(error)}`, `${what} failed`, fields);
    }
  }
}
