import { beforeEach, describe, expect, test } from "bun:test";
import { CcpError } from "../../src/index.ts";
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

describe("what is at work at the unload", () => {
  test("ends before the tasks run, and before anything else is undone", async () => {
    const happened: string[] = [];
    const work = Promise.withResolvers<void>();
    held.keep({ remove: () => void happened.push("undone") });
    held.onUnload(() => void happened.push("task"));
    held.keepDrained({
      remove: () => void happened.push("removed"),
      drained: async () => {
        await work.promise;
        happened.push(held.signal.aborted ? "ended late" : "ended");
      },
    });
    const unloaded = held.unload(5000);
    expect(happened).toEqual(["removed"]);
    work.resolve();
    await unloaded;
    expect(happened).toEqual(["removed", "ended", "task", "undone"]);
  });

  test("ends before the tasks run where it was removed just before, too", async () => {
    const happened: string[] = [];
    const work = Promise.withResolvers<void>();
    held.onUnload(() => void happened.push("task"));
    const remove = (): void => void happened.push("removed");
    held.keepDrained({ remove, drained: () => work.promise }).remove();
    const unloaded = held.unload(5000);
    await Bun.sleep(0);
    expect(happened).toEqual(["removed"]);
    work.resolve();
    await unloaded;
    expect(happened).toEqual(["removed", "task"]);
  });

  test("is not waited for where it has ended before", async () => {
    let waits = 0;
    const drained = async (): Promise<void> => void (waits += 1);
    held.keepDrained({ remove: () => {}, drained }).remove();
    await Bun.sleep(0);
    await held.unload(5000);
    expect(waits).toBe(1);
  });

  test("has the plugin as it is, and may add a task that then runs", async () => {
    const happened: string[] = [];
    const work = Promise.withResolvers<void>();
    held.keepDrained({ remove: () => {}, drained: () => work.promise });
    const drained = held.drain();
    expect(held.signal.aborted).toBe(false);
    held.onUnload(() => void happened.push("task"));
    work.resolve();
    await drained;
    expect(happened).toEqual([]);
    await held.unload(5000);
    expect(happened).toEqual(["task"]);
  });

  test("is all there is: what comes while it ends, or from a task, is removed and refused", async () => {
    const removed: string[] = [];
    const work = Promise.withResolvers<void>();
    const consume = (name: string): string => {
      const remove = (): void => void removed.push(name);
      try {
        held.keepDrained({ remove, drained: () => new Promise(() => {}) });
      } catch (error) {
        if (error instanceof CcpError) return error.code;
      }
      return "kept";
    };
    const answers: string[] = [];
    held.onUnload(() => void answers.push(consume("by a task")));
    held.keepDrained({ remove: () => {}, drained: () => work.promise });
    const unloaded = held.unload(5000);
    answers.push(consume("while it ends"));
    expect(removed).toEqual(["while it ends"]);
    work.resolve();
    await unloaded;
    expect(answers).toEqual(["cancelled", "cancelled"]);
    expect(removed).toEqual(["while it ends", "by a task"]);
  });
});
