import { expect, test } from "bun:test";
import * as fc from "fast-check";
import type { Batch, SendResult } from "../../../../mesh/plugins/collectors/sink.ts";
import { chatEvent } from "../../../helpers/collectors/events.ts";
import { MemoryQueue } from "../../../helpers/collectors/memory-queue.ts";
import {
  DELIVERED,
  GONE,
  REFUSED,
  ScriptedSink,
} from "../../../helpers/collectors/scripted-sink.ts";
import { DeliveryBed } from "./delivery-bed.ts";

const ANSWERS = ["taken", "gone", "busy", "refused", "silent", "broken", "taken_unheard"] as const;
type ReceiverAnswer = (typeof ANSWERS)[number];

type Step =
  | { readonly kind: "append"; readonly count: number; readonly isGarbage: boolean }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "crash" };

const Step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    count: fc.integer({ min: 1, max: 12 }),
    isGarbage: fc.oneof(
      { weight: 5, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 5000 }) }),
  fc.constant({ kind: "crash" as const }),
);

/** The other side, and what it knows. */
class Receiver {
  readonly #script: ReceiverAnswer[];
  /** In the order in which they came first. */
  readonly taken = new Set<number>();
  readonly confirmed = new Set<number>();
  readonly refusedAlone = new Set<number>();
  /** A failed expectation would be a failure of the sink here. */
  readonly violations: string[] = [];
  readonly keys = new Map<string, string>();
  /** The key of the batch with which an event came last; refused ones come in other batches. */
  readonly #keyOf = new Map<number, string>();

  constructor(script: readonly ReceiverAnswer[]) {
    this.#script = [...script];
  }

  /** As the script has it, if nothing else is said. */
  answer(
    batch: Batch,
    said: ReceiverAnswer = this.#script.shift() ?? "taken",
  ): SendResult | Promise<SendResult> {
    const seqs = batch.events.map(({ seq }) => seq);
    const content = batch.events.map(({ json }) => json).join();
    if ((this.keys.get(batch.key) ?? content) !== content) this.violations.push(`key ${batch.key}`);
    this.keys.set(batch.key, content);
    for (const seq of seqs) {
      const known = this.#keyOf.get(seq) ?? batch.key;
      if (known !== batch.key) this.violations.push(`${seq} under ${known} and ${batch.key}`);
      this.#keyOf.set(seq, batch.key);
    }
    switch (said) {
      case "taken":
        for (const seq of seqs) this.taken.add(seq);
        for (const seq of seqs) this.confirmed.add(seq);
        return DELIVERED;
      case "taken_unheard":
        for (const seq of seqs) this.taken.add(seq);
        return GONE;
      case "gone":
        return GONE;
      case "busy":
        return { kind: "retry", text: "busy", afterMs: 3000 };
      case "refused":
        if (seqs.length === 1) this.refusedAlone.add(seqs[0] ?? 0);
        for (const seq of seqs) this.#keyOf.delete(seq);
        return REFUSED;
      case "silent":
        return new Promise(() => {});
      case "broken":
        return Promise.reject(new Error("a bug"));
    }
  }
}

/** Takes nothing out that was not confirmed. */
class WatchedQueue extends MemoryQueue {
  readonly #receiver: Receiver;

  constructor(receiver: Receiver) {
    super();
    this.#receiver = receiver;
  }

  override remove(seqs: readonly number[]): void {
    const { confirmed, violations } = this.#receiver;
    for (const seq of seqs) if (!confirmed.has(seq)) violations.push(`removed ${seq}`);
    super.remove(seqs);
  }
}

test("whatever the receiver does, each event is delivered or set aside, in order, under one key, and nothing is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...ANSWERS), { maxLength: 60 }),
      fc.array(Step, { minLength: 1, maxLength: 15 }),
      fc.record({
        concurrency: fc.integer({ min: 1, max: 4 }),
        batchEvents: fc.integer({ min: 1, max: 6 }),
        triesMax: fc.integer({ min: 1, max: 3 }),
      }),
      async (script, steps, settings) => {
        const receiver = new Receiver(script);
        const queue = new WatchedQueue(receiver);
        const open = (): DeliveryBed => {
          const sink = new ScriptedSink().otherwise((batch) => receiver.answer(batch));
          return new DeliveryBed(settings, queue, sink);
        };
        let appended = 0;
        let bed = open();
        await bed.start();
        for (const step of steps) {
          if (step.kind === "append") {
            for (let count = 0; count < step.count; count += 1) {
              appended += 1;
              await bed.append(step.isGarbage ? "no event" : chatEvent(`line ${appended}`));
            }
          } else if (step.kind === "wait") {
            await bed.advance(step.ms);
          } else {
            const closed = bed.delivery.close(0);
            bed.clock.advance(0);
            await closed;
            bed = open();
            await bed.start();
          }
        }
        for (let tries = 0; tries < 200 && queue.seqs.length > 0; tries += 1) {
          await bed.advance(10_000);
        }
        await bed.advance(100);
        expect(receiver.violations).toEqual([]);
        expect(queue.seqs).toEqual([]);
        const buried = new Set(queue.buried.map(({ seq }) => seq));
        for (let seq = 1; seq <= appended; seq += 1) {
          expect(receiver.taken.has(seq) || buried.has(seq)).toBe(true);
        }
        expect(bed.delivery.status).toMatchObject({ state: "idle", inFlight: 0 });
        if (settings.concurrency > 1) return;
        const orderly = [...receiver.taken].filter((seq) => !receiver.refusedAlone.has(seq));
        expect(orderly).toEqual(orderly.toSorted((one, other) => one - other));
      },
    ),
    { numRuns: 200 },
  );
});

const Run = fc.record({
  good: fc.integer({ min: 0, max: 12 }),
  bad: fc.integer({ min: 0, max: 90 }),
});

test("whatever is refused for good, in runs of any length: all else is delivered, in order, under one key", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("taken", "taken", "taken", "gone", "taken_unheard", "silent"), {
        maxLength: 30,
      }),
      fc.array(Run, { minLength: 1, maxLength: 3 }),
      fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 2 }),
      fc.record({
        concurrency: fc.integer({ min: 1, max: 3 }),
        batchEvents: fc.integer({ min: 1, max: 40 }),
        triesMax: fc.integer({ min: 1, max: 3 }),
      }),
      async (script, runs, crashesAfterMs, settings) => {
        const receiver = new Receiver([]);
        const queue = new WatchedQueue(receiver);
        const poison = new Set<number>();
        const answer = (batch: Batch): SendResult | Promise<SendResult> => {
          const isRefused = batch.events.some(({ seq }) => poison.has(seq));
          return receiver.answer(batch, isRefused ? "refused" : script.shift());
        };
        const open = async (): Promise<DeliveryBed> => {
          const sink = new ScriptedSink().otherwise(answer);
          const quick = { ...settings, retryMinMs: 100, retryMaxMs: 1000, timeoutMs: 500 };
          const bed = new DeliveryBed(quick, queue, sink);
          await bed.start();
          return bed;
        };
        for (const { good, bad } of runs) {
          const first = (queue.seqs.at(-1) ?? 0) + 1;
          queue.append(...Array.from({ length: good + bad }, (_, at) => chatEvent(`${at}`)));
          for (let at = 0; at < bad; at += 1) poison.add(first + at);
        }
        const total = queue.seqs.length;
        let bed = await open();
        for (const afterMs of crashesAfterMs) {
          for (let ms = 0; ms < afterMs; ms += 250) await bed.advance(250);
          const closed = bed.delivery.close(0);
          bed.clock.advance(0);
          await closed;
          bed = await open();
        }
        // Something that is taken at last shows that it was not the receiver.
        queue.append(chatEvent("last"));
        bed.delivery.wake();
        for (let tries = 0; tries < 2000 && queue.seqs.length > 0; tries += 1) {
          await bed.advance(250);
        }
        expect(receiver.violations).toEqual([]);
        expect(queue.seqs).toEqual([]);
        expect(new Set(queue.buried.map(({ seq }) => seq))).toEqual(poison);
        expect(receiver.taken.size).toBe(total + 1 - poison.size);
        if (settings.concurrency > 1) return;
        expect([...receiver.taken]).toEqual(
          [...receiver.taken].toSorted((one, other) => one - other),
        );
      },
    ),
    { numRuns: 100 },
  );
});
