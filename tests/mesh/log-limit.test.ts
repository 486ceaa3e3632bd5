import { describe, expect, test } from "bun:test";
import { createLogger } from "../../mesh/log.ts";
import { type LimitedLogger, limited } from "../../mesh/log-limit.ts";

interface Rig {
  readonly warnings: LimitedLogger;
  readonly clock: { nowMs: number };
  /** The lines since it was last called, without the time and the level. */
  readonly take: () => string[];
}

function rig(keysMax: number): Rig {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const write = (line: string) => lines.push(line.slice("2026-01-02 07:11:12 WARN  ".length));
  const logger = createLogger({ level: "info", format: "text", write });
  const warnings = limited(logger, { everyMs: 1000, keysMax, now: () => clock.nowMs });
  return { warnings, clock, take: () => lines.splice(0) };
}

describe("limited", () => {
  test("a key has one line an interval, and then says how many were left out", () => {
    const { warnings, clock, take } = rig(8);
    for (let i = 0; i < 5; i++) {
      warnings.warn("1.2.3.4", "refused", { address: "1.2.3.4" });
    }
    expect(take()).toEqual(["refused  address=1.2.3.4"]);

    clock.nowMs = 999;
    warnings.warn("1.2.3.4", "refused", { address: "1.2.3.4" });
    expect(take()).toEqual([]);

    clock.nowMs = 1000;
    warnings.warn("1.2.3.4", "refused", { address: "1.2.3.4" });
    expect(take()).toEqual(["refused  address=1.2.3.4 leftOut=5"]);

    clock.nowMs = 2000;
    warnings.warn("1.2.3.4", "refused", { address: "1.2.3.4" });
    expect(take()).toEqual(["refused  address=1.2.3.4"]);
  });

  test("one key does not silence another", () => {
    const { warnings, take } = rig(8);
    warnings.warn("a", "a refused");
    warnings.warn("a", "a refused");
    warnings.warn("b", "b refused");
    expect(take()).toEqual(["a refused", "b refused"]);
  });

  test("a stranger with a new key each time gets no more than keysMax + 1 lines an interval", () => {
    const { warnings, clock, take } = rig(3);
    for (let i = 0; i < 100; i++) {
      warnings.warn(`key ${i}`, `refused ${i}`);
    }
    expect(take()).toEqual(["refused 0", "refused 1", "refused 2", "refused 3"]);

    clock.nowMs = 1000;
    for (let i = 100; i < 200; i++) {
      warnings.warn(`key ${i}`, `refused ${i}`);
    }
    expect(take()).toHaveLength(4);
  });

  test("what was left out for forgotten keys is told with the next line of any", () => {
    const { warnings, clock, take } = rig(1);
    warnings.warn("a", "a refused");
    warnings.warn("a", "a refused");
    warnings.warn("a", "a refused");
    clock.nowMs = 1000;
    warnings.warn("b", "b refused");
    expect(take()).toEqual(["a refused", "b refused  leftOutElsewhere=2"]);
  });

  test("a key that is full of others' lines comes back after the interval", () => {
    const { warnings, clock, take } = rig(1);
    warnings.warn("a", "a refused");
    warnings.warn("b", "b refused");
    warnings.warn("c", "c refused");
    expect(take()).toEqual(["a refused", "b refused"]);
    clock.nowMs = 1000;
    warnings.warn("c", "c refused");
    expect(take()).toEqual(["c refused  leftOutElsewhere=1"]);
  });
});
