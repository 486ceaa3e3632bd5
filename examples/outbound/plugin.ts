/**
 * A plugin that dials an external application and stays connected: it comes back by itself when
 * the application restarts, and knows which lines were not sent meanwhile.
 *
 * Config:
 *
 *     [plugin:outbound]
 *     application = 127.0.0.1:28070
 *     every_ms = 1000
 */

import { Backoff, definePlugin, type PluginNode, parseAddress, type RawClient } from "ccp-mesh";

export default definePlugin({
  name: "outbound",
  setup(node) {
    const { host, port } = parseAddress(node.settings["application"] ?? "127.0.0.1:28070");
    const everyMs = Number(node.settings["every_ms"] ?? 1000);
    let application: RawClient | undefined;
    let round = 0;

    node.every(everyMs, () => {
      round += 1;
      if (application === undefined) {
        node.log.warn("not connected, so this round was not sent", { round });
      } else {
        application.send(`round ${round} of ${node.name}`);
      }
    });

    void stayConnected(node, { host, port }, (client) => {
      application = client;
    });
  },
});

/** Dials for ever, a little later after each failure, until the plugin unloads. */
async function stayConnected(
  node: PluginNode,
  { host, port }: { readonly host: string; readonly port: number },
  use: (client: RawClient | undefined) => void,
): Promise<void> {
  const backoff = new Backoff();
  while (!node.signal.aborted) {
    try {
      const client = await node.connectRaw({ host, port, plugin: "scoreboard" });
      node.log.info("connected to the application");
      backoff.reset();
      use(client);
      for await (const data of client) {
        node.log.info(`the application says: ${data.toString()}`);
      }
      if (node.signal.aborted) {
        return;
      }
      node.log.warn("the application ended the communication");
    } catch (error) {
      if (node.signal.aborted) {
        return;
      }
      node.log.warn("no connection to the application", { error, attempt: backoff.attempts });
    }
    use(undefined);
    await Bun.sleep(backoff.next());
  }
}
