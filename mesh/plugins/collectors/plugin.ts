/** Events that are pushed to programs elsewhere, none of them lost: `[collector:NAME]`. */

import {
  definePlugin,
  type Logger,
  type OutboxQueue,
  type Plugin,
  type PluginNode,
  type SettingsReader,
  type Tap,
  SYSTEM_CLOCK,
} from "../../index.ts";
import { Delivery } from "./delivery.ts";
import { eventBytes } from "./event-bytes.ts";
import { UNLOAD_GRACE_MS } from "./limits.ts";
import { type CollectorSettings, readCollector } from "./settings.ts";
import type { Sink } from "./sink.ts";

/** All that is wrong with a section stands in the reader's problems afterwards. Answers which files are its own. */
export function checkCollector(
  name: string,
  node: string,
  settings: SettingsReader,
): readonly string[] {
  return readCollector({ name, node, settings })?.sink.files ?? [];
}

/** What each collector needs of this machine and does not find now, with its section. */
export async function lackingOfCollectors(
  node: string,
  settings: SettingsReader,
): Promise<readonly string[]> {
  const texts = [...settings.groups()].map(async ([name, group]) => {
    const lacking = await readCollector({ name, node, settings: group })?.sink.lacks?.();
    return (lacking ?? []).map((text) => `[collector:${name}] ${text}`);
  });
  return (await Promise.all(texts)).flat();
}

interface Running {
  readonly settings: CollectorSettings;
  readonly log: Logger;
  readonly queue: OutboxQueue;
  readonly delivery: Delivery;
}

export const collectorsPlugin: Plugin = definePlugin({
  name: "collectors",
  setup(node) {
    const sections = node.readSettings((settings) =>
      [...settings.groups()].map(([name, group]) =>
        readCollector({ name, node: node.name, settings: group }),
      ),
    );
    // One for all of them, so that an event has the same id wherever it goes.
    const encode: Tap["encode"] = (topic, payload) => eventBytes(node.name, topic, payload);
    const running: Running[] = [];
    // Before any of them runs: where one cannot, the others are ended.
    node.onUnload(
      async () => {
        await Promise.all(
          running.map(async ({ delivery, settings }) => {
            await delivery.close();
            await settings.sink.close();
          }),
        );
      },
      { graceMs: UNLOAD_GRACE_MS },
    );
    for (const settings of sections) {
      if (settings !== undefined) running.push(collect(node, settings, encode));
    }
    report(node, running);
    for (const { settings, log } of running) void warnOfLacks(settings.sink, log);
  },
});

function collect(node: PluginNode, settings: CollectorSettings, encode: Tap["encode"]): Running {
  const { name, topics, sink, delivery: how } = settings;
  const log = node.log.child({ collector: name });
  const queue = node.outbox.queue(name, settings.queue);
  const delivery = new Delivery({
    node: node.name,
    collector: name,
    queue,
    sink,
    settings: how,
    log,
    clock: SYSTEM_CLOCK,
  });
  node.outbox.tap(topics, {
    queue,
    encode,
    onAppended: () => delivery.wake(),
  });
  sink.start?.();
  delivery.start();
  return { settings, log, queue, delivery };
}

/** Before the first event tells. It is no reason not to run: what is missing may come, and the events wait for it. */
async function warnOfLacks(sink: Sink, log: Logger): Promise<void> {
  for (const text of (await sink.lacks?.()) ?? []) log.warn(`events will wait: ${text}`);
}

function report(node: PluginNode, running: readonly Running[]): void {
  node.onStatus(() => running.map(statusOf));
  node.onMetrics(() => [
    {
      name: "events_total",
      type: "counter",
      help: "Events of each collector, by what became of them.",
      samples: running.flatMap(({ settings, queue, delivery }) => {
        const { sent, buried } = delivery.status;
        const { refused, dropped } = queue.status();
        const counts = { sent, buried, refused, dropped };
        return Object.entries(counts).map(
          ([event, count]) => [{ collector: settings.name, event }, count] as const,
        );
      }),
    },
    {
      name: "batches_total",
      type: "counter",
      help: "Batches that were not taken, and that were sent again.",
      samples: running.flatMap(({ settings, delivery }) => {
        const { failed, retried } = delivery.status;
        return [
          [{ collector: settings.name, event: "failed" }, failed] as const,
          [{ collector: settings.name, event: "retried" }, retried] as const,
        ];
      }),
    },
    gauge(running, "depth", "Events that wait on the disk.", ({ queue }) => queue.status().depth),
    gauge(running, "dead", "Events that were set aside.", ({ queue }) => queue.status().dead),
    gauge(running, "oldest_seconds", "Age of the oldest event that waits.", ({ queue }) => {
      const { oldestAt } = queue.status();
      return oldestAt === undefined ? 0 : Math.max(0, (Date.now() - oldestAt) / 1000);
    }),
    gauge(running, "open", "1 while the receiver seems to be gone.", ({ delivery }) =>
      delivery.status.state === "open" ? 1 : 0,
    ),
  ]);
}

function gauge(
  running: readonly Running[],
  name: string,
  help: string,
  valueOf: (running: Running) => number,
) {
  const samples = running.map(
    (each) => [{ collector: each.settings.name }, valueOf(each)] as const,
  );
  return { name, type: "gauge", help, samples } as const;
}

function statusOf({ settings, queue, delivery }: Running): unknown {
  const { depth, bytes, oldestAt, refused, dropped, dead } = queue.status();
  return {
    name: settings.name,
    url: settings.sink.where,
    topics: settings.topics,
    ...delivery.status,
    depth,
    bytes,
    oldestAt: oldestAt === undefined ? null : new Date(oldestAt),
    refused,
    dropped,
    dead,
  };
}
