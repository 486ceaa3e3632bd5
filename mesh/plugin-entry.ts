/** One plugin of a node: what it is, and what has become of it. */

import type { PluginSettings } from "./config/config.ts";
import type { Plugin } from "./plugin.ts";
import type { PluginScope } from "./plugin-scope.ts";

/** A setting that nobody wrote must not be found in a prototype. */
export const NO_SETTINGS: PluginSettings = Object.freeze(Object.create(null));

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
  /** As the config names it; `built-in` for one that comes with the node. */
  readonly module: string;
  readonly state: PluginState;
  readonly error?: string;
}

/** One entry of `[plugins] load`, or a plugin that comes with the node. */
export interface PluginEntry {
  readonly module: string;
  /** What it is, where no module is to be imported. */
  readonly builtIn: Plugin | undefined;
  name: string;
  state: PluginState;
  error: string | undefined;
  scope: PluginScope | undefined;
  /** What it was last loaded with. */
  settings: PluginSettings;
}

export function statusOf({ name, module, state, error }: PluginEntry): PluginStatus {
  return error === undefined ? { name, module, state } : { name, module, state, error };
}

export function newEntry(identity: Pick<PluginEntry, "module" | "name" | "builtIn">): PluginEntry {
  return {
    ...identity,
    state: "loading",
    error: undefined,
    scope: undefined,
    settings: NO_SETTINGS,
  };
}
