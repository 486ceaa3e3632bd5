import { describe, expect, test } from "bun:test";
import type { Cancel } from "../../../../../mesh/index.ts";
import type { SessionEndKind } from "../../../../../mesh/plugins/games/adapter.ts";
import { Retry } from "../../../../../mesh/plugins/games/retry.ts";
import { KeptConsole } from "../../../../../mesh/plugins/games/text/kept-console.ts";
import type {
  Console,
  ConsoleEvents,
  OpenConsole,
} from "../../../../../mesh/plugins/games/text/parts.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";
import { nextTurn } from "../../../../helpers/turns.ts";
import { ManualClock } from "../../../manual-clock.ts";

/** Keeps how long is waited. */
class WatchedClock extends ManualClock {
  readonly delaysMs: number[] = [];

  override after(delayMs: number, task: () => void): Cancel {
    this.delaysMs.push(delayMs);
    return super.after(delayMs, task);
  }
}

/** A console that the test speaks for, and a clock that it turns. */
class Scene {
  readonly told = new ToldLines();
  readonly opened: ConsoleEvents[] = [];
  readonly clock = new WatchedClock();
  closedCount = 0;
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
  readonly console: KeptConsole;
  readonly open: OpenConsole;

  constructor(tellsOfGame = false) {
    const retry = new Retry(() => 1);
    this.console = new KeptConsole(this.#inner, { tellsOfGame, clock: this.clock, retry });
    this.open = this.console.open(this.told);
  }

  get last(): ConsoleEvents {
    const last = this.opened.at(-1);
    if (last === undefined) throw new Error("it was not opened");
    return last;
  }

  async fails(kind: SessionEndKind): Promise<void> {
    this.last.onOver({ kind, text: `it is ${kind}` });
    await nextTurn();
  }

  /** Once it is to be opened again. */
  async later(): Promise<void> {
    await this.passes(this.clock.delaysMs.at(-1) ?? 0);
  }

  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
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
    expect(scene.clock.delaysMs).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
    expect(scene.closedCount).toBe(8);
    expect(scene.told.readyCount).toBe(0);
    scene.last.onReady();
    scene.clock.advance(60_000);
    await scene.fails("lost");
    expect(scene.told.troubles.at(-1)).toEqual({ kind: "lost", text: "it is lost" });
    await scene.later();
    scene.last.onReady();
    expect(scene.told.troubles.at(-1)).toBeUndefined();
    expect(scene.clock.delaysMs.at(-1)).toBe(250);
    expect(scene.told.readyCount).toBe(1);
    expect(scene.told.ends).toEqual([]);
  });

  test("one that comes and goes is tried ever later", async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) {
      scene.last.onReady();
      await scene.fails("lost");
      await scene.later();
    }
    expect(scene.clock.delaysMs).toEqual([250, 500, 1000]);
  });

  test("a wrong password is tried ever later, and the game is up all the same", async () => {
    const scene = new Scene();
    for (let count = 0; count < 3; count++) {
      await scene.fails("wrong_password");
      await scene.later();
    }
    expect(scene.clock.delaysMs).toEqual([5000, 60_000, 300_000]);
    expect(scene.told.readyCount).toBe(1);
    expect(scene.told.troubles[0]).toMatchObject({ kind: "wrong_password" });
  });

  test("a wrong password is not tried sooner because all is opened again", async () => {
    const scene = new Scene(true);
    await scene.fails("wrong_password");
    await scene.open.close();
    await scene.passes(2000);
    const told = new ToldLines();
    const next = scene.console.open(told);
    expect(told.readyCount).toBe(0);
    await nextTurn();
    expect(told.readyCount).toBe(1);
    expect(told.troubles).toEqual([{ kind: "wrong_password", text: "it is wrong_password" }]);
    expect(await next.send("say hi")).toBe("down");
    await scene.passes(2999);
    expect(scene.opened).toHaveLength(1);
    await scene.passes(1);
    expect(scene.opened).toHaveLength(2);
    scene.last.onReady();
    expect(await next.send("say hi")).toBe("sent");
    await next.close();
    scene.console.open(new ToldLines());
    expect(scene.opened).toHaveLength(3);
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

describe("a console that tells whether the game is there", () => {
  test("is over where nobody was there at all", async () => {
    const scene = new Scene(true);
    await scene.fails("unreachable");
    expect(scene.told.ends).toEqual([{ kind: "unreachable", text: "it is unreachable" }]);
    expect(scene.clock.timers).toBe(0);
  });

  test("is over where nobody is there any more, and says what was first", async () => {
    const scene = new Scene(true);
    scene.last.onReady();
    await scene.fails("lost");
    expect(scene.told.ends).toEqual([]);
    await scene.passes(250);
    expect(scene.opened).toHaveLength(2);
    await scene.fails("unreachable");
    expect(scene.told.ends).toEqual([{ kind: "lost", text: "it is lost" }]);
    expect(scene.clock.timers).toBe(0);
  });

  test("is over where somebody who was there does not answer any more", async () => {
    const scene = new Scene(true);
    scene.last.onReady();
    await scene.fails("unreachable");
    expect(scene.told.ends).toEqual([{ kind: "lost", text: "it is unreachable" }]);
  });

  test("is looked for as soon as it is lost, however long the game was away before", async () => {
    const scene = new Scene(true);
    for (let count = 0; count < 6; count++) {
      await scene.fails("unreachable");
      scene.console.open(scene.told);
    }
    scene.last.onReady();
    await scene.fails("lost");
    expect(scene.clock.delaysMs).toEqual([250]);
    await scene.later();
    await scene.fails("unreachable");
    scene.console.open(scene.told);
    scene.last.onReady();
    await scene.fails("lost");
    expect(scene.clock.delaysMs).toEqual([250, 250]);
  });

  test("is not over where somebody is there again, or refuses", async () => {
    for (const answers of ["ready", "wrong_password", "failed"] as const) {
      const scene = new Scene(true);
      scene.last.onReady();
      await scene.fails("lost");
      await scene.passes(250);
      if (answers === "ready") scene.last.onReady();
      else await scene.fails(answers);
      await scene.passes(4999);
      expect(scene.told.ends).toEqual([]);
      await scene.open.close();
      expect(scene.clock.timers).toBe(0);
    }
  });
});
