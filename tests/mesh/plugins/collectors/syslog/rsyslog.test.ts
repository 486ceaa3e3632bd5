import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { WaitingEvent } from "../../../../../mesh/plugins/collectors/sink.ts";
import { SYSLOG_SINK } from "../../../../../mesh/plugins/collectors/syslog/syslog-sink.ts";
import { HAS_RSYSLOG, Rsyslog } from "../../../../helpers/collectors/rsyslog.ts";
import {
  batchOf,
  deliver,
  eventOf,
  idsOf,
  send,
  sinkOf,
  withoutRepeats,
} from "../../../../helpers/collectors/sinks.ts";

setDefaultTimeout(20_000);

const HARD = 'é "quoted" ] \\ [x] \u0007\n\t日本 👩‍👩‍👧‍👦 <b> %d 12 <13>1';

function hardEvent(seq: number): WaitingEvent {
  return eventOf(seq, { topic: 'a."]\\é', payload: { text: HARD } });
}

describe.skipIf(!HAS_RSYSLOG)("a real rsyslog", () => {
  test.each(["octet", "lf"])("reads every part, framed by %s", async (framing) => {
    await using rsyslog = await Rsyslog.start();
    const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${rsyslog.port}`, {
      framing,
      facility: "local3",
      severity: "info",
    });
    const events = [1, 2, 3].map(hardEvent);
    expect(await send(sink, { key: "k", events })).toEqual({ kind: "delivered" });
    await sink.close();
    expect(await rsyslog.wrote(3)).toEqual(
      events.map(({ seq, json }) => [
        String(19 * 8 + 6),
        "2026-11-22T07:11:12.123Z",
        "dust",
        "ccp-mesh",
        "-",
        "chat",
        `[ccp@32473 id="id-${seq}" topic="a.\\"\\]\\\\é" seq="${seq}"]`,
        json,
      ]),
    );
  });

  test("takes the longest message whole, without a setting of its own", async () => {
    await using rsyslog = await Rsyslog.start();
    const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${rsyslog.port}`);
    const events = Array.from({ length: 200 }, (_, at) =>
      eventOf(at, { payload: { text: "é".repeat(3800 + at) } }),
    );
    await deliver(sink, { key: "k", events });
    await sink.close();
    const messages = await rsyslog.wrote(events.length);
    const arrived = messages.map((fields) => fields.at(-1));
    const whole = events.filter(({ json }, at) => json === arrived[at]);
    expect(whole.length).toBeGreaterThan(10);
    expect(whole.length).toBeLessThan(190);
    for (const json of arrived.slice(whole.length)) expect(json).toContain('"payload":{"cut":true');
  });

  test("gets a thousand events in order", async () => {
    await using rsyslog = await Rsyslog.start();
    const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${rsyslog.port}`);
    const seqs = Array.from({ length: 1000 }, (_, at) => at);
    for (let from = 0; from < seqs.length; from += 50) {
      const batch = batchOf(...seqs.slice(from, from + 50));
      expect(await send(sink, batch)).toEqual({ kind: "delivered" });
    }
    await sink.close();
    const messages = await rsyslog.wrote(seqs.length);
    expect(idsOf(messages.map((fields) => fields.at(-1) ?? ""))).toEqual(
      seqs.map((seq) => `id-${seq}`),
    );
  });

  test.each(["kill", "stop"] as const)("%s in the middle: all arrive, some twice", async (how) => {
    await using rsyslog = await Rsyslog.start();
    const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${rsyslog.port}`);
    const seqs = Array.from({ length: 300 }, (_, at) => at);
    let restarted: Promise<void> | undefined;
    for (const seq of seqs) {
      await deliver(sink, batchOf(seq));
      // Not awaited: the events go on meanwhile.
      if (seq === 100) restarted = rsyslog[how]().then(() => rsyslog.start());
      if (seq % 10 === 0) await Bun.sleep(1);
    }
    await restarted;
    await sink.close();
    const messages = await rsyslog.wrote(seqs.length);
    const ids = withoutRepeats(idsOf(messages.map((fields) => fields.at(-1) ?? "")));
    expect(ids.toSorted()).toEqual(seqs.map((seq) => `id-${seq}`).toSorted());
  });

  test("restarted while nothing comes: the last events come again unasked", async () => {
    await using rsyslog = await Rsyslog.start();
    const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${rsyslog.port}`);
    await deliver(sink, batchOf(1, 2));
    await rsyslog.wrote(2);
    await rsyslog.kill();
    await rsyslog.start();
    const messages = await rsyslog.wrote(4);
    expect(idsOf(messages.map((fields) => fields.at(-1) ?? ""))).toEqual([
      "id-1",
      "id-2",
      "id-1",
      "id-2",
    ]);
    await sink.close();
  });
});
