/** Says hello to each node that comes up, and logs what it hears. */

import { definePlugin } from "ccp-mesh";

export default definePlugin({
  name: "hello",
  setup(node) {
    node.subscribe("chat.global", ({ from, payload }) => {
      if (from !== node.name) node.log.info(`<${from}> ${String(payload)}`);
    });
    node.onPeer(({ change, peer }) => {
      if (change === "up") node.publish("chat.global", `hello ${peer.name}, this is ${node.name}`);
    });
  },
});
