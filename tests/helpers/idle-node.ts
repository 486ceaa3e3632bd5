import type { Administered } from "../../mesh/admin.ts";
import { AdminRoutes } from "../../mesh/admin-routes.ts";
import type { Messenger } from "../../mesh/messaging/messenger.ts";

/** A node that nobody asks about itself. */
export function idleNode(messenger: Messenger): Administered {
  return { ...IDLE, messenger };
}

const IDLE: Omit<Administered, "messenger"> = {
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
