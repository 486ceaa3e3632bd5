/** One plugin of a node: what it is, and what has become of it. */

import type { Plugin } from "./plugin.ts";
import type { PluginScope } from "./plugin-scope.ts";
import type { WrittenSettings } from "./settings-reader.ts";

/** A setting that nobody wrote must not be found in a prototype. */
export const NO_SETTINGS: WrittenSettings = Object.freeze(Object.create(null));

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
  /** What the plugin tells of itself. */
  readonly details?: unknown;
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
  settings: WrittenSettings;
}

export function statusOf({ name, module, state, error, scope }: PluginEntry): PluginStatus {
  const details = scope?.reports.status();
  return {
    name,
    module,
    state,
    ...(error !== undefined && { error }),
    ...(details !== undefined && { details }),
  };
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
