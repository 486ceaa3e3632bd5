import { beforeEach, describe, expect, test } from "bun:test";
import { PluginHoldings } from "../../mesh/plugin-holdings.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { ManualClock } from "./manual-clock.ts";

const LEFT_BEHIND = "unload tasks did not finish in time and are left behind";

let clock: ManualClock;
let log: RecordingLogger;
let held: PluginHoldings;

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLogger();
  held = new PluginHoldings("game", log, clock);
});

describe("how long an unload waits for a task that does not end", () => {
  const endless = (): Promise<void> => new Promise(() => {});

  test("as long as is usual, where it asks for nothing", async () => {
    held.onUnload(endless);
    const unloaded = held.unload(5000);
    clock.advance(4999);
    await Bun.sleep(0);
    expect(held.signal.aborted).toBe(false);
    clock.advance(1);
    await unloaded;
    expect(log.messages("warn")).toEqual([LEFT_BEHIND]);
  });

  test("as long as the longest that one asks for", async () => {
    held.onUnload(endless, { graceMs: 30_000 });
    held.onUnload(() => {});
    held.onUnload(() => {}, { graceMs: 10_000 });
    const unloaded = held.unload(5000);
    clock.advance(29_999);
    await Bun.sleep(0);
    expect(held.signal.aborted).toBe(false);
    clock.advance(1);
    await unloaded;
    expect(log.messages("warn")).toEqual([LEFT_BEHIND]);
  });

  test("no longer than it takes", async () => {
    const saved = Promise.withResolvers<void>();
    held.onUnload(() => saved.promise, { graceMs: 30_000 });
    const unloaded = held.unload(5000);
    clock.advance(20_000);
    saved.resolve();
    await unloaded;
    expect(log.messages("warn")).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test.each([-1, Number.NaN, 1_205_001, Number.POSITIVE_INFINITY])("never %p", (graceMs) => {
    expect(() => held.onUnload(endless, { graceMs })).toThrow("graceMs must be 0 to 1205000");
  });
});
