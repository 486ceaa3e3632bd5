/** The bus: programs beside the game, in any language, take part in the mesh through the node's port. [BUS-1] */

import { definePlugin, type Plugin, type RawChannel } from "../../index.ts";
import { Application, type BusContext } from "./application.ts";
import { PresenceParts } from "./presence-parts.ts";

export const busPlugin: Plugin = definePlugin({
  name: "bus",
  setup(node) {
    const context: BusContext = {
      node,
      presence: new PresenceParts(node.presence),
      servers: new Map(),
    };
    node.onRaw(
      "bus",
      class extends Application {
        constructor(channel: RawChannel) {
          super(channel, context);
        }
      },
    );
  },
});
