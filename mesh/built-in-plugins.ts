/** The plugins that come with the node. Their imports are written out, so that a compiled node has them, too. */

import type { Plugin } from "./plugin.ts";
import { busPlugin } from "./plugins/bus/plugin.ts";

export type BuiltInName = "bus";

const BUILT_IN: Readonly<Record<BuiltInName, Plugin>> = { bus: busPlugin };

export function isBuiltInName(name: string): name is BuiltInName {
  return Object.hasOwn(BUILT_IN, name);
}

export function builtInPlugin(name: BuiltInName): Plugin {
  return BUILT_IN[name];
}
