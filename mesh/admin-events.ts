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
/** What waits for a slow reader: as long as a subscription's own queue. */
const QUEUE = { messagesMax: 1024, bytesMax: 4 * 1024 * 1024 };
/** Shorter than the minute after which proxies close a silent connection. */
const HEARTBEAT_MS = 15_000;

const EVERYTHING = ">";
/** Lines that begin with a colon are comments. */
const COMMENT = ":\n\n";
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store" };

export class EventStreams {
  readonly #heartbeatMs: number;
  readonly #streams = new Set<EventStream>();

  constructor(heartbeatMs: number = HEARTBEAT_MS) {
    this.#heartbeatMs = heartbeatMs;
  }

  open(messenger: Messenger, request: Request): Response {
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
  readonly onEnd: () => void;
}

/** Only ever onwards. */
type State = "open" | "ended";

class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  readonly #subscriptions: readonly Subscription[];
  readonly #heartbeat: ReturnType<typeof setInterval>;
  readonly #queue = new MessageQueue<string>(QUEUE);
  readonly #encoder = new TextEncoder();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #state: State = "open";
  /** At first at once, because the headers go with the first bytes. */
  #isHeartbeatDue = true;
  /** Messages that gave way in the queue. */
  #dropped = 0;
  /** Of all that gave way, those that the reader was told of. */
  #toldOf = 0;
  /** Whoever waits for something to send. */
  #waiting: (() => void) | undefined;

  /** @throws {MeshError} `invalid_topic`, `too_many_subscriptions` */
  constructor({ messenger, patterns, heartbeatMs, onEnd }: EventStreamOptions) {
    this.#onEnd = onEnd;
    this.#subscriptions = this.#subscribe(messenger, patterns);
    this.#heartbeat = setInterval(() => {
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
    this.#dropped += this.#queue.push(event, event.length);
    this.#wake();
  }

  #wake(): void {
    this.#waiting?.();
    this.#waiting = undefined;
  }

  async #send(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#queue.size === 0 && !this.#isHeartbeatDue && this.#state === "open") {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    if (this.#state === "ended") return;
    this.#isHeartbeatDue = false;
    const event = this.#queue.shift() ?? COMMENT;
    controller.enqueue(this.#encoder.encode(this.#toldDropped() + event));
  }

  #toldDropped(): string {
    // A burst may be too much for the subscription already.
    const dropped = this.#subscriptions.reduce((sum, one) => sum + one.dropped, this.#dropped);
    if (dropped === this.#toldOf) return "";
    const data = JSON.stringify({ dropped: dropped - this.#toldOf });
    this.#toldOf = dropped;
    return `event: dropped\ndata: ${data}\n\n`;
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
