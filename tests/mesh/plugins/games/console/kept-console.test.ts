import { describe, expect, test } from "bun:test";
import type { SessionEndKind } from "../../../../../mesh/plugins/games/adapter.ts";
import { KeptConsole } from "../../../../../mesh/plugins/games/console/kept-console.ts";
import { Retry } from "../../../../../mesh/plugins/games/retry.ts";
import type { Console, ConsoleEvents } from "../../../../../mesh/plugins/games/text-parts.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { nextTurn } from "../../../../helpers/turns.ts";

/** A console that the test speaks for, and a clock that it turns. */
class Scene {
  readonly told = new ToldLines();
  readonly opened: ConsoleEvents[] = [];
  readonly delaysMs: number[] = [];
  closedCount = 0;
  nowMs = 0;
  #task: (() => void) | undefined;
  readonly #inner: Console = {
    where: "there",
    open: (events) => {
      this.opened.push(events);
      const close = async () => {
        this.closedCount++;
      };
      return { send: async () => "sent", close };
    },
  };
  readonly console = new KeptConsole(this.#inner, {
    clock: {
      now: () => this.nowMs,
      after: (delayMs, task) => {
        this.delaysMs.push(delayMs);
        this.#task = task;
        return () => {
          this.#task = undefined;
        };
      },
    },
    retry: new Retry(() => 1),
  });
  readonly open = this.console.open(this.told);

  get last(): ConsoleEvents {
    const last = this.opened.at(-1);
    if (last === undefined) throw new Error("it was not opened");
    return last;
  }

  async fails(kind: SessionEndKind): Promise<void> {
    this.last.onOver({ kind, text: `it is ${kind}` });
    await nextTurn();
  }

  async later(): Promise<void> {
    this.#task?.();
    await nextTurn();
  }
}

describe("a console that is kept", () => {
  test("is opened until it is there, ever later, and again when it is lost", async () => {
    const scene = new Scene();
    for (let count = 0; count < 8; count++) {
      await scene.fails("unreachable");
      await scene.later();
    }
    expect(scene.delaysMs).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    expect(scene.closedCount).toBe(8);
    expect(scene.told.readyCount).toBe(0);
    scene.last.onReady();
    scene.nowMs = 60_000;
    await scene.fails("lost");
    await scene.later();
    scene.last.onReady();
    expect(scene.delaysMs.at(-1)).toBe(250);
    expect(scene.told.readyCount).toBe(1);
    expect(scene.told.ends).toEqual([]);
    expect(scene.told.unread.at(-1)).toBe("it is lost");
  });

  test("one that comes and goes is tried ever later", async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) {
      scene.last.onReady();
      await scene.fails("lost");
      await scene.later();
    }
    expect(scene.delaysMs).toEqual([250, 500, 1000]);
  });

  test("a wrong password is tried ever later, and the game is up all the same", async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) {
      await scene.fails("wrong_password");
      await scene.later();
    }
    expect(scene.delaysMs).toEqual([5000, 60_000, 300_000]);
    expect(scene.told.readyCount).toBe(1);
  });

  test("what was refused is closed at once", async () => {
    const scene = new Scene();
    await scene.fails("wrong_password");
    expect(scene.closedCount).toBe(1);
    await scene.open.close();
  });

  test("closed, it is not opened again", async () => {
    const scene = new Scene();
    await scene.fails("unreachable");
    await scene.open.close();
    await scene.later();
    expect(scene.opened).toHaveLength(1);
  });
});
