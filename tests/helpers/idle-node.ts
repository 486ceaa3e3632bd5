import type { Administered } from "../../mesh/admin.ts";
import { AdminRoutes } from "../../mesh/admin-routes.ts";
import type { Messenger } from "../../mesh/messaging/messenger.ts";

/** A node that nobody asks about itself. */
export function idleNode(messenger: Messenger): Administered {
  return { ...IDLE, messenger, durable: idleDurable(messenger) };
}

/** Of a node that keeps nothing. */
export function idleDurable(messenger: Messenger): Administered["durable"] {
  return {
    isTaking: true,
    isInUse: () => false,
    discard: () => Promise.reject(new Error("there is nothing to be discarded")),
    status: () => null,
    opened: undefined,
    replay: () => Promise.reject(new Error("there is nothing to be replayed")),
    publish: async (topic, payload) => void messenger.publish(topic, payload),
    publishTapped: async (topic, payload) => messenger.publish(topic, payload),
  };
}

const IDLE: Omit<Administered, "messenger" | "durable"> = {
  status: () => {
    throw new Error("its status was asked for");
  },
  plugins: {
    load: () => Promise.resolve(undefined),
    unload: () => Promise.resolve(undefined),
    reload: () => Promise.resolve(undefined),
    metrics: () => [],
  },
  routes: new AdminRoutes(),
};
