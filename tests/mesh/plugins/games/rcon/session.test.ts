import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MINECRAFT, SOURCE, SOURCE_2 } from "../../../../../mesh/plugins/games/rcon/dialect.ts";
import type { RconDialect } from "../../../../../mesh/plugins/games/rcon/dialect.ts";
import type { RconLimits } from "../../../../../mesh/plugins/games/rcon/limits.ts";
import {
  RconError,
  type RconErrorCode,
} from "../../../../../mesh/plugins/games/rcon/rcon-error.ts";
import { rconPacket } from "../../../../helpers/games/rcon-server.ts";
import { SessionBench } from "../../../../helpers/games/rcon-session.ts";
import { rejection } from "../../../../helpers/turns.ts";

async function loggedIn(
  dialect?: RconDialect,
  limits?: Partial<RconLimits>,
): Promise<SessionBench> {
  const bench = new SessionBench(dialect, limits);
  const { id, done } = bench.beginLogin();
  bench.receive(rconPacket(id, 0, ""), rconPacket(id, 2, ""));
  await done;
  return bench;
}

/** What the promise rejects with: its code, after a look at its text. */
async function failure(promise: Promise<unknown>): Promise<RconErrorCode> {
  const error = await rejection(promise);
  if (!(error instanceof RconError)) throw error;
  expect(error.message).not.toContain("secret word");
  return error.code;
}

/** The ids of the command, and of the mark behind it, that were just sent. */
function sentIds(bench: SessionBench): [number, number] {
  const [command, mark] = bench.stream.packets();
  return [command?.id ?? 0, mark?.id ?? 0];
}

describe("logging in", () => {
  test("succeeds without an empty packet before the answer too", async () => {
    const bench = new SessionBench();
    const { id, done } = bench.beginLogin();
    bench.receive(rconPacket(id, 2, ""));
    await done;
    expect(bench.clock.timers).toBe(0);
  });

  test("fails on a refusal, and closes", async () => {
    const bench = new SessionBench();
    const { id, done } = bench.beginLogin();
    bench.receive(rconPacket(id, 0, ""), rconPacket(-1, 2, ""));
    expect(await failure(done)).toBe("wrong_password");
    expect(bench.stream.isClosed).toBe(true);
    expect((await bench.session.closed).message).toBe(
      "10.0.0.7:27015 refused the password; correct it before the next attempt, as servers ban those who guess",
    );
  });

  test("does not take an answer to something else for its own", async () => {
    const bench = new SessionBench();
    const { id, done } = bench.beginLogin();
    bench.receive(rconPacket(id + 2, 2, ""), rconPacket(id, 0, ""), rconPacket(0, 7, "hello"));
    bench.clock.advance(5_000);
    expect(await failure(done)).toBe("timeout");
  });

  test("fails where the server goes, says nothing, or is no such server", async () => {
    const gone = new SessionBench();
    const first = gone.beginLogin();
    gone.session.onClose();
    expect(await failure(first.done)).toBe("closed");

    const other = new SessionBench();
    const second = other.beginLogin();
    other.receive(Buffer.from("SSH-2.0-OpenSSH_9.2p1\r\n"));
    expect(await failure(second.done)).toBe("protocol_error");

    const early = new SessionBench();
    early.receive(Buffer.from("220 mail.example ESMTP\r\n"));
    expect(await failure(early.session.login(Buffer.from("secret word")))).toBe("protocol_error");
    expect(early.stream.packets()).toEqual([]);
  });

  test("refuses a long packet before the password is taken, and takes one afterwards", async () => {
    const bench = new SessionBench();
    const { done } = bench.beginLogin();
    bench.receive(rconPacket(1, 0, "x".repeat(4097)));
    expect(await failure(done)).toBe("protocol_error");

    const after = await loggedIn(SOURCE_2);
    const reply = after.session.request("cvarlist");
    after.receive(rconPacket(sentIds(after)[0], 0, "x".repeat(300_000)));
    expect((await reply).length).toBe(300_000);
  });

  test("keeps no password where an inspector sees it", async () => {
    const bench = await loggedIn();
    expect(Bun.inspect(bench.session, { depth: 9 })).not.toContain("secret word");
  });
});

describe("a reply with a mark behind it", () => {
  test("is joined from parts that were cut within a character", async () => {
    const bench = await loggedIn();
    const reply = bench.session.request("status");
    const [id, mark] = sentIds(bench);
    const text = Buffer.from("Käse");
    bench.receive(rconPacket(id, 0, text.subarray(0, 2)));
    bench.receive(rconPacket(id, 0, text.subarray(2)));
    bench.receive(rconPacket(mark, 0, ""), rconPacket(mark, 0, "\u0000\u0001\u0000\u0000"));
    expect(await reply).toBe("Käse");
    expect(bench.clock.timers).toBe(0);
  });

  test("arrives byte by byte", async () => {
    const bench = await loggedIn();
    const reply = bench.session.request("status");
    const [id, mark] = sentIds(bench);
    for (const byte of Buffer.concat([rconPacket(id, 0, "players: 3"), rconPacket(mark, 0, "")])) {
      bench.receive(Buffer.from([byte]));
    }
    expect(await reply).toBe("players: 3");
  });

  test("is empty where only the mark comes back", async () => {
    const bench = await loggedIn();
    const reply = bench.session.request('say "hello"');
    bench.receive(rconPacket(sentIds(bench)[1], 0, ""));
    expect(await reply).toBe("");
  });

  test("ends with silence where no mark comes back, and not a moment before", async () => {
    const bench = await loggedIn();
    const reply = bench.session.request("status");
    const [id] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "a"));
    bench.clock.advance(499);
    bench.receive(rconPacket(id, 0, "b"));
    bench.clock.advance(499);
    bench.receive(rconPacket(id, 0, "c"));
    bench.clock.advance(500);
    expect(await reply).toBe("abc");
  });

  test("does not end with silence once a mark has come back, even a late one", async () => {
    const bench = await loggedIn();
    const first = bench.session.request("first");
    const [firstId, firstMark] = sentIds(bench);
    bench.receive(rconPacket(firstId, 0, "cut sho"));
    bench.clock.advance(500);
    expect(await first).toBe("cut sho");
    bench.receive(rconPacket(firstId, 0, "rt"), rconPacket(firstMark, 0, ""));

    const second = bench.session.request("second");
    const [id, mark] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "who"));
    bench.clock.advance(3_000);
    bench.receive(rconPacket(id, 0, "le"), rconPacket(mark, 0, ""));
    expect(await second).toBe("whole");
  });

  test("does not end with a silence that a late mark interrupts", async () => {
    const bench = await loggedIn();
    const lost = bench.session.request("lost");
    const [, lostMark] = sentIds(bench);
    bench.clock.advance(10_000);
    expect(await failure(lost)).toBe("timeout");

    const slow = bench.session.request("slow");
    const [id, mark] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "who"), rconPacket(lostMark, 0, ""));
    bench.clock.advance(3_000);
    bench.receive(rconPacket(id, 0, "le"), rconPacket(mark, 0, ""));
    expect(await slow).toBe("whole");
  });

  test("finds its way among others, and late ones are ignored", async () => {
    const bench = await loggedIn();
    const first = bench.session.request("first");
    const [firstId, firstMark] = sentIds(bench);
    const second = bench.session.request("second");
    const [secondId, secondMark] = sentIds(bench);
    bench.receive(rconPacket(secondId, 0, "2"), rconPacket(firstId, 0, "1"));
    bench.receive(rconPacket(secondMark, 0, ""), rconPacket(firstMark, 0, ""));
    bench.receive(rconPacket(firstId, 0, "late"), rconPacket(0, 0, "Keep Alive"));
    expect(await Promise.all([first, second])).toEqual(["1", "2"]);
  });

  test("that is too long fails alone", async () => {
    const bench = await loggedIn(SOURCE, { replyBytesMax: 8 });
    const long = bench.session.request("cvarlist");
    const [longId, longMark] = sentIds(bench);
    for (let i = 0; i < 100; i++) bench.receive(rconPacket(longId, 0, "12345678"));
    bench.receive(rconPacket(longMark, 0, ""));
    expect(await failure(long)).toBe("reply_too_long");

    const short = bench.session.request("maps");
    const [id, mark] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "12345678"), rconPacket(mark, 0, ""));
    expect(await short).toBe("12345678");
  });
});

describe("commands", () => {
  test("that are not answered fail in time, and the next one works", async () => {
    const bench = await loggedIn();
    const lost = bench.session.request("changelevel de_dust2");
    const [lostId, lostMark] = sentIds(bench);
    bench.clock.advance(10_000);
    expect(await failure(lost)).toBe("timeout");
    expect(bench.clock.timers).toBe(0);

    const next = bench.session.request("status");
    const [id, mark] = sentIds(bench);
    bench.receive(rconPacket(lostId, 0, "late"), rconPacket(lostMark, 0, ""));
    bench.receive(rconPacket(id, 0, "up"), rconPacket(mark, 0, ""));
    expect(await next).toBe("up");
  });

  test("that nobody expects an answer to are done once sent, in order", async () => {
    const bench = await loggedIn();
    const said = bench.session.request('say "next map"');
    await bench.session.tell("changelevel de_dust2");
    const sent = bench.stream.packets();
    expect(sent.map(({ body }) => body)).toEqual(['say "next map"', "", "changelevel de_dust2"]);
    expect(bench.clock.timers).toBe(1);
    bench.receive(rconPacket(sent[1]?.id ?? 0, 0, ""));
    expect(await said).toBe("");
    expect(bench.clock.timers).toBe(0);
  });

  test("wait while the server takes nothing, and no more than may", async () => {
    const bench = await loggedIn(SOURCE, { commandsMax: 2 });
    bench.stream.busy = true;
    const first = bench.session.tell("one");
    const second = bench.session.tell("two");
    expect(await failure(bench.session.tell("three"))).toBe("queue_full");
    expect(bench.stream.packets()).toEqual([]);
    bench.stream.busy = false;
    bench.session.onDrain();
    await Promise.all([first, second]);
    expect(bench.stream.packets().map(({ body }) => body)).toEqual(["one", "two"]);
  });

  test("that cannot be sent are not", async () => {
    const bench = await loggedIn();
    const bad = ["", "say hi\nquit", "say hi\rquit", "say\u0000quit", "é".repeat(2044)];
    for (const command of bad) {
      expect(await failure(bench.session.request(command))).toBe("invalid_command");
    }
    expect(bench.stream.packets()).toEqual([]);
    await bench.session.tell("é".repeat(2043));
    expect(bench.stream.packets()).toHaveLength(1);
  });

  test("fail when the connection ends, and so do those after it", async () => {
    const bench = await loggedIn(MINECRAFT);
    const sent = bench.session.request("list");
    const waiting = bench.session.tell("stop");
    bench.session.onClose();
    expect(await failure(sent)).toBe("closed");
    expect(await failure(waiting)).toBe("closed");
    expect(await failure(bench.session.request("list"))).toBe("closed");
    expect((await bench.session.closed).code).toBe("closed");
    expect(bench.clock.timers).toBe(0);
  });

  test("fail when the server withdraws the password", async () => {
    const bench = await loggedIn();
    const reply = bench.session.request("status");
    bench.receive(rconPacket(-1, 2, ""));
    expect(await failure(reply)).toBe("wrong_password");
    expect(bench.stream.isClosed).toBe(true);
  });
});

describe("Minecraft", () => {
  test("gets one command at a time, and no mark behind a short reply", async () => {
    const bench = await loggedIn(MINECRAFT);
    const first = bench.session.request("list");
    const second = bench.session.tell("save-all");
    const third = bench.session.request("seed");
    const [command, ...others] = bench.stream.packets();
    expect([command?.body, others]).toEqual(["list", []]);
    bench.receive(rconPacket(command?.id ?? 0, 0, "nobody"));
    expect(await first).toBe("nobody");
    await second;
    const saving = bench.stream.packets();
    expect(saving.map(({ body }) => body)).toEqual(["save-all"]);
    bench.receive(rconPacket(saving[0]?.id ?? 0, 0, "Saved"));
    const [id] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "42"));
    expect(await third).toBe("42");
    expect(bench.clock.timers).toBe(0);
  });

  test("is asked for the end of a reply only behind a full part", async () => {
    const bench = await loggedIn(MINECRAFT);
    const reply = bench.session.request("help");
    const waiting = bench.session.request("list");
    const [id] = sentIds(bench);
    bench.receive(rconPacket(id, 0, "x".repeat(4096)));
    const marks = bench.stream.packets();
    expect(marks.map(({ type, body }) => [type, body])).toEqual([[0, ""]]);
    bench.receive(rconPacket(id, 0, "y".repeat(4096)));
    bench.receive(rconPacket(id, 0, "z"));
    expect(bench.stream.packets()).toEqual([]);
    bench.receive(rconPacket(marks[0]?.id ?? 0, 0, "Unknown request 0"));
    expect(await reply).toBe("x".repeat(4096) + "y".repeat(4096) + "z");
    bench.receive(rconPacket(sentIds(bench)[0], 0, "nobody"));
    expect(await waiting).toBe("nobody");
  });

  test("does not end a reply with a mark that was not sent", async () => {
    const bench = await loggedIn(MINECRAFT);
    const reply = bench.session.request("list");
    const [id] = sentIds(bench);
    bench.receive(rconPacket(id + 1, 0, ""), rconPacket(id, 0, "nobody"));
    expect(await reply).toBe("nobody");
  });

  test("loses the connection where it does not answer, as nothing more may be sent", async () => {
    const bench = await loggedIn(MINECRAFT);
    const lost = bench.session.request("list");
    bench.clock.advance(10_000);
    expect(await failure(lost)).toBe("timeout");
    expect(bench.stream.isClosed).toBe(true);
  });
});

test("whatever a server sends, every command settles and the bounds hold", async () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.integer({ min: -2, max: 12 }), fc.integer({ min: -1, max: 4 }), fc.string())
      .map(([id, type, body]) => rconPacket(id, type, body)),
  );
  const dialects = fc.constantFrom(SOURCE, SOURCE_2, MINECRAFT);
  await fc.assert(
    fc.asyncProperty(dialects, fc.array(noise, { maxLength: 12 }), async (dialect, chunks) => {
      const bench = await loggedIn(dialect);
      const replies = [
        bench.session.request("a"),
        bench.session.tell("b"),
        bench.session.request("c"),
      ];
      for (const chunk of chunks) bench.receive(chunk);
      for (let i = 0; i < 4; i++) bench.clock.advance(10_000);
      const settled = await Promise.allSettled(replies);
      expect(settled).toHaveLength(3);
      for (const result of settled) {
        if (result.status === "rejected") expect(result.reason).toBeInstanceOf(RconError);
      }
      bench.session.close();
      expect(bench.clock.timers).toBe(0);
    }),
  );
});
