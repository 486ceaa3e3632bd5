/** One event for one collector, to see what its receiver says. */

import { newEnvelope, type SettingsReader } from "../../index.ts";
import { readCollector } from "./settings.ts";

export interface Tried {
  readonly ok: boolean;
  /** Ready for a terminal. */
  readonly text: string;
}

/** Receivers tell it from others by its type. */
const TEST_TYPE = "collector.test";

/** `settings` as the plugin has them. Sends past the outbox, so that it works beside a node that runs. */
export async function tryCollector(
  name: string,
  node: string,
  settings: SettingsReader,
): Promise<Tried> {
  const groups = settings.groups();
  const group = groups.get(name);
  if (group === undefined) {
    const names = [...groups.keys()].join(", ") || "none";
    return { ok: false, text: `the config has no [collector:${name}]; its collectors: ${names}` };
  }
  const collector = readCollector({ name, node, settings: group });
  if (collector === undefined) return { ok: false, text: `[collector:${name}] is mistaken` };
  const { sink, delivery, topics } = collector;
  const payload = { text: `a test of the collector ${name}` };
  const envelope = newEnvelope({ topic: TEST_TYPE, node, type: TEST_TYPE, payload });
  const events = [{ seq: 1, envelope, json: JSON.stringify(envelope) }];
  const batch = { events, key: `${node}:${name}:test:${envelope.id}` };
  const beganMs = performance.now();
  try {
    const result = await sink.send(batch, AbortSignal.timeout(delivery.timeoutMs));
    const tookMs = Math.round(performance.now() - beganMs);
    if (result.kind === "delivered") {
      const text = `${sink.where} took the event after ${tookMs} ms; events on ${topics.join(", ")} go there`;
      return { ok: true, text };
    }
    return { ok: false, text: result.text };
  } finally {
    await sink.close();
  }
}
