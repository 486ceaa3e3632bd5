import { expect, test } from "bun:test";
import * as fc from "fast-check";
import * as v from "valibot";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import { LokiFormat } from "../../../../../mesh/plugins/collectors/http/loki-format.ts";
import type { WaitingEvent } from "../../../../../mesh/plugins/collectors/sink.ts";
import { HttpReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { batchOf, eventOf, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";

/** As Loki's documentation has it. */
const Push = v.strictObject({
  streams: v.array(
    v.strictObject({
      stream: v.record(v.string(), v.string()),
      values: v.array(v.strictTuple([v.pipe(v.string(), v.regex(/^-?\d+$/)), v.string()])),
    }),
  ),
});

function pushed(events: readonly WaitingEvent[]): v.InferOutput<typeof Push>["streams"] {
  const [message, ...more] = new LokiFormat().messages(events);
  expect(more).toEqual([]);
  return v.parse(Push, JSON.parse(message?.text ?? "")).streams;
}

test("events are lines of the stream of their node, type and topic", async () => {
  await using receiver = new HttpReceiver();
  receiver.answers(new Response(null, { status: 204 }));
  const sink = sinkOf(HTTP_SINK, `${receiver.url}/loki/api/v1/push`, {
    format: "loki",
    token: "t",
  });
  expect(await send(sink, batchOf(1))).toEqual({ kind: "delivered" });
  expect(receiver.last.headers.get("content-type")).toBe("application/json");
  expect(receiver.last.headers.get("authorization")).toBe("Bearer t");
  expect(JSON.parse(receiver.last.body)).toEqual({
    streams: [
      {
        stream: { node: "dust", type: "chat", topic: "game.dust.chat" },
        values: [["1795331472123000000", eventOf(1).json]],
      },
    ],
  });
});

test("a stream is in the order of its times", () => {
  const times = ["07:11:13.000", "07:11:12.000", "07:11:13.000"];
  const events = times.map((time, index) => eventOf(index, { time: `2026-11-22T${time}Z` }));
  const [stream] = pushed(events);
  expect(stream?.values.map(([, line]) => line)).toEqual(
    [events[1], events[0], events[2]].map((event) => event?.json ?? ""),
  );
});

test("each event is in one place, whatever it says", () => {
  const name = fc.string({ unit: "binary", maxLength: 8 });
  const Event = fc
    .record({
      node: name,
      type: name,
      topic: name,
      text: name,
      ms: fc.integer({ min: 0, max: 4e12 }),
    })
    .map(({ node, type, topic, text, ms }) => ({
      node,
      type,
      topic,
      time: new Date(ms).toISOString(),
      payload: { text },
    }));
  fc.assert(
    fc.property(fc.array(Event, { minLength: 1, maxLength: 8 }), (changes) => {
      const events = changes.map((change, seq) => eventOf(seq, change));
      const told = pushed(events).flatMap(({ stream, values }) => {
        const ns = values.map(([time]) => BigInt(time));
        expect(ns).toEqual(ns.toSorted((one, other) => Number(one - other)));
        return values.map(([time, json]) => ({ ...stream, time, json }));
      });
      const expected = events.map(({ envelope: { node, type, topic, time }, json }) => {
        return { node, type, topic, time: String(BigInt(Date.parse(time)) * 1_000_000n), json };
      });
      const byJson = (one: { json: string }, other: { json: string }): number =>
        one.json < other.json ? -1 : 1;
      expect(told.toSorted(byJson)).toEqual(expected.toSorted(byJson));
    }),
  );
});

test("a wrong path is told of with the right one", async () => {
  await using receiver = new HttpReceiver();
  receiver.answers(new Response("404 page not found\n", { status: 404 }));
  const sink = sinkOf(HTTP_SINK, receiver.url, { format: "loki" });
  expect(await send(sink, batchOf(1))).toEqual({
    kind: "retry",
    text: `${receiver.url} answered 404, saying "404 page not found"; check the path of url: Loki takes events at /loki/api/v1/push`,
  });
});
