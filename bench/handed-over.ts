/** How a plugin's view of its node reaches the measure that started the node. */

import type { PluginNode } from "../mesh/index.ts";

let waiting: PromiseWithResolvers<PluginNode> = Promise.withResolvers();

/** Called by the plugin of the measures, with what it was set up with. */
export function handOver(node: PluginNode): void {
  waiting.resolve(node);
}

/** What the next plugin that is set up hands over; asked for before its node loads it. */
export function nextHandedOver(): Promise<PluginNode> {
  waiting = Promise.withResolvers();
  return waiting.promise;
}
