import type { PluginSettings } from "./config/config.ts";
import { nearest } from "./config/nearest.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import type { Logger } from "./log.ts";
import type { Plugin } from "./plugin.ts";
import { importPlugin, resolvePluginModule } from "./plugin-modules.ts";
import { PluginScope, type PluginScopeOptions } from "./plugin-scope.ts";

/** A plugin that has not loaded or set itself up by then waits for something that does not come. */
const SETUP_TIMEOUT_MS = 10_000;
/** For closing files and saying goodbye. */
const UNLOAD_GRACE_MS = 5000;

/** A setting that nobody wrote must not be found in a prototype. */
const NO_SETTINGS: PluginSettings = Object.freeze(Object.create(null));

/**
 * | state | it means |
 * |---|---|
 * | `loading` | its module is imported, or its setup runs |
 * | `loaded` | it works |
 * | `failed` | it could not be loaded; `error` says why, and nothing of it is left |
 * | `unloaded` | it was unloaded by hand |
 */
export type PluginState = "loading" | "loaded" | "failed" | "unloaded";

export interface PluginStatus {
  /** The plugin's own name; until it is known, the module. */
  readonly name: string;
  /** As the config names it. */
  readonly module: string;
  readonly state: PluginState;
  readonly error?: string;
}

/** One entry of `[plugins] load`. */
interface Entry {
  readonly module: string;
  name: string;
  state: PluginState;
  error: string | undefined;
  scope: PluginScope | undefined;
  /** What it was last loaded with. */
  settings: PluginSettings;
}

export interface PluginHostOptions {
  readonly nodeName: string;
  readonly endpoint: PluginScopeOptions["endpoint"];
  readonly log: Logger;
  /** Where modules are looked for, in this order. */
  readonly folders: readonly string[];
  /** Time a plugin's module has to load, and then its setup to finish. Default: 10 seconds. */
  readonly setupTimeoutMs?: number;
  /** Time a plugin's unload tasks have, together. Default: 5 seconds. */
  readonly unloadGraceMs?: number;
}

/** Loads, unloads and reloads plugins, one at a time. Nothing here throws: a plugin's failure is its state. */
export class PluginHost {
  readonly #options: PluginHostOptions;
  readonly #setupTimeoutMs: number;
  readonly #unloadGraceMs: number;
  readonly #entries = new Map<string, Entry>();
  #settings: ReadonlyMap<string, PluginSettings> = new Map();
  #turn: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#setupTimeoutMs = options.setupTimeoutMs ?? SETUP_TIMEOUT_MS;
    this.#unloadGraceMs = options.unloadGraceMs ?? UNLOAD_GRACE_MS;
  }

  list(): PluginStatus[] {
    return [...this.#entries.values()].map(statusOf);
  }

  /**
   * Loads what `modules` names and is not loaded, unloads what it no longer names, and reloads what
   * has other settings now. What was unloaded by hand stays so, unless it has other settings now.
   */
  apply(modules: readonly string[], settings: ReadonlyMap<string, PluginSettings>): Promise<void> {
    return this.#inTurn(async () => {
      this.#settings = settings;
      for (const entry of [...this.#entries.values()].toReversed()) {
        if (modules.includes(entry.module)) {
          continue;
        }
        await this.#unload(entry);
        this.#entries.delete(entry.module);
      }
      for (const module of modules) {
        if (this.#closing) {
          return;
        }
        const known = this.#entries.get(module);
        if (known !== undefined && known.state !== "failed" && this.#hasItsSettings(known)) {
          continue;
        }
        const entry = known ?? newEntry(module);
        this.#entries.set(module, entry);
        await this.#load(entry);
      }
      this.#warnOfStraySettings();
    });
  }

  /** Loads a configured plugin that is not loaded. Answers its status, or `undefined` if none is so called. */
  load(name: string): Promise<PluginStatus | undefined> {
    return this.#onEntry(name, async (entry) => {
      if (entry.state !== "loaded") {
        await this.#load(entry);
      }
    });
  }

  unload(name: string): Promise<PluginStatus | undefined> {
    return this.#onEntry(name, (entry) => this.#unload(entry));
  }

  /** Reads the module again. If that fails, the plugin that is loaded goes on. */
  reload(name: string): Promise<PluginStatus | undefined> {
    return this.#onEntry(name, (entry) => this.#load(entry));
  }

  /** For good: what is still to be loaded is not loaded any more. */
  async unloadAll(): Promise<void> {
    this.#closing = true;
    await this.apply([], new Map());
  }

  async #onEntry(
    name: string,
    act: (entry: Entry) => Promise<void>,
  ): Promise<PluginStatus | undefined> {
    let found: Entry | undefined;
    await this.#inTurn(async () => {
      found = this.#find(name);
      if (found !== undefined) {
        await act(found);
      }
    });
    return this.list().find(({ module }) => module === found?.module);
  }

  #find(name: string): Entry | undefined {
    return [...this.#entries.values()].find(
      (entry) => entry.name === name || entry.module === name,
    );
  }

  #settingsOf(plugin: string): PluginSettings {
    return this.#settings.get(plugin) ?? NO_SETTINGS;
  }

  #hasItsSettings({ name, settings }: Entry): boolean {
    return Bun.deepEquals({ ...settings }, { ...this.#settingsOf(name) });
  }

  /** Settings under a mistyped name reach no plugin. */
  #warnOfStraySettings(): void {
    const entries = [...this.#entries.values()];
    // A module that could not be imported has not told its name.
    if (entries.some(({ state, name, module }) => state === "failed" && name === module)) {
      return;
    }
    const names = entries.map(({ name }) => name);
    for (const section of this.#settings.keys()) {
      if (names.includes(section)) {
        continue;
      }
      const meant = nearest(section, names);
      const hint = meant === undefined ? "see [plugins] load" : `did you mean [plugin:${meant}]?`;
      this.#options.log.warn(`[plugin:${section}] reaches no plugin of that name; ${hint}`);
    }
  }

  async #load(entry: Entry): Promise<void> {
    let plugin: Plugin;
    try {
      const file = resolvePluginModule(entry.module, this.#options.folders);
      plugin = await this.#inTime("its module", importPlugin(file));
      this.#assertNameIsFree(plugin.name, entry);
    } catch (error) {
      this.#onFailure(entry, error);
      return;
    }
    await this.#unload(entry);
    entry.name = plugin.name;
    entry.state = "loading";
    entry.settings = this.#settingsOf(plugin.name);
    const scope = this.#scopeFor(entry);
    try {
      await this.#inTime("setup", plugin.setup(scope));
    } catch (error) {
      await scope.unload(this.#unloadGraceMs);
      this.#onFailure(entry, error);
      return;
    }
    entry.scope = scope;
    entry.state = "loaded";
    entry.error = undefined;
    this.#options.log.info("plugin loaded", { plugin: entry.name, module: entry.module });
  }

  async #inTime<Result>(what: string, work: Result | Promise<Result>): Promise<Result> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`${what} did not finish within ${this.#setupTimeoutMs / 1000} s`));
    }, this.#setupTimeoutMs);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #scopeFor({ name: plugin, settings }: Entry): PluginScope {
    const { nodeName, endpoint, log } = this.#options;
    return new PluginScope({ nodeName, plugin, settings, endpoint, log: log.child({ plugin }) });
  }

  #assertNameIsFree(name: string, entry: Entry): void {
    const other = [...this.#entries.values()].find(
      (loaded) => loaded !== entry && loaded.scope !== undefined && loaded.name === name,
    );
    if (other === undefined) {
      return;
    }
    throw new Error(
      `a plugin named "${name}" is loaded already, from ${other.module}; one of the two must be renamed`,
    );
  }

  /** A plugin that is still loaded goes on; one that is not has failed. */
  #onFailure(entry: Entry, error: unknown): void {
    entry.error = errorText(error);
    if (entry.scope === undefined) {
      entry.state = "failed";
    }
    const message =
      entry.scope === undefined
        ? "plugin did not load"
        : "plugin did not reload; the one that was loaded goes on";
    const { name: plugin, module } = entry;
    this.#options.log.error(message, { plugin, module, at: errorPlace(error), error });
  }

  async #unload(entry: Entry): Promise<void> {
    const { scope } = entry;
    entry.state = "unloaded";
    entry.error = undefined;
    if (scope === undefined) {
      return;
    }
    entry.scope = undefined;
    await scope.unload(this.#unloadGraceMs);
    this.#options.log.info("plugin unloaded", { plugin: entry.name, module: entry.module });
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    await turn;
  }
}

function statusOf({ name, module, state, error }: Entry): PluginStatus {
  return error === undefined ? { name, module, state } : { name, module, state, error };
}

function newEntry(module: string): Entry {
  return {
    module,
    name: module,
    state: "loading",
    error: undefined,
    scope: undefined,
    settings: NO_SETTINGS,
  };
}
