/** Messages as server-sent events, to follow the mesh from a shell or a page. */

import { problem } from "./admin-answers.ts";
import { payloadFields } from "./admin-json.ts";
import { meshProblem } from "./admin-messages.ts";
import { errorText } from "./error-text.ts";
import type { Message, Messenger } from "./messaging/messenger.ts";
import { quoted } from "./printable.ts";
import { MessageQueue } from "./topics/message-queue.ts";
import type { Subscription } from "./topics/subscription.ts";
import { matches } from "./topics/topic.ts";

/** People and pages that watch are few; each costs a queue. */
const STREAMS_MAX = 32;
/** What a person writes in one line; each costs a subscription. */
const TOPICS_MAX = 32;
/** What waits for a slow reader, and as long in a burst before it is told: 32 MiB with all streams, but for single messages that are longer. */
const QUEUE = { messagesMax: 1024, bytesMax: 1024 * 1024 };
/** Shorter than the minute after which proxies close a silent connection. */
const HEARTBEAT_MS = 10_000;
/**
 * Heartbeats in a row for which a reader may seem to take nothing: a minute. The system has room again only once about a
 * third of what it keeps for a connection was read, which on Linux may be 4 MiB; so one that reads 40 KB/s seems to
 * take nothing for half a minute.
 */
const HEARTBEATS_MISSED_MAX = 6;
/** What a reader is handed at once, so that one that takes a long message slowly is seen to take something. */
const CHUNK_BYTES = 64 * 1024;
/** How long what was sent to a reader that took nothing may wait in the system, before the connection is closed; Bun counts in steps of four. */
const HANG_UP_SECONDS = 1;

const EVERYTHING = ">";
const ENCODER = new TextEncoder();
/** Lines that begin with a colon are comments. */
const COMMENT = ENCODER.encode(":\n\n");
const NOTHING = new Uint8Array();
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store" };

export class EventStreams {
  readonly #heartbeatMs: number;
  readonly #streams = new Set<EventStream>();

  constructor(heartbeatMs: number = HEARTBEAT_MS) {
    this.#heartbeatMs = heartbeatMs;
  }

  /** `closeIn` has the connection closed once nothing has gone over it for so many seconds. */
  open(messenger: Messenger, request: Request, closeIn: (seconds: number) => void): Response {
    // Who asks for the headers alone must not be given a stream that nobody reads.
    if (request.method === "HEAD") return new Response(null, { headers: HEADERS });
    const unknown = [...new URL(request.url).searchParams.keys()].find((key) => key !== "topics");
    // Left alone, a slip would open a stream of everything.
    if (unknown !== undefined) {
      const text = `there is no parameter ${quoted(unknown)}; send ?topics=PATTERN,PATTERN`;
      return problem(400, text, { code: "invalid_query" });
    }
    const patterns = patternsOf(request);
    if (patterns.length > TOPICS_MAX) {
      const text = `${patterns.length} topics are more than ${TOPICS_MAX}; join them with * or >`;
      return problem(400, text, { code: "too_many_topics" });
    }
    if (this.#streams.size >= STREAMS_MAX) {
      const text = `${STREAMS_MAX} streams are open, and no more may be; close one`;
      return problem(503, text, { code: "too_many_streams" });
    }
    try {
      const stream = new EventStream({
        messenger,
        patterns,
        heartbeatMs: this.#heartbeatMs,
        onStall: () => closeIn(HANG_UP_SECONDS),
        onEnd: () => this.#streams.delete(stream),
      });
      this.#streams.add(stream);
      request.signal.addEventListener("abort", () => stream.end(), { once: true });
      return new Response(stream.body, { headers: HEADERS });
    } catch (error) {
      return meshProblem(error);
    }
  }

  /** Ends them all, in order. */
  stop(): void {
    for (const stream of this.#streams) stream.end();
  }
}

interface EventStreamOptions {
  readonly messenger: Messenger;
  readonly patterns: readonly string[];
  readonly heartbeatMs: number;
  /** The reader has taken nothing for a while: the stream ends. */
  readonly onStall: () => void;
  readonly onEnd: () => void;
}

/** Only ever onwards. */
type State = "open" | "ended";

class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #subscriptions: readonly Subscription[];
  readonly #heartbeat: ReturnType<typeof setInterval>;
  readonly #queue = new MessageQueue<Uint8Array>(QUEUE);
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #state: State = "open";
  /** At first at once, because the headers go with the first bytes. Anything that is sent is one. */
  #isHeartbeatDue = true;
  /** Heartbeats that fell due since the reader last took something. */
  #heartbeatsMissed = 0;
  /** What is still to be sent of what has been begun. */
  #rest: Uint8Array = NOTHING;
  /** Messages that gave way in the queue. */
  #dropped = 0;
  /** Of all that gave way, those that the reader was told of. */
  #toldOf = 0;
  /** Whoever waits for something to send. */
  #waiting: (() => void) | undefined;

  /** @throws {MeshError} `invalid_topic`, `too_many_subscriptions` */
  constructor({ messenger, patterns, heartbeatMs, onStall, onEnd }: EventStreamOptions) {
    this.#onEnd = onEnd;
    this.#subscriptions = this.#subscribe(messenger, patterns);
    this.#heartbeat = setInterval(() => {
      if (this.#isHeartbeatDue) this.#heartbeatsMissed += 1;
      if (this.#heartbeatsMissed >= HEARTBEATS_MISSED_MAX) {
        this.end();
        onStall();
        return;
      }
      this.#isHeartbeatDue = true;
      this.#wake();
    }, heartbeatMs);
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        // Called when the reader has taken what was sent before, so that a slow one fills the queue alone.
        pull: (controller) => this.#send(controller),
        cancel: () => this.end(),
      },
      { highWaterMark: 0 },
    );
  }

  end(): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    clearInterval(this.#heartbeat);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#queue.clear();
    this.#rest = NOTHING;
    this.#wake();
    try {
      this.#controller?.close();
    } catch {
      // Its reader has cancelled it.
    }
    this.#onEnd();
  }

  #subscribe(messenger: Messenger, patterns: readonly string[]): Subscription[] {
    const subscriptions: Subscription[] = [];
    try {
      for (const [at, pattern] of patterns.entries()) {
        const before = patterns.slice(0, at);
        const take = (message: Message): void => {
          // What two patterns match comes twice, and is told once.
          if (!before.some((other) => matches(other, message.topic))) this.#push(eventOf(message));
        };
        subscriptions.push(messenger.subscribe(pattern, take, { queue: QUEUE }));
      }
    } catch (error) {
      for (const subscription of subscriptions) subscription.unsubscribe();
      throw error;
    }
    return subscriptions;
  }

  #push(event: string): void {
    const bytes = ENCODER.encode(event);
    this.#dropped += this.#queue.push(bytes, bytes.length);
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async #send(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (!this.#hasMore && !this.#isHeartbeatDue && this.#state === "open") {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    if (this.#state === "ended") return;
    this.#isHeartbeatDue = false;
    this.#heartbeatsMissed = 0;
    if (this.#rest.length === 0) this.#rest = this.#next();
    controller.enqueue(this.#rest.subarray(0, CHUNK_BYTES));
    this.#rest = this.#rest.subarray(CHUNK_BYTES);
  }

  get #hasMore(): boolean {
    return this.#rest.length > 0 || this.#queue.size > 0;
  }

  #next(): Uint8Array {
    // A burst may be too much for the subscription already.
    const dropped = this.#subscriptions.reduce((sum, one) => sum + one.dropped, this.#dropped);
    if (dropped === this.#toldOf) return this.#queue.shift() ?? COMMENT;
    const data = JSON.stringify({ dropped: dropped - this.#toldOf });
    this.#toldOf = dropped;
    return ENCODER.encode(`event: dropped\ndata: ${data}\n\n`);
  }
}

function patternsOf(request: Request): string[] {
  const written = new URL(request.url).searchParams.getAll("topics").join(",");
  const patterns = written.split(",").map((pattern) => pattern.trim());
  const distinct = new Set(patterns.filter((pattern) => pattern !== ""));
  return distinct.size === 0 ? [EVERYTHING] : [...distinct];
}

function eventOf(message: Message): string {
  const { topic, from } = message;
  return `data: ${JSON.stringify({ topic, from, ...contentOf(message) })}\n\n`;
}

/** Whoever published it may have sent what is no MessagePack; who watches is to see that it came. */
function contentOf(message: Message): object {
  try {
    return payloadFields(message.payload);
  } catch (error) {
    return { payload: null, error: errorText(error) };
  }
}
