/** Plugins of a node that is observed while others come and go. */

/** Answers visitors, and does to each of them what plugins do. */
export const HOST = `
import { definePlugin } from "ccp-mesh";

/** With the setting \`keep\`, what a plugin with a leak keeps of each visit. */
const kept = [];
const outcome = (request) => request.then(() => "answered", ({ code }) => code);

export default definePlugin({
  name: "host",
  setup(node) {
    node.presence.set({ game: "observed" });
    node.subscribe("*.line", () => {}, { group: "relay" });
    node.serve("echo", ({ payload }) => payload);
    node.serve("fail", () => {
      throw new Error("it fails");
    });
    node.serve("hang", ({ signal }) => new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve("nobody waits"));
    }));
    node.subscribe("names.>", () => {});
    node.serve("names", ({ payload: count }) => {
      for (let n = 0; n < count; n += 1) node.publish("names.here." + crypto.randomUUID(), n);
    });
    node.serve("visit", async ({ from, payload: { topic } }) => {
      const heard = [];
      const listeners = [node.onPeer(() => {}), node.presence.onChange(() => {})];
      const subscriptions = [
        ...["", ".*", ".>"].map((rest) => node.subscribe(topic + rest, ({ topic }) => heard.push(topic))),
        node.subscribe(topic + ".line", () => {}, { group: "visit" }),
      ];
      const service = node.serve(topic + ".here", ({ payload }) => payload);
      const stream = node.subscribe(topic + ".stream");
      const timer = node.every(1, () => {});
      node.presence.set({ game: "observed", topic });
      for (const rest of [".line", ".map", ".stream"]) node.publish(topic + rest, { topic, players: [1, 2, 3] });
      for await (const message of stream) {
        heard.push(message.topic);
        break;
      }
      const givenUp = new AbortController();
      const requests = [
        node.request(from, "echo", { topic }),
        node.request(from, topic, Buffer.from(topic)),
        node.request("*", topic + ".here", topic),
        node.request(from, "fail", topic),
        node.request(from, "absent", topic),
        node.request("absent", "echo", topic),
        node.request(from, "hang", topic, { timeoutMs: 20 }),
        node.request(from, "hang", topic, { signal: givenUp.signal }),
      ].map(outcome);
      await requests[0];
      givenUp.abort();
      const outcomes = await Promise.all(requests);
      for (const subscription of subscriptions) subscription.unsubscribe();
      for (const listener of listeners) listener.remove();
      service.remove();
      timer.remove();
      // Not answered before the visitor goes.
      void outcome(node.request(from, "hang", topic));
      if (node.settings.keep !== undefined) kept.push({ topic });
      return { outcomes, hears: heard.includes(topic + ".stream") };
    });
  },
});
`;

/** Is loaded again and again, and leaves to the node to undo what it did. */
export const GUEST = `
import { definePlugin } from "ccp-mesh";

const table = Array.from({ length: 100 }, (_, n) => ({ n }));

export default definePlugin({
  name: "guest",
  setup(node) {
    node.presence.set({ guest: table.length });
    node.subscribe("guest.*", () => {});
    node.subscribe("*.line", () => {}, { group: "guests" });
    void (async () => {
      for await (const _ of node.subscribe("guest.>")) table.push({ n: table.length });
    })();
    node.serve("guest", () => table.length);
    node.onPeer(() => {});
    node.presence.onChange(() => {});
    node.onRequest("guest", () => "here");
    node.every(5, () => {});
    node.after(60_000, () => {});
    node.onUnload(() => {});
  },
});
`;
