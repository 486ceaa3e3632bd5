import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { newEnvelope } from "../../../../../mesh/envelope.ts";
import { FRAMINGS, framed } from "../../../../../mesh/plugins/collectors/syslog/framing.ts";
import {
  type MessageFormat,
  syslogMessage,
} from "../../../../../mesh/plugins/collectors/syslog/message.ts";
import {
  readSeverities,
  severityOf,
} from "../../../../../mesh/plugins/collectors/syslog/priority.ts";
import { SYSLOG_SINK } from "../../../../../mesh/plugins/collectors/syslog/syslog-sink.ts";
import { SettingsReader } from "../../../../../mesh/settings-reader.ts";
import { LineReceiver } from "../../../../helpers/collectors/line-receiver.ts";
import { batchOf, eventOf, readSink, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";
import {
  readMessage,
  splitLines,
  splitOctets,
} from "../../../../helpers/collectors/syslog-reader.ts";

const FORMAT: MessageFormat = {
  facility: 16,
  severities: { other: 5, byType: new Map() },
  appName: "ccp-mesh",
  enterpriseId: 32_473,
  messageBytesMax: 8000,
};

/** Everything that a type, a topic or a name may be made of. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.string({
    unit: fc.constantFrom('"', "\\", "]", "[", " ", "\n", "\u0000", "é", "a"),
    maxLength: 40,
  }),
  // Halves of characters.
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 20 })
    .map((codes) => String.fromCharCode(...codes)),
);

const anyEvent = fc
  .record({
    id: hostile,
    topic: hostile,
    node: hostile,
    time: hostile,
    type: hostile,
    text: hostile,
  })
  .map(({ text, ...fields }) => eventOf(7, { ...fields, payload: { text } }));

function shown(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}+/gu, " ");
}

describe("a message", () => {
  test("has its parts where RFC 5424 wants them", () => {
    expect(syslogMessage(eventOf(9, { topic: 'a"b]c\\d' }), FORMAT)).toBe(
      '<133>1 2026-11-22T07:11:12.123Z dust ccp-mesh - chat [ccp@32473 id="id-9" topic="a\\"b\\]c\\\\d" seq="9"] ' +
        eventOf(9, { topic: 'a"b]c\\d' }).json,
    );
  });

  test("has a time that receivers read", () => {
    const { topic, node, type, payload, ...rest } = newEnvelope({
      topic: "a",
      node: "b",
      type: "c",
      payload: {},
    });
    expect(syslogMessage(eventOf(1, rest), FORMAT)).toContain(` ${rest.time} dust `);
    expect(syslogMessage(eventOf(1, { time: "yesterday" }), FORMAT)).toStartWith("<133>1 - dust ");
    expect([topic, node, type, payload]).toEqual(["a", "b", "c", {}]);
  });

  test("can be read whatever the event holds, under either framing, one behind the other", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { minLength: 1, maxLength: 4 }), (events) => {
        const messages = events.map((event) => syslogMessage(event, FORMAT));
        for (const framing of FRAMINGS) {
          const split = framing === "octet" ? splitOctets : splitLines;
          const read = split(framed(messages, framing)).map(readMessage);
          expect(read.map(({ message }) => message)).toEqual(events.map(({ json }) => json));
          for (const [at, { envelope }] of events.entries()) {
            expect(read[at]).toMatchObject({
              priority: 133,
              version: 1,
              procId: "-",
              sdId: "ccp@32473",
              params: { id: shown(envelope.id), topic: shown(envelope.topic), seq: "7" },
            });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test("that is too long comes without its payload, and says how long it was", () => {
    const event = eventOf(1, { payload: { text: "é".repeat(5000) } });
    const { message } = readMessage(Buffer.from(syslogMessage(event, FORMAT)));
    expect(JSON.parse(message)).toEqual({
      ...event.envelope,
      payload: { cut: true, bytes: Buffer.byteLength(event.json) },
    });
    const endless = eventOf(1, { type: "t".repeat(20_000) });
    const cut = readMessage(Buffer.from(syslogMessage(endless, FORMAT)));
    expect(JSON.parse(cut.message)).toEqual({
      payload: { cut: true, bytes: Buffer.byteLength(endless.json) },
    });
    expect(cut.msgId).toBe("t".repeat(32));
  });

  test("has values that end at a whole character", () => {
    const event = eventOf(1, { topic: `a${"é".repeat(200)}`, id: '"'.repeat(1000) });
    const { params } = readMessage(Buffer.from(syslogMessage(event, FORMAT)));
    expect(params).toEqual({ id: '"'.repeat(256), topic: `a${"é".repeat(127)}`, seq: "1" });
  });

  test("is never longer than it may be", () => {
    fc.assert(
      fc.property(anyEvent, fc.nat(3000), (event, padding) => {
        const payload = { text: "x".repeat(padding) };
        const long = eventOf(1, { ...event.envelope, payload });
        const message = Buffer.from(syslogMessage(long, { ...FORMAT, messageBytesMax: 2048 }));
        expect(message.length).toBeLessThanOrEqual(2048);
        JSON.parse(readMessage(message).message);
      }),
    );
  });
});

describe("severities", () => {
  function read(written: string | readonly string[]) {
    const settings = new SettingsReader({ severity: written });
    return { severities: readSeverities(settings), problems: settings.problems };
  }

  test("by type, the longest that fits", () => {
    const { severities, problems } = read(
      "warn, player.*:info, player.ban: alert,game.*:6, chat:debug",
    );
    expect(problems).toEqual([]);
    const types = [
      "player.join",
      "player.ban",
      "player.ban.x",
      "player",
      "chat",
      "game.a.b",
      "else",
      ".",
      "",
    ];
    expect(types.map((type) => severityOf(type, severities))).toEqual([6, 1, 6, 4, 7, 6, 4, 4, 4]);
  });

  test("a type that is all dots takes no time", () => {
    const { severities } = read("a.*:info");
    expect(severityOf(".".repeat(10_000), severities)).toBe(5);
  });

  test.each([
    ["loud", ['must be one of emerg, alert, crit, err, warning, notice, info, debug, not "loud"']],
    [
      "chat:",
      ['must be one of emerg, alert, crit, err, warning, notice, info, debug, not "chat:"'],
    ],
    ["8", ['must be one of emerg, alert, crit, err, warning, notice, info, debug, not "8"']],
    [Array.from({ length: 65 }, (_, at) => `t${at}:info`), ["has more than 64 items"]],
  ])("%j", (written, texts) => {
    expect(read(written).problems.map(({ text }) => text)).toEqual(texts);
  });
});

describe("the settings of syslog", () => {
  test.each([
    ["syslog://logs.example", {}, []],
    [
      "syslog://h:1514",
      { framing: "lf", facility: "23", app_name: "surf", enterprise_id: "9" },
      [],
    ],
    ["syslog+tls://h", { tls_ca: "ca.pem", message_bytes_max: "2048" }, []],
    ["syslog://h", { ack: "line" }, [expect.stringContaining("ack is no key of [collector:logs]")]],
    ["syslog://h", { framing: "octets" }, [expect.stringContaining("did you mean octet?")]],
    [
      "syslog://h",
      { facility: "local9" },
      [expect.stringContaining("facility must be one of kern, ")],
    ],
    ["syslog://h", { facility: "24" }, [expect.stringContaining("facility must be one of kern, ")]],
    [
      "syslog://h",
      { app_name: "two words" },
      ["app_name must be at most 48 letters, digits and signs of ASCII, without spaces"],
    ],
    ["syslog://h", { enterprise_id: "0" }, [expect.stringContaining("enterprise_id must be")]],
    [
      "syslog://h",
      { message_bytes_max: "10" },
      [expect.stringContaining("message_bytes_max must")],
    ],
  ])("%s with %j", (url, written, problems) => {
    expect(readSink(SYSLOG_SINK, url, written).problems).toEqual(problems);
  });

  test.each([
    ["syslog://h", "syslog://h:514"],
    ["syslog+tls://h", "syslog+tls://h:6514"],
    ["syslog://[::1]:1", "syslog://[::1]:1"],
  ])("%s goes to %s", (url, where) => {
    expect(readSink(SYSLOG_SINK, url).sink.where).toBe(where);
  });
});

test("batches arrive one behind the other", async () => {
  await using receiver = await LineReceiver.listen();
  const sink = sinkOf(SYSLOG_SINK, `syslog://127.0.0.1:${receiver.port}`);
  expect(await send(sink, batchOf(1, 2))).toEqual({ kind: "delivered" });
  expect(await send(sink, batchOf(3))).toEqual({ kind: "delivered" });
  await sink.close();
  const read = splitOctets(Buffer.from(receiver.texts.join(""))).map(readMessage);
  expect(read.map(({ message }) => message)).toEqual([1, 2, 3].map((seq) => eventOf(seq).json));
});
