import { describe, expect, test } from "bun:test";
import type { Batch, SendResult } from "../../../../mesh/plugins/collectors/sink.ts";
import { chatEvent, chatEvents } from "../../../helpers/collectors/events.ts";
import {
  DELIVERED,
  GONE,
  REFUSED,
  ScriptedSink,
} from "../../../helpers/collectors/scripted-sink.ts";
import { nextTurn } from "../../../helpers/turns.ts";
import { MemoryQueue } from "../../../helpers/collectors/memory-queue.ts";
import { DeliveryBed } from "./delivery-bed.ts";

function held(): PromiseWithResolvers<SendResult> {
  return Promise.withResolvers<SendResult>();
}

describe("batches", () => {
  test("have what waited before, in order, and the queue is emptied once they are confirmed", async () => {
    const bed = new DeliveryBed({ batchEvents: 2 });
    bed.queue.append(...chatEvents(5));
    const first = held();
    bed.sink.answers(first.promise);
    await bed.start();
    expect(bed.sink.seqs).toEqual([[1, 2]]);
    expect(bed.queue.seqs).toEqual([1, 2, 3, 4, 5]);
    expect(bed.delivery.status).toMatchObject({ state: "sending", sent: 0, inFlight: 1 });
    first.resolve(DELIVERED);
    await nextTurn();
    // The last one is not full, and waits for more.
    expect(bed.sink.seqs).toEqual([
      [1, 2],
      [3, 4],
    ]);
    await bed.advance(50);
    expect(bed.sink.seqs).toEqual([[1, 2], [3, 4], [5]]);
    expect(bed.queue.seqs).toEqual([]);
    expect(bed.delivery.status).toEqual({
      state: "idle",
      sent: 5,
      failed: 0,
      retried: 0,
      buried: 0,
      lastError: null,
      lastSentAt: "2026-01-31T00:00:01.050Z",
      inFlight: 0,
      nextTryInMs: null,
    });
  });

  test("wait a little to be filled, and no longer once they are full", async () => {
    const bed = new DeliveryBed({ batchEvents: 3, batchMs: 50 });
    await bed.start();
    await bed.append(chatEvent("one"));
    await bed.advance(30);
    await bed.append(chatEvent("two"));
    await bed.advance(19);
    expect(bed.sink.seqs).toEqual([]);
    expect(bed.delivery.status.state).toBe("sending");
    await bed.advance(1);
    expect(bed.sink.seqs).toEqual([[1, 2]]);
    await bed.append(...chatEvents(3));
    expect(bed.sink.seqs).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(bed.clock.timers).toBe(0);
  });

  test("are cut by bytes, too, without waiting for what would not fit", async () => {
    const bed = new DeliveryBed({ batchBytes: 1024 });
    const long = chatEvent("x".repeat(500));
    bed.queue.append(long, long, chatEvent("y".repeat(5000)), long);
    await bed.start();
    await bed.advance(50);
    expect(bed.sink.seqs).toEqual([[1], [2], [3], [4]]);
  });

  test("have no more events than the sink takes", async () => {
    const bed = new DeliveryBed({}, new MemoryQueue(), new ScriptedSink(2));
    bed.queue.append(...chatEvents(4));
    await bed.start();
    expect(bed.sink.seqs).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("cost few reads of the queue, however often it is told of more", async () => {
    const bed = new DeliveryBed({ batchEvents: 100 });
    await bed.start();
    const readsBefore = bed.queue.reads;
    for (const event of chatEvents(1000)) {
      bed.queue.append(event);
      bed.delivery.wake();
    }
    await nextTurn();
    await bed.advance(50);
    expect(bed.delivery.status.sent).toBe(1000);
    expect(bed.queue.reads - readsBefore).toBeLessThan(25);
  });
});

describe("a failure", () => {
  test("is followed by the very same batch with the same key, later and later, and nothing overtakes it", async () => {
    const bed = new DeliveryBed({ batchEvents: 2 });
    bed.queue.append(...chatEvents(4));
    bed.sink.answers(GONE, GONE, GONE);
    await bed.start();
    expect(bed.delivery.status).toMatchObject({
      state: "failing",
      failed: 1,
      lastError: { text: "nobody listens there", at: "2026-01-31T00:00:01.000Z" },
      nextTryInMs: 275,
    });
    await bed.append(...chatEvents(4));
    await bed.advance(274);
    expect(bed.sink.seqs).toEqual([[1, 2]]);
    await bed.advance(1);
    expect(bed.delivery.status.nextTryInMs).toBe(525);
    await bed.nextTries(1);
    expect(bed.delivery.status.nextTryInMs).toBe(1025);
    await bed.nextTries(1);
    expect(bed.sink.seqs).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    const keys = bed.sink.batches.map(({ key }) => key);
    expect(new Set(keys.slice(0, 4)).size).toBe(1);
    expect(new Set(keys).size).toBe(4);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 8, failed: 3, retried: 3 });
  });

  test("is told once, and so is its end", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.sink.answers(GONE, GONE, GONE);
    await bed.start();
    await bed.nextTries(3);
    expect(bed.log.messages("warn")).toEqual(["events not delivered: nobody listens there"]);
    expect(bed.log.messages("info")).toEqual(["events are delivered again"]);
  });

  test("never has a wait beyond the longest", async () => {
    const bed = new DeliveryBed({ retryMaxMs: 2000 });
    bed.queue.append(chatEvent("one"));
    bed.sink.otherwise(() => GONE);
    await bed.start();
    for (let tries = 0; tries < 20; tries += 1) {
      expect(bed.delivery.status.nextTryInMs ?? 0).toBeLessThanOrEqual(2000);
      await bed.nextTries(1);
    }
    expect(bed.sink.batches.length).toBe(21);
  });

  test("with a time to wait is waited for that long, an hour at most", async () => {
    const bed = new DeliveryBed({ concurrency: 4, batchEvents: 1 });
    bed.queue.append(chatEvent("one"));
    bed.sink.answers({ kind: "retry", text: "too many requests", afterMs: 90_000 });
    await bed.start();
    await bed.append(chatEvent("two"));
    expect(bed.delivery.status.nextTryInMs).toBe(90_000);
    await bed.advance(89_999);
    expect(bed.sink.seqs).toEqual([[1]]);
    bed.sink.answers(DELIVERED, { kind: "retry", text: "see you", afterMs: 1e12 });
    await bed.advance(1);
    expect(bed.sink.seqs).toEqual([[1], [1], [2]]);
    expect(bed.delivery.status.nextTryInMs).toBe(3_600_000);
  });

  test("of a sink that throws is one like the others", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.sink.answers(Promise.reject(new Error("a bug")));
    await bed.start();
    expect(bed.delivery.status.lastError?.text).toBe("the collector's own program failed: a bug");
    await bed.nextTries(1);
    expect(bed.queue.seqs).toEqual([]);
  });

  test("to answer in time aborts the sending, and what comes later counts for nothing", async () => {
    const bed = new DeliveryBed({ timeoutMs: 1000 });
    bed.queue.append(chatEvent("one"));
    const late = held();
    bed.sink.answers(late.promise);
    await bed.start();
    await bed.advance(999);
    expect(bed.sink.last.signal.aborted).toBe(false);
    await bed.advance(1);
    expect(bed.sink.last.signal.aborted).toBe(true);
    expect(bed.delivery.status).toMatchObject({ state: "failing", inFlight: 0 });
    expect(bed.delivery.status.lastError?.text).toBe(
      "test://receiver has not confirmed a batch within 1000 ms; the same is sent again",
    );
    late.resolve(DELIVERED);
    await nextTurn();
    expect(bed.queue.seqs).toEqual([1]);
    await bed.nextTries(1);
    expect(bed.queue.seqs).toEqual([]);
  });
});

describe("a circuit", () => {
  test("opens after five failures in a row, lets one batch at a time ask, and closes when that is taken", async () => {
    const bed = new DeliveryBed({ concurrency: 3, batchEvents: 1 });
    bed.queue.append(...chatEvents(6));
    bed.sink.otherwise(() => GONE);
    await bed.start();
    expect(bed.sink.seqs).toEqual([[1], [2], [3]]);
    expect(bed.delivery.status.state).toBe("failing");
    await bed.nextTries(1);
    expect(bed.sink.seqs).toEqual([[1], [2], [3], [1], [2], [3]]);
    expect(bed.delivery.status.state).toBe("open");
    for (let tries = 0; tries < 4; tries += 1) {
      await bed.nextTries(1);
      expect(bed.sink.last.seqs).toEqual([1]);
      expect(bed.sink.batches.length).toBe(7 + tries);
    }
    bed.sink.otherwise(() => DELIVERED);
    await bed.nextTries(1);
    expect(bed.queue.seqs).toEqual([]);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 6 });
  });

  test("stays closed while failures are not in a row", async () => {
    const bed = new DeliveryBed({ batchEvents: 1 });
    bed.queue.append(...chatEvents(3));
    const fourTimes = [GONE, GONE, GONE, GONE];
    bed.sink.answers(...fourTimes, DELIVERED, ...fourTimes, DELIVERED, ...fourTimes);
    await bed.start();
    for (let tries = 0; tries < 12; tries += 1) {
      expect(bed.delivery.status.state).toBe("failing");
      await bed.nextTries(1);
    }
    expect(bed.queue.seqs).toEqual([]);
  });
});

describe("with several batches on their way", () => {
  test("one that fails stops no other, and is not passed over when its time has come", async () => {
    const bed = new DeliveryBed({ concurrency: 2, batchEvents: 1 });
    bed.queue.append(...chatEvents(4));
    const slow = held();
    bed.sink.answers(GONE, DELIVERED, DELIVERED, slow.promise);
    await bed.start();
    expect(bed.sink.seqs).toEqual([[1], [2], [3], [4]]);
    await bed.append(...chatEvents(3));
    // There is room for one more beside [4], and that is kept for the first.
    expect(bed.sink.seqs.length).toBe(4);
    await bed.advance(500);
    expect(bed.sink.seqs.slice(4)).toEqual([[1], [5], [6], [7]]);
    slow.resolve(DELIVERED);
    await nextTurn();
    expect(bed.queue.seqs).toEqual([]);
  });

  test("one that has long failed is sent soon once another was taken", async () => {
    const bed = new DeliveryBed({ concurrency: 2, batchEvents: 1 });
    bed.queue.append(...chatEvents(2));
    const slow = held();
    bed.sink.answers(GONE, slow.promise, GONE, GONE, GONE);
    await bed.start();
    await bed.nextTries(3);
    expect(bed.delivery.status.nextTryInMs).toBe(2025);
    slow.resolve(DELIVERED);
    await nextTurn();
    expect(bed.delivery.status.nextTryInMs).toBe(500);
    await bed.nextTries(1);
    expect(bed.queue.seqs).toEqual([]);
  });

  test("there are no more than the config says", async () => {
    const bed = new DeliveryBed({ concurrency: 3, batchEvents: 1 });
    bed.queue.append(...chatEvents(10));
    const answers = Array.from({ length: 3 }, held);
    bed.sink.answers(...answers.map(({ promise }) => promise));
    await bed.start();
    expect(bed.delivery.status.inFlight).toBe(3);
    expect(bed.sink.seqs).toEqual([[1], [2], [3]]);
    for (const answer of answers) answer.resolve(DELIVERED);
    await nextTurn();
    expect(bed.queue.seqs).toEqual([]);
  });
});

describe("a refusal", () => {
  function withPoison(poison: readonly number[], settings = {}): DeliveryBed {
    const bed = new DeliveryBed({ batchEvents: 8, ...settings });
    bed.sink.otherwise(({ events }) =>
      events.some(({ seq }) => poison.includes(seq)) ? REFUSED : DELIVERED,
    );
    return bed;
  }

  test("of a batch sets aside what is refused alone five times, and the others go on meanwhile", async () => {
    const bed = withPoison([5]);
    bed.queue.append(...chatEvents(24));
    await bed.start();
    expect(bed.queue.seqs).toEqual([5]);
    expect(bed.queue.buried).toEqual([]);
    expect(bed.delivery.status.state).toBe("failing");
    const alone = (): number =>
      bed.sink.seqs.filter((seqs) => seqs.length === 1 && seqs[0] === 5).length;
    expect(alone()).toBe(1);
    await bed.nextTries(3);
    expect(alone()).toBe(4);
    expect(bed.queue.buried).toEqual([]);
    await bed.nextTries(1);
    expect(bed.queue.buried).toEqual([{ seq: 5, reason: "it will not have it" }]);
    expect(bed.queue.removed.toSorted((a, b) => a - b)).toEqual(
      [...Array(25).keys()].filter((seq) => seq > 0 && seq !== 5),
    );
    expect(bed.delivery.status).toMatchObject({
      state: "idle",
      sent: 23,
      buried: 1,
      failed: 8,
      retried: 10,
    });
    expect(bed.log.messages("warn")).toEqual([
      "events not delivered: it will not have it",
      "events set aside, as they cannot be delivered",
    ]);
  });

  test("keeps the order of all the others", async () => {
    const bed = withPoison([2, 3, 7, 12]);
    const taken: number[] = [];
    bed.queue.append(...chatEvents(16));
    bed.sink.otherwise(({ events }) => {
      if (events.some(({ seq }) => [2, 3, 7, 12].includes(seq))) return REFUSED;
      taken.push(...events.map(({ seq }) => seq));
      return DELIVERED;
    });
    await bed.start();
    expect(taken).toEqual([1, 4, 5, 6, 8, 9, 10, 11, 13, 14, 15, 16]);
    await bed.nextTries(40);
    expect(bed.queue.buried.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual([2, 3, 7, 12]);
    expect(bed.queue.seqs).toEqual([]);
  });

  test("of many, with events between that are taken, sets them all aside", async () => {
    const odd = [...Array(100).keys()].filter((seq) => seq % 2 === 1);
    const bed = withPoison(odd);
    bed.queue.append(...chatEvents(100));
    await bed.start();
    await bed.nextTries(500);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 50, buried: 50 });
  });

  test("that is no more one at the next try loses nothing", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.sink.answers(REFUSED, REFUSED);
    await bed.start();
    await bed.nextTries(2);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 1, buried: 0 });
  });

  test("of everything sets aside twenty events, and then nothing more until one is taken", async () => {
    const bed = new DeliveryBed({ batchEvents: 100, retryMaxMs: 1000 });
    bed.queue.append(...chatEvents(300));
    bed.sink.otherwise(() => REFUSED);
    await bed.start();
    for (let seconds = 0; seconds < 60; seconds += 1) await bed.advance(1000);
    expect(bed.queue.buried.length).toBe(20);
    expect(bed.queue.seqs.length).toBe(280);
    expect(bed.delivery.status.lastError?.text).toBe(
      "it will not have it; it refused 20 events and took none, so no more are set aside until it takes one; those behind are tried one by one",
    );
    const sentBefore = bed.sink.batches.length;
    await bed.advance(1000);
    // As many as may step aside, and no new ones.
    expect(bed.sink.batches.length - sentBefore).toBeLessThan(80);
    bed.sink.otherwise(() => DELIVERED);
    for (let seconds = 0; seconds < 5; seconds += 1) await bed.advance(1000);
    expect(bed.queue.seqs).toEqual([]);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 280, buried: 20 });
  });

  test("of more in a row than may wait stops none of those behind", async () => {
    const bed = new DeliveryBed({ batchEvents: 5, retryMaxMs: 1000 });
    bed.queue.append(...chatEvents(200));
    await bed.queue.keepNote("no ends of batches");
    const refuses = ({ events }: Batch) => events.some(({ seq }) => seq > 10 && seq <= 150);
    bed.sink.otherwise((batch) => (refuses(batch) ? REFUSED : DELIVERED));
    await bed.start();
    for (let seconds = 0; seconds < 300 && bed.queue.seqs.length > 0; seconds += 1) {
      await bed.advance(1000);
    }
    const taken = bed.queue.removed;
    expect(taken).toEqual(taken.toSorted((one, other) => one - other));
    expect(taken.length).toBe(60);
    expect(bed.queue.buried.length).toBe(140);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 60, buried: 140 });
  });

  test("of everything costs no more than a try now and then, also of what comes new", async () => {
    const bed = new DeliveryBed({ batchEvents: 5, retryMinMs: 1000, retryMaxMs: 60_000 });
    bed.queue.append(...chatEvents(100));
    bed.sink.otherwise(() => REFUSED);
    await bed.start();
    for (let seconds = 0; seconds < 600; seconds += 1) await bed.advance(1000);
    const sentBefore = bed.sink.batches.length;
    for (let seconds = 0; seconds < 60; seconds += 1) await bed.advance(1000);
    // Of each that is aside one a minute or two; all those behind have been tried.
    expect(bed.sink.batches.length - sentBefore).toBeLessThan(90);
    await bed.append(chatEvent("new"));
    await bed.advance(1000);
    expect(bed.sink.seqs).toContainEqual([101]);
    expect(bed.queue.buried.length).toBe(20);
  });

  test("of everything asks for a large batch one by one, with a wait before each", async () => {
    const bed = new DeliveryBed({ retryMinMs: 1000 });
    bed.queue.append(...chatEvents(500));
    bed.sink.otherwise(() => REFUSED);
    await bed.start();
    // The halves before the first 32, and those.
    expect(bed.sink.batches.length).toBeLessThan(80);
    for (let seconds = 0; seconds < 120; seconds += 1) await bed.advance(1000);
    const sentBefore = bed.sink.batches.length;
    await bed.advance(999);
    await bed.advance(1);
    expect(bed.sink.batches.length - sentBefore).toBeLessThan(34);
  });

  test.each([1, 2])(
    "of everything but one, whose answer was lost, with %d on their way: it comes under one key, and once it is told not again",
    async (concurrency) => {
      const settings = { batchEvents: 5, retryMinMs: 1000, retryMaxMs: 2000, concurrency };
      const bed = new DeliveryBed(settings);
      bed.queue.append(...chatEvents(100));
      bed.sink.otherwise(() => REFUSED);
      await bed.start();
      const isAhead = ({ seqs }: { readonly seqs: readonly number[] }): boolean =>
        seqs.length === 1 && (seqs[0] ?? 0) > 66;
      for (let seconds = 0; !bed.sink.batches.some(isAhead); seconds += 1) await bed.advance(1000);
      let lost = 0;
      bed.sink.otherwise(({ events: [event, ...others] }) => {
        if (lost > 0) return DELIVERED;
        if (event === undefined || others.length > 0 || event.seq <= 67) return REFUSED;
        lost = event.seq;
        return GONE;
      });
      for (let seconds = 0; seconds < 200 && bed.queue.seqs.length > 0; seconds += 1) {
        await bed.advance(1000);
      }
      // And stuck again.
      bed.sink.otherwise(() => REFUSED);
      await bed.append(...chatEvents(100));
      for (let seconds = 0; seconds < 300; seconds += 1) await bed.advance(1000);
      const keys = bed.sink.batches.filter(({ seqs }) => seqs.includes(lost)).map(({ key }) => key);
      expect(keys.length).toBe(2);
      expect(new Set(keys).size).toBe(1);
      expect(bed.queue.buried.length).toBeLessThanOrEqual(40);
    },
  );
});

describe("what is no event", () => {
  test("is set aside at once, and what is around it is delivered", async () => {
    const bed = new DeliveryBed();
    const event = chatEvent("one");
    bed.queue.append(
      event,
      "{",
      "[]",
      JSON.stringify({ ...event, time: "yesterday" }),
      JSON.stringify({ ...event, payload: [] }),
      new Uint8Array([0x22, 0xff, 0x22]),
      JSON.stringify(event, undefined, 2),
    );
    let jsons: string[] = [];
    bed.sink.otherwise(({ events }) => {
      jsons = events.map(({ json }) => json);
      return DELIVERED;
    });
    await bed.start();
    expect(bed.queue.buried).toEqual([
      { seq: 2, reason: "it is not JSON, and so no event" },
      { seq: 3, reason: "it is no event: a field of the envelope is missing or wrong" },
      { seq: 4, reason: "it is no event: a field of the envelope is missing or wrong" },
      { seq: 5, reason: "it is no event: a field of the envelope is missing or wrong" },
      { seq: 6, reason: "it is not UTF-8, and so no event" },
    ]);
    expect(bed.sink.seqs).toEqual([[1, 7]]);
    expect(jsons[0]).toBe(JSON.stringify(event));
    expect(jsons[1]).not.toMatch(/[\n\r]/);
    expect(JSON.parse(jsons[1] ?? "")).toEqual(event);
    expect(bed.log.messages("warn").length).toBe(1);
  });

  test("in great numbers is gone through by and by", async () => {
    const bed = new DeliveryBed({ batchEvents: 10 });
    bed.queue.append(...Array.from({ length: 35 }, () => "no event"), chatEvent("one"));
    await bed.start();
    expect(bed.queue.buried.length).toBe(10);
    for (let turns = 0; turns < 4; turns += 1) await bed.advance(50);
    expect(bed.queue.buried.length).toBe(35);
    expect(bed.queue.seqs).toEqual([]);
  });
});

describe("a queue", () => {
  test("that cannot be read is asked again", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.queue.failures.push(new Error("disk gone"), new Error("disk gone"));
    await bed.start();
    expect(bed.delivery.status).toMatchObject({ state: "failing", nextTryInMs: 275 });
    expect(bed.delivery.status.lastError?.text).toBe("the outbox cannot read events: disk gone");
    await bed.nextTries(1);
    expect(bed.delivery.status.nextTryInMs).toBe(525);
    await bed.nextTries(1);
    expect(bed.delivery.status).toMatchObject({ state: "idle", sent: 1 });
  });

  test("that fails to take out what was delivered stops nothing", async () => {
    const bed = new DeliveryBed({ batchEvents: 1 });
    bed.queue.append(...chatEvents(2));
    bed.sink.otherwise(({ events }) => {
      if (events[0]?.seq === 1) bed.queue.failures.push(new Error("disk gone"));
      return DELIVERED;
    });
    await bed.start();
    expect(bed.queue.removed).toEqual([2]);
    expect(bed.delivery.status.lastError?.text).toBe("the outbox cannot remove events: disk gone");
  });
});

describe("closing", () => {
  test("lets what is on its way arrive, and sends nothing more", async () => {
    const bed = new DeliveryBed({ batchEvents: 1 });
    bed.queue.append(...chatEvents(2));
    const first = held();
    bed.sink.answers(first.promise);
    await bed.start();
    const closed = bed.delivery.close();
    first.resolve(DELIVERED);
    await closed;
    bed.delivery.wake();
    await bed.advance(60_000);
    expect(bed.sink.seqs).toEqual([[1]]);
    expect(bed.queue.seqs).toEqual([2]);
    expect(bed.clock.timers).toBe(0);
  });

  test("gives up in time what does not arrive, and leaves it in the queue", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.sink.answers(held().promise);
    await bed.start();
    const closed = bed.delivery.close(3000);
    await bed.advance(2999);
    expect(bed.sink.last.signal.aborted).toBe(false);
    await bed.advance(1);
    await closed;
    expect(bed.sink.last.signal.aborted).toBe(true);
    expect(bed.queue.seqs).toEqual([1]);
    expect(bed.clock.timers).toBe(0);
  });

  test("while it waits for another try leaves no timer", async () => {
    const bed = new DeliveryBed();
    bed.queue.append(chatEvent("one"));
    bed.sink.answers(GONE);
    await bed.start();
    await bed.delivery.close();
    expect(bed.clock.timers).toBe(0);
    expect(bed.queue.seqs).toEqual([1]);
  });
});

describe("after a crash", () => {
  test("what was not taken out is sent again, under the same key where the same is sent", async () => {
    const queue = new MemoryQueue();
    queue.append(...chatEvents(4));
    const before = new DeliveryBed({ batchEvents: 2 }, queue);
    before.sink.answers(DELIVERED, held().promise);
    await before.start();
    const after = new DeliveryBed({ batchEvents: 2 }, queue);
    await after.start();
    expect(before.sink.seqs).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(after.sink.seqs).toEqual([[3, 4]]);
    expect(after.sink.last.key).toBe(before.sink.last.key);
    expect(queue.seqs).toEqual([]);
  });

  test("batches end where they did, though more waits by then and some were halved", async () => {
    const queue = new MemoryQueue();
    queue.append(...chatEvents(4));
    const before = new DeliveryBed({}, queue);
    before.sink.answers(REFUSED, DELIVERED, held().promise);
    await before.start();
    await before.advance(50);
    queue.append(...chatEvents(3));
    const after = new DeliveryBed({}, queue);
    await after.start();
    await after.advance(50);
    expect(before.sink.seqs).toEqual([
      [1, 2, 3, 4],
      [1, 2],
      [3, 4],
    ]);
    expect(after.sink.seqs).toEqual([
      [3, 4],
      [5, 6, 7],
    ]);
    expect(after.sink.batches[0]?.key).toBe(before.sink.last.key);
  });

  test("nothing is written for batches that were full", async () => {
    const bed = new DeliveryBed({ batchEvents: 2 });
    bed.queue.append(...chatEvents(4));
    await bed.start();
    expect(bed.queue.seqs).toEqual([]);
    expect(bed.queue.note).toBeUndefined();
  });

  test("a batch is sent though its end could not be noted", async () => {
    const bed = new DeliveryBed();
    await bed.start();
    const failing = Object.assign(bed.queue, {
      keepNote: async () => {
        throw new Error("the disk is full");
      },
    });
    await bed.append(chatEvent("one"));
    await bed.advance(50);
    await bed.append(chatEvent("two"));
    await bed.advance(50);
    expect(failing.seqs).toEqual([]);
    expect(bed.delivery.status.lastError).toBeNull();
    expect(bed.log.messages("warn")).toEqual([
      "batches cannot be noted, so that after a crash events may come under another key",
    ]);
    expect(bed.log.messages("info")).toEqual([]);
  });

  test("a note that cannot be read stops nothing", async () => {
    const queue = new MemoryQueue();
    Object.defineProperty(queue, "note", {
      get: () => {
        throw new Error("the disk failed");
      },
    });
    queue.append(chatEvent("one"));
    const bed = new DeliveryBed({}, queue);
    await bed.start();
    await bed.advance(50);
    expect(bed.sink.seqs).toEqual([[1]]);
  });

  test("other events under the same numbers have another key", async () => {
    const keys = await Promise.all(
      ["one", "two"].map(async (text) => {
        const bed = new DeliveryBed();
        bed.queue.append(chatEvent(text));
        await bed.start();
        return bed.sink.last.key;
      }),
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});
