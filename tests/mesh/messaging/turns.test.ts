import { describe, expect, test } from "bun:test";
import { CATCH_UP_MS_MAX } from "../../../mesh/messaging/limits.ts";
import { Turns } from "../../../mesh/messaging/turns.ts";
import { nextTurn } from "../../helpers/turns.ts";
import { FakeNode, Member } from "./mesh-pair.ts";

/** Turns of an event loop that the test moves on, by a clock of its own. */
function setUp() {
  const scheduled: (() => void)[] = [];
  const clock = { nowMs: 0 };
  const turns = new Turns(
    (task) => scheduled.push(task),
    () => clock.nowMs,
  );
  return { turns, scheduled, clock, endTurn: () => scheduled.shift()?.() };
}

describe("subscribers have their turns", () => {
  test("together, after the present turn of the event loop", () => {
    const { turns, scheduled, endTurn } = setUp();
    const ran: string[] = [];
    turns.add(() => ran.push("a"));
    turns.add(() => ran.push("b"));
    expect([ran, scheduled.length]).toEqual([[], 1]);
    endTurn();
    expect([ran, scheduled.length]).toEqual([["a", "b"], 0]);
  });

  test("once, when they have caught up before", () => {
    const { turns, endTurn } = setUp();
    let ran = 0;
    turns.add(() => {
      ran += 1;
    });
    turns.catchUp();
    turns.catchUp();
    endTurn();
    expect(ran).toBe(1);
  });

  test("again and again while they catch up, for a bounded time in each turn of the event loop", () => {
    const { turns, clock, endTurn } = setUp();
    let ran = 0;
    const endless = (): void => {
      ran += 1;
      clock.nowMs += CATCH_UP_MS_MAX / 4;
      turns.add(endless);
    };
    turns.add(endless);
    turns.catchUp();
    expect(ran).toBe(4);
    turns.catchUp();
    expect(ran).toBe(4);
    endTurn();
    expect(ran).toBe(5);
    turns.catchUp();
    expect(ran).toBe(9);
  });
});

describe("of what one turn of the event loop reads, far more than a queue holds,", () => {
  const READS = 8;
  const MESSAGES_EACH = 8000;
  const FRAME = publishFrame("a.b");

  /** Many reads of a connection, before anything else has its turn. */
  function readMuch(member: Member, node: FakeNode): void {
    for (let read = 0; read < READS; read += 1) {
      const chunk = Buffer.concat(Array.from({ length: MESSAGES_EACH }, () => FRAME));
      for (let at = 0; at < chunk.length; at += FRAME.length) {
        member.messaging.onFrame(node, FRAME[0] ?? 0, chunk, at + 1, at + FRAME.length);
      }
    }
  }

  function publishFrame(topic: string): Buffer {
    const name = Buffer.from(topic);
    return Buffer.concat([Uint8Array.of(0x28, 0, 0, name.length), name, Uint8Array.of(0, 1)]);
  }

  test("a subscriber that keeps up loses nothing", async () => {
    const member = new Member("a");
    const node = new FakeNode("b");
    let got = 0;
    const subscription = member.messaging.subscribe("a.*", () => {
      got += 1;
    });
    readMuch(member, node);
    await nextTurn();
    expect([got, subscription.dropped]).toEqual([READS * MESSAGES_EACH, 0]);
  });

  test("one that does not loses the oldest", async () => {
    const member = new Member("a");
    const node = new FakeNode("b");
    const never = Promise.withResolvers<void>();
    const subscription = member.messaging.subscribe("a.*", () => never.promise);
    readMuch(member, node);
    await nextTurn();
    expect(subscription.dropped + subscription.pending).toBe(READS * MESSAGES_EACH - 1);
    expect(subscription.dropped).toBeGreaterThan(0);
  });
});
