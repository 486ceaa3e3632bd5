import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { connect } from "node:net";
import * as v from "valibot";
import { type Admin, serveAdmin } from "../../mesh/admin.ts";
import { EventStreams } from "../../mesh/admin-events.ts";
import { idleNode } from "../helpers/idle-node.ts";
import { ScriptedMessenger } from "../helpers/scripted-messenger.ts";
import { silentLogger } from "../helpers/silent-logger.ts";
import { nextTurn, until } from "../helpers/turns.ts";

let messenger: ScriptedMessenger;
let admin: Admin;

function serve(heartbeatMs?: number): Admin {
  return serveAdmin({
    host: "127.0.0.1",
    port: 0,
    token: () => undefined,
    log: silentLogger,
    node: idleNode(messenger),
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  });
}

beforeEach(() => {
  messenger = new ScriptedMessenger();
  admin = serve();
});

afterEach(() => admin.stop());

/** One stream, as a client reads it. */
class EventReader {
  readonly #hangUp: AbortController;
  readonly #texts: AsyncIterator<string>;
  #text = "";

  /** Resolves once the stream is open. */
  static async open(query = ""): Promise<EventReader> {
    const hangUp = new AbortController();
    const response = await fetch(`${admin.url}/api/events${query}`, { signal: hangUp.signal });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    if (response.body === null) throw new Error("there is no stream");
    const reader = new EventReader(hangUp, textsOf(response.body));
    expect(await reader.next()).toBe(":");
    return reader;
  }

  constructor(hangUp: AbortController, texts: AsyncIterator<string>) {
    this.#hangUp = hangUp;
    this.#texts = texts;
  }

  /** The next event or comment as it stands there; undefined at the end. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const event = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return event;
      }
      const { done, value } = await this.#texts.next();
      if (done === true) return undefined;
      this.#text += value;
    }
  }

  /** What the next event carries. */
  async data(): Promise<unknown> {
    const event = await this.next();
    if (event?.startsWith("data: ") !== true) throw new Error(`no message, but ${event}`);
    const data: unknown = JSON.parse(event.slice("data: ".length));
    return data;
  }

  async topic(): Promise<string> {
    return v.parse(v.object({ topic: v.string() }), await this.data()).topic;
  }

  leave(): void {
    this.#hangUp.abort();
  }
}

async function* textsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of body) yield decoder.decode(chunk, { stream: true });
}

describe("what a stream tells", () => {
  test("every message where no topic is named, each as one line of JSON", async () => {
    const reader = await EventReader.open();
    messenger.publish("chat.global", { text: "line\nbreak", id: 2n ** 60n });
    messenger.publish("map", new Uint8Array([1, 2, 255]));
    expect(await reader.next()).toBe(
      'data: {"topic":"chat.global","from":"surf",' +
        '"payload":{"text":"line\\nbreak","id":"1152921504606846976"}}',
    );
    expect(await reader.next()).toBe(
      'data: {"topic":"map","from":"surf","payload":null,"base64":"AQL/"}',
    );
  });

  test("the topics that are named, and no others", async () => {
    const reader = await EventReader.open("?topics=chat.%3E,map&topics=score.*");
    for (const topic of ["chat.b", "other", "chat.a", "map", "score.red.last", "score.red"]) {
      messenger.publish(topic, 1);
    }
    const told = [await reader.topic(), await reader.topic(), await reader.topic()];
    told.push(await reader.topic());
    // Each pattern's in order; what one has is not held up for another.
    expect(told.filter((topic) => topic.startsWith("chat"))).toEqual(["chat.b", "chat.a"]);
    expect(told.toSorted()).toEqual(["chat.a", "chat.b", "map", "score.red"]);
  });

  test("a message that two of them match once", async () => {
    const reader = await EventReader.open("?topics=chat.%3E,chat.*,%3E,chat.%3E");
    expect(messenger.subscriptions).toBe(3);
    messenger.publish("chat.a", 1);
    messenger.publish("last", 2);
    expect(await reader.data()).toMatchObject({ topic: "chat.a" });
    expect(await reader.data()).toMatchObject({ topic: "last" });
  });

  test("a payload that cannot be read, without ending", async () => {
    const reader = await EventReader.open();
    messenger.receive("odd", new Uint8Array([0xc1]));
    messenger.publish("next", 1);
    expect(await reader.data()).toEqual({
      topic: "odd",
      from: "surf-2",
      payload: null,
      error: expect.any(String),
    });
    expect(await reader.data()).toMatchObject({ topic: "next" });
  });

  test("a sign of life while there is nothing to tell", async () => {
    await admin.stop();
    admin = serve(5);
    const reader = await EventReader.open();
    expect(await reader.next()).toBe(":");
    expect(await reader.next()).toBe(":");
    messenger.publish("a", 1);
    let event = await reader.next();
    while (event === ":") event = await reader.next();
    expect(event).toStartWith('data: {"topic":"a"');
  });

  test("the headers alone to who asks with HEAD, and no subscription", async () => {
    const response = await fetch(`${admin.url}/api/events`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(messenger.subscriptions).toBe(0);
  });
});

describe("when a stream ends", () => {
  test("because the client leaves, nothing is subscribed to any more", async () => {
    const reader = await EventReader.open("?topics=a,b");
    expect(messenger.subscriptions).toBe(2);
    reader.leave();
    await until(() => messenger.subscriptions === 0);
    const other = await EventReader.open("?topics=a");
    messenger.publish("a", 1);
    expect(await other.data()).toMatchObject({ topic: "a" });
  });

  test("because the node stops, its client sees the end of it", async () => {
    const reader = await EventReader.open();
    const stopped = admin.stop();
    expect(await reader.next()).toBeUndefined();
    await stopped;
    expect(messenger.subscriptions).toBe(0);
  });
});

test("a reader that takes nothing for a while is sent away, and makes room for others", async () => {
  await admin.stop();
  admin = serve(100);
  const { hostname, port } = new URL(admin.url);
  const sockets = Array.from({ length: 31 }, () => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.pause();
    return socket;
  });
  try {
    const reader = await EventReader.open();
    await until(() => messenger.subscriptions === 32);
    const text = "x".repeat(256 * 1024);
    let published = 0;
    // More than a socket and the queue hold.
    while (messenger.subscriptions > 1) {
      messenger.publish("bulk", { number: (published += 1), text });
      let event = await reader.next();
      while (event === ":") event = await reader.next();
      expect(event).toStartWith(
        `data: {"topic":"bulk","from":"surf","payload":{"number":${published},`,
      );
    }
    expect(published).toBeGreaterThan(4);
    await EventReader.open();
    expect(messenger.subscriptions).toBe(2);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

describe("a reader that seems to take nothing", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  test("is left alone for five heartbeats, as often as it then takes something, and sent away at the sixth", async () => {
    const hangUps: number[] = [];
    const streams = new EventStreams(10_000);
    const request = new Request("http://localhost/api/events");
    const { body } = streams.open(messenger, request, (seconds) => hangUps.push(seconds));
    const reader = body?.getReader();
    await reader?.read();
    for (let round = 0; round < 3; round += 1) {
      messenger.publish("a", round);
      // The first one falls due, the next five are not taken.
      jest.advanceTimersByTime(60_000);
      expect([messenger.subscriptions, hangUps]).toEqual([1, []]);
      expect((await reader?.read())?.done).toBe(false);
    }
    jest.advanceTimersByTime(70_000);
    expect([messenger.subscriptions, hangUps]).toEqual([0, [1]]);
    expect((await reader?.read())?.done).toBe(true);
  });
});

describe("what is refused", () => {
  async function refusal(query: string): Promise<[number, unknown]> {
    const response = await fetch(`${admin.url}/api/events${query}`);
    const body: unknown = await response.json();
    return [response.status, body];
  }

  test("what is no pattern, with the reason, and leaves no subscription", async () => {
    expect(await refusal("?topics=chat.*,a..b")).toEqual([
      400,
      { error: expect.stringContaining("empty token"), code: "invalid_topic" },
    ]);
    expect(messenger.subscriptions).toBe(0);
  });

  test("a parameter that there is not, instead of a stream of everything", async () => {
    expect(await refusal("?topic=chat.*")).toEqual([
      400,
      {
        error: 'there is no parameter "topic"; send ?topics=PATTERN,PATTERN',
        code: "invalid_query",
      },
    ]);
    expect(messenger.subscriptions).toBe(0);
  });

  test("more than 32 topics", async () => {
    const topics = Array.from({ length: 33 }, (_, at) => `t${at}`).join(",");
    expect(await refusal(`?topics=${topics}`)).toEqual([
      400,
      { error: "33 topics are more than 32; join them with * or >", code: "too_many_topics" },
    ]);
  });

  test("more than 32 streams, until one has gone", async () => {
    const open = Array.from({ length: 32 }, () => EventReader.open("?topics=a"));
    const [first] = await Promise.all(open);
    expect(await refusal("?topics=a")).toEqual([
      503,
      { error: "32 streams are open, and no more may be; close one", code: "too_many_streams" },
    ]);
    first?.leave();
    await until(() => messenger.subscriptions === 31);
    const next = await EventReader.open("?topics=a");
    messenger.publish("a", 5);
    expect(await next.data()).toMatchObject({ payload: 5 });
  });
});

test("a reader that is too slow loses the oldest, is told how many, and then has the newest", async () => {
  const { hostname, port } = new URL(admin.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.write("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await until(() => messenger.subscriptions === 1);
  socket.pause();
  const text = "x".repeat(64 * 1024);
  // More than sockets and the queue hold, first bit by bit, at last in bursts that no queue holds.
  const published = 800;
  for (let number = 1; number <= published; number++) {
    messenger.publish("bulk", { number, text });
    if (number % (number < 600 ? 16 : 100) === 0) await nextTurn();
  }
  await nextTurn();
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
  });
  socket.resume();
  await until(() => received.includes(`"number":${published},`));
  socket.destroy();

  const numbers = [...received.matchAll(/"number":(\d+),/g)].map(([, digits]) => Number(digits));
  const dropped = [...received.matchAll(/event: dropped\ndata: \{"dropped":(\d+)\}\n\n/g)];
  const lost = dropped.reduce((sum, [, count]) => sum + Number(count), 0);
  expect(lost).toBeGreaterThan(0);
  expect(numbers.length + lost).toBe(published);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBe(numbers.length);
  await until(() => messenger.subscriptions === 0);
});
