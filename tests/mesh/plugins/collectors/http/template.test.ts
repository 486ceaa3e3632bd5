import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import { compileTemplate, Template } from "../../../../../mesh/plugins/collectors/http/template.ts";
import { HttpReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { batchOf, eventOf, readSink, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";

function line(source: string, payload: Readonly<Record<string, unknown>> = {}): string {
  const template = compileTemplate(source);
  if (typeof template === "string") throw new Error(template);
  return template.line(eventOf(7, { payload }).envelope);
}

describe("a template of text", () => {
  test("has what the event says in its places, in one line", () => {
    expect(line("{topic} {node} {time} {type} {id}")).toBe(
      "game.dust.chat dust 2026-11-22T07:11:12.123Z chat id-7",
    );
    const payload = { text: "a\r\nb\u2028c", player: { name: "Al{id}ce", id: 7 }, list: ["x", 1] };
    expect(line("<{payload.player.name}> {payload.text}", payload)).toBe("<Al{id}ce> a b c");
    expect(line("{payload.player.id}{payload.list.0} {payload.list}", payload)).toBe('7x ["x",1]');
    expect(line("{payload}", { a: 1 })).toBe('{"a":1}');
  });

  test("has nothing where the event has nothing", () => {
    const payload = { none: null, text: "x" };
    expect(
      line("[{payload.no.such}{payload.none}{payload.text.length}{payload.toString}]", payload),
    ).toBe("[]");
  });

  test("leaves other braces alone", () => {
    expect(line("{} { id } {1} {id}")).toBe("{} { id } {1} id-7");
  });
});

describe("a template of JSON", () => {
  const source = '{"text": "[{node}] {payload.text}", "raw": {payload.text}, "n": {payload.n}}';

  test("stays JSON whatever the event says", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (text, n) => {
        const parsed: unknown = JSON.parse(line(source, { text, n }));
        const plain: unknown = JSON.parse(JSON.stringify(n));
        expect(parsed).toEqual({ text: `[dust] ${text}`, raw: text, n: plain });
      }),
    );
  });

  test("has null where the event has nothing", () => {
    expect(line(source)).toBe('{"text": "[dust] ", "raw": null, "n": null}');
  });

  test("knows its strings by their quotes, escaped ones too", () => {
    expect(line('["a\\"{id}", {id}, "{id}\\\\", {id}]')).toBe(
      '["a\\"id-7", "id-7", "id-7\\\\", "id-7"]',
    );
  });
});

test.each([
  ["{text}", "has an unknown {text}; known are"],
  ["{topic.name}", "has an unknown {topic.name}; known are"],
  ["hello", "says nothing of the event; known are"],
  ["{id}\n{id}", "must be one line without control characters"],
  ['{"a": "{id}",}', "looks like JSON and is none: check its quotes, commas and braces"],
  ["{id}".repeat(65), "has more than 64 placeholders; leave some out"],
  ["x".repeat(5000), "has 5000 characters, more than 4096; shorten it"],
])("%s is a mistake", (source, problem) => {
  const compiled = compileTemplate(source);
  expect(typeof compiled === "string" ? compiled : "it is none").toStartWith(problem);
});

test("64 placeholders are none", () => {
  expect(compileTemplate("{id}".repeat(64))).toBeInstanceOf(Template);
});

test("a batch is a line an event, and the type says whether they are JSON", async () => {
  await using receiver = new HttpReceiver();
  const text = sinkOf(HTTP_SINK, receiver.url, { template: "{id}: {payload.text}" });
  await send(text, batchOf(1, 2));
  expect(receiver.last.body).toBe("id-1: line 1\nid-2: line 2");
  expect(receiver.last.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  const json = sinkOf(HTTP_SINK, receiver.url, { template: '{"text": "{payload.text}"}' });
  await send(json, batchOf(1, 2));
  expect(receiver.last.body).toBe('{"text": "line 1"}\n{"text": "line 2"}');
  expect(receiver.last.headers.get("content-type")).toBe("application/x-ndjson");
  await send(json, batchOf(3));
  expect(receiver.last.headers.get("content-type")).toBe("application/json");
});

test("takes the place of format", () => {
  const written = { template: "{id}", format: "json" };
  expect(readSink(HTTP_SINK, "http://127.0.0.1:1", written).problems).toEqual([
    "template takes the place of format; leave one out",
  ]);
});

test("ndjson is an envelope a line", async () => {
  await using receiver = new HttpReceiver();
  await send(sinkOf(HTTP_SINK, receiver.url, { format: "ndjson" }), batchOf(1, 2));
  expect(receiver.last.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = receiver.last.body.split("\n");
  expect(lines.pop()).toBe("");
  expect(lines.map((each): unknown => JSON.parse(each))).toEqual([
    eventOf(1).envelope,
    eventOf(2).envelope,
  ]);
});
