import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import { InfluxFormat } from "../../../../../mesh/plugins/collectors/http/influx-format.ts";
import { HttpReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { batchOf, eventOf, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";

interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly time: bigint;
}

/** A reader of the line protocol, by its documentation: one character after the other. */
class PointReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  read(): Point {
    const measurement = this.#until(", ", ", ");
    const tags: Record<string, string> = {};
    while (this.#takes(",")) {
      const name = this.#until("=", ",= ");
      this.#expect("=");
      tags[name] = this.#until(", ", ",= ");
    }
    this.#expect(" ");
    const fields: Record<string, unknown> = {};
    do {
      const name = this.#until("=", ",= ");
      this.#expect("=");
      fields[name] = this.#value();
    } while (this.#takes(","));
    this.#expect(" ");
    const time = BigInt(this.#line.slice(this.#at));
    return { measurement, tags, fields, time };
  }

  #until(ends: string, escapable: string): string {
    let text = "";
    for (;;) {
      const character = this.#line.charAt(this.#at);
      if (character === "" || ends.includes(character)) break;
      const next = this.#line.charAt(this.#at + 1);
      if (character === "\\" && next !== "" && escapable.includes(next)) {
        text += next;
        this.#at += 2;
      } else {
        if ("\n\r\\".includes(character)) throw new Error(`a lone ${JSON.stringify(character)}`);
        text += character;
        this.#at += 1;
      }
    }
    if (text === "") throw new Error(`nothing at ${this.#at} of ${this.#line}`);
    return text;
  }

  #value(): unknown {
    if (!this.#takes('"')) return JSON.parse(this.#until(", ", "")) as unknown;
    let text = "";
    for (let character = this.#next(); character !== '"'; character = this.#next()) {
      text += character === "\\" ? this.#next() : character;
    }
    return text;
  }

  #next(): string {
    const character = this.#line.charAt(this.#at);
    if (character === "" || character === "\n") throw new Error("a string without an end");
    this.#at += 1;
    return character;
  }

  #takes(character: string): boolean {
    if (this.#line.charAt(this.#at) !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#takes(character)) throw new Error(`no ${character} at ${this.#at} of ${this.#line}`);
  }
}

function points(text: string): Point[] {
  return text.split("\n").map((line) => new PointReader(line).read());
}

function written(changes: Parameters<typeof eventOf>[1], seq = 5): Point {
  const [message] = new InfluxFormat().messages([eventOf(seq, changes)]);
  const [point, ...more] = points(message?.text ?? "");
  if (point === undefined || more.length > 0) throw new Error("not one line");
  return point;
}

test("an event is a point of its type, with node and topic as tags", async () => {
  await using receiver = new HttpReceiver();
  receiver.answers(new Response(null, { status: 204 }));
  const url = `${receiver.url}/api/v2/write?org=o&bucket=b`;
  const sink = sinkOf(HTTP_SINK, url, { format: "influx", token: "t" });
  const payload = {
    text: 'say "hi", \\o/',
    n: 3,
    on: true,
    none: null,
    player: { name: "Al", tags: ["x"] },
  };
  const event = eventOf(5, { payload });
  expect(await send(sink, { key: "k", events: [event] })).toEqual({ kind: "delivered" });
  expect(receiver.last.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(receiver.last.headers.get("authorization")).toBe("Token t");
  expect(receiver.last.path).toBe("/api/v2/write?org=o&bucket=b");
  expect(receiver.last.body).toBe(
    'chat,node=dust,topic=game.dust.chat id="id-5",text="say \\"hi\\", \\\\o/",n=3,on=true,player.name="Al",player.tags="[\\"x\\"]" 1795331472123000005',
  );
});

test("events of one millisecond are points of their own, and the same when they come again", () => {
  const [message] = new InfluxFormat().messages(batchOf(1, 2, 2_000_001).events);
  const times = points(message?.text ?? "").map(({ time }) => time % 1_000_000n);
  expect(times).toEqual([1n, 2n, 1n]);
  expect(written({}, 1)).toEqual(written({}, 1));
});

describe("what the protocol keeps for itself", () => {
  test("is written otherwise", () => {
    const point = written({
      type: "#boss, wave=2",
      node: "a,b=c d\\",
      topic: "",
      payload: { time: 1, id: "mine", node: 2, _field: 3, "a b,c=d\\": 4, "": 5 },
    });
    expect(point.measurement).toBe("type:#boss, wave=2");
    expect(point.tags).toEqual({ node: "a,b=c d/" });
    expect(point.fields).toEqual({
      id: "id-5",
      "payload.time": 1,
      "payload.id": "mine",
      "payload.node": 2,
      "payload._field": 3,
      "a b,c=d/": 4,
    });
  });

  test("does not take the field of a name that is written as it is", () => {
    expect(written({ payload: { a: 1, "a\n": 2 } }).fields).toEqual({ id: "id-5", a: 1 });
    expect(written({ payload: { "a\n": 2, a: 1 } }).fields).toEqual({ id: "id-5", a: 1 });
    expect(written({ payload: { "b\n": 2, "b\t": 1 } }).fields).toEqual({ id: "id-5", b: 2 });
  });

  test("numbers that it does not know are left out", () => {
    const { fields } = written({ payload: { huge: JSON.parse("1e999") as unknown, big: 1e21 } });
    expect(fields).toEqual({ id: "id-5", big: 1e21 });
  });

  test("payloads without end have one", () => {
    let deep: Record<string, unknown> = { leaf: 1 };
    for (let depth = 0; depth < 50; depth += 1) deep = { d: deep };
    const { fields: some } = written({ payload: deep });
    expect(Object.keys(some)).toEqual(["id", "d.d.d.d.d.d.d.d"]);
    expect(some["d.d.d.d.d.d.d.d"]).toStartWith('{"d":{"d":');
    const wide = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`k${index}`, index]),
    );
    expect(Object.keys(written({ payload: wide }).fields).length).toBe(257);
    const { fields } = written({ payload: { text: "x".repeat(100_000) } });
    expect(String(fields["text"]).length).toBe(16 * 1024);
  });
});

test("whatever an event says, its line is one, and says the same", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...'\\,= "\n\r#_a'.split("")), maxLength: 12 }),
  );
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const payload = fc.dictionary(text, fc.oneof(text, number, fc.boolean()), { maxKeys: 5 });
  fc.assert(
    fc.property(text, text, text, payload, (type, node, topic, fields) => {
      const point = written({
        type,
        node,
        topic,
        payload: fields,
      });
      expect(point.time).toBe(1_795_331_472_123_000_005n);
      expect(point.fields["id"]).toBe("id-5");
      for (const [name, value] of Object.entries(fields)) {
        const isPlain =
          /^(?!(?:id|node|topic|time)$)[a-z]+$/.test(name) &&
          typeof value === "string" &&
          !/[\p{Cc}\p{Z}]/u.test(value);
        if (isPlain) expect(point.fields[name]).toBe(value);
      }
      if (/^[a-z]+$/.test(node)) expect(point.tags["node"]).toBe(node);
      if (/^[a-z]+$/.test(type)) expect(point.measurement).toBe(type);
    }),
    { numRuns: 500 },
  );
});
