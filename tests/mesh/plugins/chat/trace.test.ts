import { describe, expect, test } from "bun:test";
import { isOutcome, noCounts } from "../../../../mesh/plugins/chat/outcome.ts";
import { type Decision, Trace } from "../../../../mesh/plugins/chat/trace.ts";

function decision(changed: Partial<Decision> = {}): Decision {
  return {
    id: "1",
    channel: "global",
    from: { node: "surf", player: "Alice" },
    to: "surf",
    text: "hi",
    outcome: "sent",
    ...changed,
  };
}

describe("the trace", () => {
  test("tells what became of a line", () => {
    const trace = new Trace();
    trace.note(decision(), 0);
    trace.note(decision({ id: "2", outcome: "muted" }), 1500);
    expect(trace.last(10)).toEqual([
      { at: "1970-01-01T00:00:00.000Z", ...decision() },
      { at: "1970-01-01T00:00:01.500Z", ...decision({ id: "2", outcome: "muted" }) },
    ]);
    expect(trace.last(1).map(({ id }) => id)).toEqual(["2"]);
    expect(trace.last(0)).toEqual([]);
  });

  test("counts by outcome", () => {
    const trace = new Trace();
    for (const outcome of ["sent", "echo", "sent"] as const) trace.note(decision({ outcome }), 0);
    expect(trace.counts).toEqual({ ...noCounts(), sent: 2, echo: 1 });
  });

  test("keeps the last 500, and the beginnings of texts", () => {
    const trace = new Trace();
    for (let at = 0; at < 1200; at++) trace.note(decision({ id: `${at}` }), at);
    trace.note(decision({ id: "long", text: `${"x".repeat(198)}👋${"y".repeat(500)}` }), 0);
    const kept = trace.last(1000);
    expect([kept.length, kept[0]?.id]).toEqual([500, "701"]);
    expect(kept.at(-1)?.text).toBe(`${"x".repeat(198)}…`);
    expect(trace.counts.sent).toBe(1201);
  });

  test("learns from other nodes what became of a line there", () => {
    const trace = new Trace();
    trace.note(decision(), 0);
    expect(trace.resolve("1", "dust", "shown")).toBe(true);
    expect(trace.resolve("1", "city", "queue_full")).toBe(true);
    expect(trace.resolve("1", "city", "shown")).toBe(true);
    expect(trace.resolve("unknown", "dust", "shown")).toBe(false);
    expect(trace.last(10).map(({ to, outcome }) => [to, outcome])).toEqual([
      ["surf", "sent"],
      ["dust", "shown"],
      ["city", "shown"],
    ]);
    expect(trace.counts).toEqual({ ...noCounts(), sent: 1 });
  });

  test("stays bounded however many nodes answer", () => {
    const trace = new Trace();
    trace.note(decision(), 0);
    for (let at = 0; at < 2000; at++) trace.resolve("1", `n${at}`, "shown");
    expect(trace.last(5000).length).toBe(500);
  });
});

test("an outcome is one of the table", () => {
  expect(["shown", "bad_message", "toString", "", 1, null].map(isOutcome)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
