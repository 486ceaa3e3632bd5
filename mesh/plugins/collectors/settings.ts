/** A section `[collector:NAME]`: which events, where to, and how. */

import { assertPattern, MeshError, type QueueOptions, type SettingsReader } from "../../index.ts";
import { readDeliverySettings } from "./delivery-settings.ts";
import type { DeliverySettings } from "./limits.ts";
import {
  QUEUE_AGE_DEFAULT_S,
  QUEUE_AGE_MAX_S,
  QUEUE_BYTES_DEFAULT,
  QUEUE_BYTES_MAX,
  QUEUE_BYTES_MIN,
  TOPICS_MAX,
} from "./queue-limits.ts";
import type { Sink, SinkKind } from "./sink.ts";
import { SINK_KINDS } from "./sink-kinds.ts";

export interface CollectorSettings {
  readonly name: string;
  /** Patterns of topics. */
  readonly topics: readonly string[];
  readonly queue: QueueOptions;
  readonly delivery: DeliverySettings;
  readonly sink: Sink;
}

export interface CollectorSection {
  /** NAME. */
  readonly name: string;
  /** The node's. */
  readonly node: string;
  readonly settings: SettingsReader;
}

/** `undefined` where something is wrong, which stands in the reader's problems. */
export function readCollector({
  name,
  node,
  settings,
}: CollectorSection): CollectorSettings | undefined {
  const topics = readTopics(settings);
  const queue = readQueue(settings);
  const delivery = readDeliverySettings(settings);
  const sink = readSink({ name, node, settings });
  if (sink === undefined || settings.problems.length > 0) return undefined;
  return { name, topics, queue, delivery, sink };
}

function readTopics(settings: SettingsReader): readonly string[] {
  const topics = settings.list("topics");
  if (topics.length === 0) {
    settings.problem("topics", "is missing: name topics or patterns, such as game.>, player.*");
  } else if (topics.length > TOPICS_MAX) {
    settings.problem("topics", `names ${topics.length} patterns, more than ${TOPICS_MAX}`);
  }
  for (const topic of topics) {
    const problem = topicProblem(topic);
    if (problem !== undefined) settings.problem("topics", `is mistaken: ${problem}`, topic);
  }
  return topics;
}

/** What is wrong with it, naming it; undefined if nothing is. */
function topicProblem(pattern: string): string | undefined {
  try {
    assertPattern(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof MeshError) return error.message;
    throw error;
  }
}

function readQueue(settings: SettingsReader): QueueOptions {
  const range = { min: QUEUE_BYTES_MIN, max: QUEUE_BYTES_MAX };
  const ageRange = { min: 1, max: QUEUE_AGE_MAX_S };
  return {
    bytesMax: settings.whole("queue_bytes_max", QUEUE_BYTES_DEFAULT, range),
    ageMaxMs: settings.whole("queue_age_max_s", QUEUE_AGE_DEFAULT_S, ageRange) * 1000,
    whenFull: settings.choice("when_full", ["refuse", "drop_oldest"], "refuse"),
  };
}

function readSink({ name, node, settings }: CollectorSection): Sink | undefined {
  const schemes = SINK_KINDS.flatMap((kind) => kind.schemes).map((scheme) => `${scheme}://`);
  const written = settings.required("url", `where the events go, as ${schemes.join(", ")}`);
  if (written === "") {
    knowAll({ name, node, settings });
    return undefined;
  }
  const isKnown = schemes.some((scheme) => written.toLowerCase().startsWith(scheme));
  const url = isKnown ? URL.parse(written) : null;
  const kind = url === null ? undefined : kindOf(url);
  if (url === null || kind === undefined) {
    // Not shown: there may be a secret in it.
    const text = isKnown
      ? "cannot be read as an address: check the host, and the port, which is 1 to 65535"
      : `must begin with one of ${schemes.join(", ")}, with a host or a path behind`;
    settings.problem("url", text);
    knowAll({ name, node, settings });
    return undefined;
  }
  return kind.create({ collector: name, node, url, settings });
}

/** What it is to be nobody knows, so that each key counts as known that any kind has. */
function knowAll({ name: collector, node, settings }: CollectorSection): void {
  for (const { create, examples } of SINK_KINDS) {
    for (const example of examples) {
      // What is wrong there depends on the kind, and is told once that is known.
      const copy = settings.copy();
      create({ collector, node, url: new URL(example), settings: copy });
      settings.know(copy);
    }
  }
}

function kindOf({ protocol }: URL): SinkKind | undefined {
  return SINK_KINDS.find(({ schemes }) => schemes.includes(protocol.slice(0, -1)));
}
