import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { SessionTeller } from "../../../../mesh/plugins/games/session-teller.ts";
import { SessionLog } from "../../../helpers/games/session-log.ts";

const end = { kind: "lost", text: "gone" } as const;

const acts = {
  up: (teller: SessionTeller) => teller.up({ map: "dm1", players: [] }),
  event: (teller: SessionTeller) => teller.event({ type: "map", map: "dm2" }),
  line: (teller: SessionTeller) => teller.line("a line", false),
  over: (teller: SessionTeller) => teller.over(end),
  close: (teller: SessionTeller) => teller.close(),
} as const;
type Act = keyof typeof acts;

function told(names: readonly Act[]): SessionLog {
  const log = new SessionLog();
  const teller = new SessionTeller(log);
  for (const name of names) acts[name](teller);
  return log;
}

test("tells a session from its start to its end", () => {
  const log = told(["line", "up", "line", "event", "over", "line"]);
  expect(log.told).toEqual([
    { type: "session up", start: { map: "dm1", players: [] } },
    { type: "map", map: "dm2" },
    { type: "session over", end },
  ]);
  expect(log.notUnderstood).toHaveLength(2);
});

test("up comes once and before events, over once and last, and nothing after a close", () => {
  const names = fc.array(fc.constantFrom<Act>("up", "event", "line", "over", "close"));
  fc.assert(
    fc.property(names, (acts) => {
      const types = told(acts).told.map(({ type }) => type);
      expect(types.join()).toMatch(/^(?:session up(?:,map)*)?,?(?:session over)?$/);
      const beforeClose = acts.slice(0, acts.indexOf("close") + 1);
      if (beforeClose.length > 0) expect(told(acts).told).toEqual(told(beforeClose).told);
    }),
  );
});
