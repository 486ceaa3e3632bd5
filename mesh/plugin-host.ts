import type { AdminRoutes } from "./admin-routes.ts";
import { type BuiltInName, isBuiltInName } from "./built-in-names.ts";
import { builtInPlugin } from "./built-in-plugins.ts";
import { nearest } from "./config/nearest.ts";
import { errorPlace } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import type { GameHub } from "./game/game-hub.ts";
import type { Logger } from "./log.ts";
import type { Messenger } from "./messaging/messenger.ts";
import type { Plugin } from "./plugin.ts";
import {
  NO_SETTINGS,
  newEntry,
  type PluginEntry,
  type PluginStatus,
  statusOf,
} from "./plugin-entry.ts";
import { importPlugin, resolvePluginModule } from "./plugin-modules.ts";
import type { PluginMetric } from "./plugin-reports.ts";
import { PluginScope, type PluginScopeOptions } from "./plugin-scope.ts";
import type { WrittenSettings } from "./settings-reader.ts";

export type { PluginStatus } from "./plugin-entry.ts";

/** A plugin that has not loaded or set itself up by then waits for something that does not come. */
const SETUP_TIMEOUT_MS = 10_000;
/** For closing files and saying goodbye; a task that needs longer asks for it. */
const UNLOAD_GRACE_MS = 5000;

export interface PluginHostOptions {
  readonly nodeName: string;
  readonly endpoint: PluginScopeOptions["endpoint"];
  readonly messenger: Messenger;
  readonly durable: PluginScopeOptions["durable"];
  readonly log: Logger;
  /** What plugins share; see `PluginScopeOptions`. */
  readonly game?: GameHub;
  readonly routes?: AdminRoutes;
  readonly dataFolder?: string;
  /** Where modules are looked for, in this order. */
  readonly folders: readonly string[];
  /** Plugins that come with the node and are to be loaded. Default: none. */
  readonly builtIn?: readonly BuiltInName[];
  /** Time a plugin's module has to load, and then its setup to finish. Default: 10 seconds. */
  readonly setupTimeoutMs?: number;
  /** Time a plugin's unload tasks have, together, where none asks for more. Default: 5 seconds. */
  readonly unloadGraceMs?: number;
}

/** Loads, unloads and reloads plugins, one at a time. Nothing here throws: a plugin's failure is its state. */
export class PluginHost {
  readonly #options: PluginHostOptions;
  readonly #setupTimeoutMs: number;
  readonly #unloadGraceMs: number;
  /** In the order of their loading. */
  #entries: PluginEntry[] = [];
  #builtIn: readonly BuiltInName[];
  #settings: ReadonlyMap<string, WrittenSettings> = new Map();
  #turn: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#builtIn = options.builtIn ?? [];
    this.#setupTimeoutMs = options.setupTimeoutMs ?? SETUP_TIMEOUT_MS;
    this.#unloadGraceMs = options.unloadGraceMs ?? UNLOAD_GRACE_MS;
  }

  list(): PluginStatus[] {
    return this.#entries.map(statusOf);
  }

  /** Of all plugins that are loaded, with their full names. */
  metrics(): readonly PluginMetric[] {
    return this.#entries.flatMap(({ scope }) => scope?.reports.metrics() ?? []);
  }

  /** Plugins that come with the node and are to be loaded, from the next `apply` on. */
  useBuiltIn(names: readonly BuiltInName[]): void {
    this.#builtIn = names;
  }

  /**
   * Loads what `modules` names and is not loaded, unloads what it no longer names, and reloads what
   * has other settings now. What was unloaded by hand stays so, unless it has other settings now.
   */
  apply(modules: readonly string[], settings: ReadonlyMap<string, WrittenSettings>): Promise<void> {
    return this.#inTurn(async () => {
      this.#settings = settings;
      // Those that come with the node go first, so that the others find them.
      const wanted = [
        ...[...new Set(this.#builtIn)].map((name) => this.#builtInEntry(name)),
        ...[...new Set(modules)].map((module) => this.#moduleEntry(module)),
      ];
      const unwanted = this.#entries.filter((entry) => !wanted.includes(entry));
      // All at once, as each may take its time for it.
      await Promise.all(unwanted.map(async ({ scope }) => await scope?.drain()));
      for (const entry of unwanted.toReversed()) await this.#unload(entry);
      this.#entries = this.#entries.filter((entry) => wanted.includes(entry));
      for (const entry of wanted) {
        if (this.#closing) {
          return;
        }
        const isNew = !this.#entries.includes(entry);
        if (isNew) this.#entries.push(entry);
        if (isNew || entry.state === "failed" || !this.#hasItsSettings(entry)) {
          await this.#load(entry);
        }
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
    this.#builtIn = [];
    await this.apply([], new Map());
  }

  async #onEntry(
    name: string,
    act: (entry: PluginEntry) => Promise<void>,
  ): Promise<PluginStatus | undefined> {
    let status: PluginStatus | undefined;
    await this.#inTurn(async () => {
      const found = this.#find(name);
      if (found === undefined) return;
      await act(found);
      status = statusOf(found);
    });
    return status;
  }

  #find(name: string): PluginEntry | undefined {
    return this.#entries.find(
      (entry) => entry.name === name || (entry.module === name && entry.builtIn === undefined),
    );
  }

  #builtInEntry(name: BuiltInName): PluginEntry {
    const known = this.#entries.find((entry) => entry.builtIn !== undefined && entry.name === name);
    return known ?? newEntry({ module: "built-in", name, builtIn: builtInPlugin(name) });
  }

  #moduleEntry(module: string): PluginEntry {
    const known = this.#entries.find(
      (entry) => entry.module === module && entry.builtIn === undefined,
    );
    return known ?? newEntry({ module, name: module, builtIn: undefined });
  }

  #settingsOf(plugin: string): WrittenSettings {
    return this.#settings.get(plugin) ?? NO_SETTINGS;
  }

  #hasItsSettings({ name, settings }: PluginEntry): boolean {
    return Bun.deepEquals({ ...settings }, { ...this.#settingsOf(name) });
  }

  /** Settings under a mistyped name reach no plugin. */
  #warnOfStraySettings(): void {
    const entries = this.#entries;
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

  async #load(entry: PluginEntry): Promise<void> {
    let plugin: Plugin;
    try {
      plugin = entry.builtIn ?? (await this.#import(entry));
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
    this.#say("plugin loaded", entry);
  }

  /** @throws {Error} that says why it cannot be loaded */
  async #import(entry: PluginEntry): Promise<Plugin> {
    const file = resolvePluginModule(entry.module, this.#options.folders);
    const plugin = await this.#inTime("its module", importPlugin(file));
    this.#assertNameIsFree(plugin.name, entry);
    return plugin;
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

  #scopeFor({ name: plugin, settings }: PluginEntry): PluginScope {
    const { log } = this.#options;
    return new PluginScope({ ...this.#options, plugin, settings, log: log.child({ plugin }) });
  }

  #assertNameIsFree(name: string, entry: PluginEntry): void {
    if (isBuiltInName(name)) {
      throw new Error(
        `"${name}" is the name of a plugin that comes with the node; this one must be renamed`,
      );
    }
    const other = this.#entries.find(
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
  #onFailure(entry: PluginEntry, error: unknown): void {
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

  async #unload(entry: PluginEntry): Promise<void> {
    const { scope } = entry;
    entry.state = "unloaded";
    entry.error = undefined;
    if (scope === undefined) {
      return;
    }
    entry.scope = undefined;
    await scope.unload(this.#unloadGraceMs);
    this.#say("plugin unloaded", entry);
  }

  /** What comes with the node is no news. */
  #say(text: string, { name, module, builtIn }: PluginEntry): void {
    this.#options.log[builtIn === undefined ? "info" : "debug"](text, { plugin: name, module });
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => {});
    await turn;
  }
}
