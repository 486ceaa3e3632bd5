/**
 * Admin chat, the plugin: what an admin types outside the game arrives here, on the game server.
 * A real one would say it in the game; this one writes it to the node's log.
 */

import { definePlugin, formatAddress } from "ccp-mesh";

export default definePlugin({
  name: "admin-chat",
  setup(node) {
    node.onRequest("ccp_admin_chat", (address, data) => {
      node.log.info(`ADMIN: ${data.toString()}`, { from: formatAddress(address) });
      return "OK";
    });
    const client = "npx --yes bun@1.4.5 run examples/admin-chat/client.ts";
    node.log.info(`type to me: ${client} 127.0.0.1:${node.port}`);
  },
});
