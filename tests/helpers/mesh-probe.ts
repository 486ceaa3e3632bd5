/** A plugin through which tests see and move a node. Its services are asked over the mesh, or at home. */
export const PROBE = `
import { definePlugin } from "ccp-mesh";

export default definePlugin({
  name: "probe",
  setup(node) {
    const heard = new Map();
    let beat = 0;
    let sent = 0;
    let poured = 0;

    function hear({ from, payload: { run, n } }) {
      let of = heard.get(from);
      if (of === undefined || of.run !== run) {
        of = { run, first: n, last: n - 1, count: 0, missed: 0, wrong: [] };
        heard.set(from, of);
      }
      of.count += 1;
      if (n > of.last + 1) of.missed += n - of.last - 1;
      if (n <= of.last && of.wrong.length < 10) of.wrong.push([of.last, n]);
      of.last = Math.max(of.last, n);
    }

    const { beat_ms: beatMs } = node.settings;
    const run = crypto.randomUUID();
    node.presence.set({ game: "probe", pid: process.pid });
    node.subscribe("beat.*", hear);
    node.subscribe("pour.>", () => {
      poured += 1;
    });
    if (beatMs !== undefined) {
      node.every(Number(beatMs), () => {
        node.publish("beat." + node.name, { run, n: beat });
        beat += 1;
      });
    }
    node.serve("echo", ({ payload }) => payload);
    node.serve("hang", ({ signal }) => new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve("nobody waits"));
    }));
    node.serve("fail", ({ payload }) => {
      throw new Error(payload);
    });
    node.serve("heard", () => Object.fromEntries(heard));
    node.serve("beats", () => beat);
    node.serve("presence", () => Object.fromEntries(node.presence.all()));
    node.serve("peers", () => node.peers().map(({ name, via }) => ({ name, via: via ?? null })));
    node.serve("memory", () => {
      Bun.gc(true);
      return process.memoryUsage.rss();
    });
    // As a game thread that never waits for anybody.
    node.serve("pour", ({ payload: { topic, bytes, perTurn, forMs } }) => {
      const payload = Buffer.alloc(bytes, 0x61);
      const endMs = performance.now() + forMs;
      const turn = () => {
        for (let n = 0; n < perTurn; n += 1) node.publish(topic, payload);
        sent += perTurn;
        if (performance.now() < endMs) setTimeout(turn, 1);
      };
      turn();
      return "pouring";
    });
    node.serve("poured", () => ({ sent, poured }));
    // What a clock does that an operator or a time server puts right.
    node.serve("jump", ({ payload: ms }) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
      return "jumped";
    });
  },
});
`;
