import { expect, test } from "bun:test";
import * as v from "valibot";
import { SYSTEM_CLOCK, type WrittenSettings } from "../../../../../mesh/index.ts";
import { Delivery } from "../../../../../mesh/plugins/collectors/delivery.ts";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import {
  DELIVERY_DEFAULTS,
  type DeliverySettings,
} from "../../../../../mesh/plugins/collectors/limits.ts";
import { chatEvents } from "../../../../helpers/collectors/events.ts";
import { HttpReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { MemoryQueue } from "../../../../helpers/collectors/memory-queue.ts";
import { sinkOf } from "../../../../helpers/collectors/sinks.ts";
import { Program } from "../../../../helpers/node-process.ts";
import { silentLogger } from "../../../../helpers/silent-logger.ts";
import { until } from "../../../../helpers/turns.ts";

const RECEIVER = Bun.fileURLToPath(
  new URL("../../../../helpers/collectors/receiver-process.ts", import.meta.url),
);

class Pipe implements AsyncDisposable {
  readonly queue = new MemoryQueue();
  readonly delivery: Delivery;

  constructor(url: string, settings: Partial<DeliverySettings>, written: WrittenSettings = {}) {
    this.delivery = new Delivery({
      node: "surf",
      collector: "web",
      queue: this.queue,
      sink: sinkOf(HTTP_SINK, url, written),
      settings: { ...DELIVERY_DEFAULTS, retryMinMs: 10, ...settings },
      log: silentLogger,
      clock: SYSTEM_CLOCK,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.delivery.close(0);
  }
}

const Events = v.array(v.object({ payload: v.object({ text: v.string() }) }));

function linesOf(bodies: readonly string[]): string[] {
  return bodies.flatMap((body) =>
    v.parse(Events, JSON.parse(body)).map(({ payload }) => payload.text),
  );
}

test("events reach a receiver in another process, all of them, once", async () => {
  await using receiver = Program.start([RECEIVER]);
  const [, url = ""] = await receiver.printed(/listening on (\S+)/);
  await using pipe = new Pipe(url, { batchEvents: 100, concurrency: 4 }, { gzip: "off" });
  pipe.queue.append(...chatEvents(2050));
  pipe.delivery.start();
  await until(() => pipe.queue.seqs.length === 0);
  expect(await (await fetch(url)).json()).toEqual({ events: 2050 });
  expect(pipe.delivery.status).toMatchObject({ sent: 2050, failed: 0, buried: 0 });
});

test("what fails comes again under its key, in order, and a hang is cut short", async () => {
  await using receiver = new HttpReceiver();
  const never = (): Promise<Response> => new Promise(() => {});
  const busy = { status: 429, headers: { "retry-after": "0.05" } };
  receiver.answers(new Response("", { status: 500 }), never, new Response("", busy));
  await using pipe = new Pipe(receiver.url, { batchEvents: 10, timeoutMs: 150 });
  pipe.queue.append(...chatEvents(30));
  pipe.delivery.start();
  await until(() => pipe.queue.seqs.length === 0);
  const keys = receiver.requests.map(({ headers }) => headers.get("idempotency-key"));
  expect(new Set(keys.slice(0, 4)).size).toBe(1);
  expect(keys.length).toBe(6);
  const taken = receiver.requests.slice(3).map(({ body }) => body);
  expect(linesOf(taken)).toEqual(Array.from({ length: 30 }, (_, index) => `line ${index + 1}`));
  expect(pipe.delivery.status).toMatchObject({ state: "idle", sent: 30, failed: 3, retried: 3 });
});

test("one event that the receiver refuses is found and set aside, and the others arrive", async () => {
  await using receiver = new HttpReceiver();
  receiver.always(
    (body) => new Response("line 17 is bad", { status: body.includes('"line 17"') ? 422 : 200 }),
  );
  await using pipe = new Pipe(receiver.url, { batchEvents: 50, triesMax: 3 });
  pipe.queue.append(...chatEvents(50));
  pipe.delivery.start();
  await until(() => pipe.queue.seqs.length === 0);
  expect(pipe.queue.buried).toEqual([
    {
      seq: 17,
      reason: `${receiver.url} answered 422, saying "line 17 is bad"; it takes no such events: is format what it expects?`,
    },
  ]);
  expect(pipe.delivery.status.sent).toBe(49);
});
