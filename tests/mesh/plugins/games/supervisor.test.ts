import { beforeEach, describe, expect, test } from "bun:test";
import type { GameEvent, SayOutcome } from "../../../../mesh/index.ts";
import type {
  GameAdapter,
  GameSession,
  SessionEndKind,
  SessionEvents,
} from "../../../../mesh/plugins/games/adapter.ts";
import { GameSupervisor } from "../../../../mesh/plugins/games/supervisor.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { ManualClock } from "../../manual-clock.ts";

/** A game that does what the test says. */
class ScriptedGame implements GameAdapter {
  readonly where = "127.0.0.1:7777";
  readonly game = "test";
  readonly sessions: SessionEvents[] = [];
  readonly said: string[] = [];
  closed = 0;

  open(events: SessionEvents): GameSession {
    this.sessions.push(events);
    return {
      say: async ({ text }): Promise<SayOutcome> => {
        this.said.push(text);
        return "sent";
      },
      tell: async () => "unsupported",
      close: async () => {
        this.closed += 1;
      },
    };
  }

  get last(): SessionEvents {
    const last = this.sessions.at(-1);
    if (last === undefined) throw new Error("no session was opened");
    return last;
  }

  end(kind: SessionEndKind, text = "it has gone"): void {
    this.last.onOver({ kind, text });
  }
}

const ALICE = { name: "Alice", id: "1" };

let game: ScriptedGame;
let clock: ManualClock;
let log: RecordingLogger;
let told: GameEvent[];
let supervisor: GameSupervisor;

beforeEach(() => {
  game = new ScriptedGame();
  clock = new ManualClock();
  log = new RecordingLogger();
  told = [];
  supervisor = new GameSupervisor({
    preset: "test",
    adapter: game,
    log,
    clock,
    onEvent: (event) => told.push(event),
    random: () => 0.5,
  });
  supervisor.start();
});

function types(): string[] {
  return told.map(({ type }) => type);
}

function up(): void {
  game.last.onUp({ map: "dm1", players: [ALICE] });
}

describe("a game", () => {
  test("that goes up is told of, listed and spoken to", async () => {
    expect(supervisor.status).toMatchObject({ adapter: "test", state: "connecting", players: [] });
    expect(await supervisor.say({ text: "too early" })).toBe("down");
    up();
    expect(supervisor.status).toEqual({
      adapter: "test",
      game: "test",
      state: "up",
      map: "dm1",
      players: [ALICE],
    });
    expect(await supervisor.say({ text: "hello" })).toBe("sent");
    expect(await supervisor.tell(ALICE, "psst")).toBe("unsupported");
    expect(game.said).toEqual(["hello"]);
    expect(supervisor.details).toMatchObject({
      where: "127.0.0.1:7777",
      said: { down: 1, sent: 1, unsupported: 1 },
      events: { up: 1 },
    });
  });

  test("that cannot be spoken to is heard, and that is told once", () => {
    const refused = { kind: "wrong_password", text: "it refused the password" } as const;
    game.last.onTrouble(refused);
    expect(log.lines).toEqual([]);
    up();
    game.last.onTrouble(refused);
    expect(log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "info game joined",
      "warn game heard, but not spoken to: it refused the password; tried ever later, or at once after SIGHUP with another password",
    ]);
    expect(supervisor.details).toMatchObject({ state: "up", consoleError: refused });
    expect(supervisor.isSpokenTo).toBe(false);
    expect(types()).toEqual(["up"]);
    game.last.onTrouble(undefined);
    expect(supervisor.details).toMatchObject({ consoleError: null });
    expect(supervisor.isSpokenTo).toBe(true);
    expect(types()).toEqual(["up", "console_up"]);
    game.last.onTrouble(undefined);
    expect(types()).toEqual(["up", "console_up"]);
    game.last.onTrouble(refused);
    game.end("lost");
    expect(supervisor.details).toMatchObject({ state: "waiting", consoleError: null });
  });

  test("whose console is not there is complained of before it is joined, once in ten minutes", () => {
    const away = { kind: "unreachable", text: "nobody listens there" } as const;
    for (let tries = 0; tries < 121; tries += 1) {
      game.last.onTrouble(away);
      clock.advance(5000);
    }
    const message = "game not joined: nobody listens there; tried again until it is there";
    expect(log.messages("warn")).toEqual([message, message]);
    expect(supervisor.details).toMatchObject({ state: "connecting", consoleError: away });
    game.last.onTrouble(undefined);
    up();
    expect(log.messages("warn")).toHaveLength(2);
    expect(log.messages("info")).toEqual(["game joined"]);
  });

  test("that goes down takes its players and its map along, and is tried until it is back", async () => {
    up();
    game.last.onEvent({ type: "join", player: { name: "Bob" } });
    game.last.onEvent({ type: "map", map: "dm2" });
    game.end("lost");
    expect(types()).toEqual(["up", "join", "map", "down"]);
    expect(supervisor.status).toMatchObject({ state: "waiting", map: null, players: [] });
    expect(await supervisor.say({ text: "anybody?" })).toBe("down");
    for (let tries = 2; tries < 40; tries += 1) {
      clock.advance(5000);
      expect(game.sessions.length).toBe(tries);
      game.end("unreachable", "nobody listens there");
    }
    clock.advance(5000);
    up();
    expect(supervisor.status.state).toBe("up");
    expect(types()).toEqual(["up", "join", "map", "down", "up"]);
  });

  test("that keeps failing in the same way is complained of once in ten minutes", () => {
    for (let tries = 0; tries < 30; tries += 1) {
      game.end("unreachable", "nobody listens there");
      clock.advance(5000);
    }
    expect(log.messages("warn").length).toBe(1);
    game.end("unreachable", "the host has no address");
    clock.advance(5000);
    expect(log.messages("warn").length).toBe(2);
    for (let tries = 0; tries < 121; tries += 1) {
      game.end("unreachable", "the host has no address");
      clock.advance(5000);
    }
    expect(log.messages("warn").length).toBe(3);
    expect(log.messages("warn")[0]).toBe(
      "game not joined: nobody listens there; tried again until it is there",
    );
  });

  test("that refuses the password is asked nine times in three days at most", () => {
    const dayMs = 24 * 3_600_000;
    for (let minutes = 0; minutes < 3 * 24 * 60; minutes += 1) {
      if (supervisor.status.state === "connecting") game.end("wrong_password", "wrong password");
      clock.advance(60_000);
    }
    expect(clock.now()).toBeGreaterThanOrEqual(3 * dayMs);
    expect(game.sessions.length).toBeGreaterThan(6);
    expect(game.sessions.length).toBeLessThan(10);
    expect(log.messages("warn")[0]).toContain(
      "tried again in 5 s and then ever later, or at once after SIGHUP",
    );
  });

  test("that comes and goes is told of once, and again once it holds", () => {
    for (let tries = 0; tries < 20; tries += 1) {
      up();
      clock.advance(1000);
      game.end("lost", "it closed the connection");
      clock.advance(5000);
      game.end("unreachable", "nobody listens there");
      clock.advance(5000);
    }
    expect(log.messages("warn").length).toBe(2);
    expect(log.messages("info")).toEqual(["game joined"]);
    up();
    clock.advance(10_000);
    expect(log.messages("info")).toEqual(["game joined", "game joined"]);
    game.end("lost", "it closed the connection");
    expect(log.messages("warn").length).toBe(3);
  });

  test("that crashes as soon as it is up is not tried faster and faster", () => {
    const beganMs = clock.now();
    for (let tries = 0; tries < 20; tries += 1) {
      up();
      game.end("lost", "exited with 1");
      clock.advance(5000);
      while (supervisor.status.state === "waiting") clock.advance(100);
    }
    expect(clock.now() - beganMs).toBeGreaterThan(20 * 5000 - 1);
    // The wait has grown to its longest, half of which is drawn here.
    up();
    game.end("lost", "exited with 1");
    expect(supervisor.details["retryInMs"]).toBeGreaterThan(2000);
  });
});

describe("a session that is over", () => {
  test("has nothing to say any more", () => {
    const first = game.last;
    up();
    game.end("lost");
    first.onEvent({ type: "map", map: "late" });
    clock.advance(5000);
    first.onUp({ map: "late", players: [] });
    first.onOver({ kind: "lost", text: "again" });
    expect(supervisor.status.state).toBe("connecting");
    expect(types()).toEqual(["up", "down"]);
  });

  test("by the owner is closed, tells that the game is down, and no other is opened", async () => {
    up();
    await supervisor.stop();
    await supervisor.stop();
    expect(game.closed).toBe(1);
    expect(types()).toEqual(["up", "down"]);
    game.end("lost");
    clock.advance(60_000);
    expect(game.sessions.length).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test("while another is waited for leaves no timer", async () => {
    game.end("unreachable");
    await supervisor.stop();
    clock.advance(60_000);
    expect(game.sessions.length).toBe(1);
    expect(types()).toEqual([]);
  });
});

test("events before the game is up are not told", () => {
  game.last.onEvent({ type: "join", player: ALICE });
  expect(types()).toEqual([]);
});

test("the last lines that were understood and not stand in the details, shortened", () => {
  game.last.onUnderstood("[chat] Alice: hi");
  game.last.onNotUnderstood("x".repeat(10_000));
  expect(supervisor.details).toMatchObject({
    lastUnderstood: { line: "[chat] Alice: hi", at: "1970-01-01T00:00:01.000Z" },
    lastNotUnderstood: { line: "x".repeat(300) },
  });
});
