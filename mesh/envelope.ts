/** The one form of what happens in a game or a chat, as it travels on topics. */

/** Grows when a field changes its meaning; more fields may come without that. */
export const ENVELOPE_VERSION = 1;

export interface Envelope {
  readonly v: number;
  /** A UUID; the same wherever the event turns up. */
  readonly id: string;
  readonly topic: string;
  /** The name of the node where it happened. */
  readonly node: string;
  /** ISO 8601, with milliseconds, by the clock of that node. */
  readonly time: string;
  /** Such as `chat` or `player.join`; says what `payload` holds. */
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A new event, of now. */
export function newEnvelope(
  event: Pick<Envelope, "topic" | "node" | "type" | "payload">,
): Envelope {
  const { topic, node, type, payload } = event;
  const now = Date.now();
  const id = Bun.randomUUIDv7("hex", now);
  return { v: ENVELOPE_VERSION, id, topic, node, time: new Date(now).toISOString(), type, payload };
}

/**
 * Whether it has all the fields of an envelope, with what they must hold. By hand, because a library's check takes
 * several times as long as all the rest of reading an event.
 */
export function isEnvelope(value: unknown): value is Envelope {
  return (
    isObject(value) &&
    Number.isFinite(value["v"]) &&
    typeof value["id"] === "string" &&
    typeof value["topic"] === "string" &&
    typeof value["node"] === "string" &&
    typeof value["type"] === "string" &&
    typeof value["time"] === "string" &&
    !Number.isNaN(Date.parse(value["time"])) &&
    isObject(value["payload"])
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
