/** The plugins that come with the node. Their imports are written out, so that a compiled node has them, too. */

import type { BuiltInName } from "./built-in-names.ts";
import type { Plugin } from "./plugin.ts";
import { busPlugin } from "./plugins/bus/plugin.ts";
import { chatPlugin } from "./plugins/chat/plugin.ts";
import { collectorsPlugin } from "./plugins/collectors/plugin.ts";
import { gamePlugin } from "./plugins/games/plugin.ts";

const BUILT_IN: Readonly<Record<BuiltInName, Plugin>> = {
  bus: busPlugin,
  game: gamePlugin,
  chat: chatPlugin,
  collectors: collectorsPlugin,
};

export function builtInPlugin(name: BuiltInName): Plugin {
  return BUILT_IN[name];
}
