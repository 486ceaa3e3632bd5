import { Delivery } from "../../../../mesh/plugins/collectors/delivery.ts";
import {
  DELIVERY_DEFAULTS,
  type DeliverySettings,
} from "../../../../mesh/plugins/collectors/limits.ts";
import type { Envelope } from "../../../../mesh/index.ts";
import { MemoryQueue } from "../../../helpers/collectors/memory-queue.ts";
import { ScriptedSink } from "../../../helpers/collectors/scripted-sink.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { nextTurn } from "../../../helpers/turns.ts";
import { ManualClock } from "../../manual-clock.ts";

/** A delivery between a queue and a receiver that do what the test says. */
export class DeliveryBed {
  readonly queue: MemoryQueue;
  readonly sink: ScriptedSink;
  readonly clock: ManualClock = new ManualClock();
  readonly log: RecordingLogger = new RecordingLogger();
  readonly delivery: Delivery;

  constructor(
    settings: Partial<DeliverySettings> = {},
    queue: MemoryQueue = new MemoryQueue(),
    sink: ScriptedSink = new ScriptedSink(),
  ) {
    this.queue = queue;
    this.sink = sink;
    this.delivery = new Delivery({
      node: "surf",
      collector: "web",
      queue,
      sink,
      settings: { ...DELIVERY_DEFAULTS, ...settings },
      log: this.log,
      clock: this.clock,
      date: () => Date.UTC(2026, 0, 31) + this.clock.now(),
      random: () => 0.5,
    });
  }

  /** Starts it, and lets it come to rest. */
  async start(): Promise<void> {
    this.delivery.start();
    await nextTurn();
  }

  async append(...events: readonly (Envelope | string | Uint8Array)[]): Promise<void> {
    this.queue.append(...events);
    this.delivery.wake(events.length);
    await nextTurn();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await nextTurn();
  }

  /** Lets so many of its waits pass, each one to its end. */
  async nextTries(count: number): Promise<void> {
    for (let tries = 0; tries < count; tries += 1) {
      await this.advance(this.delivery.status.nextTryInMs ?? 0);
    }
  }
}
