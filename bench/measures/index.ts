import type { Measure } from "../measure.ts";
import { backlog } from "./backlog.ts";
import { collectorHttp } from "./collector-http.ts";
import { connecting } from "./connecting.ts";
import { durablePublish } from "./durable-publish.ts";
import { idleMemory } from "./idle-memory.ts";
import { inFlight } from "./in-flight.ts";
import { meshBulk } from "./mesh-bulk.ts";
import { meshPublish } from "./mesh-publish.ts";
import { meshRoundTrip } from "./mesh-round-trip.ts";
import { meshValues } from "./mesh-values.ts";
import { oneWay } from "./one-way.ts";
import { outboxAppend } from "./outbox-append.ts";
import { outboxCommit } from "./outbox-commit.ts";
import { roundTrip } from "./round-trip.ts";

export const MEASURES: readonly Measure[] = [
  oneWay({ dataBytes: 128, label: "128 B", target: { atLeast: 0.5 } }),
  oneWay({ dataBytes: 4 * 1024, label: "4 KiB" }),
  oneWay({ dataBytes: 64 * 1024, label: "64 KiB" }),
  roundTrip,
  inFlight({ requests: 64, target: { atLeast: 0.6 } }),
  inFlight({ requests: 256 }),
  idleMemory,
  connecting({ bareRoundTrip: true }),
  connecting({ bareRoundTrip: false }),
  meshRoundTrip,
  meshPublish,
  meshValues,
  meshBulk,
  outboxAppend,
  outboxCommit,
  collectorHttp,
  durablePublish,
  backlog,
];
