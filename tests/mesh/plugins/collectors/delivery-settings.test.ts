import { expect, test } from "bun:test";
import { SettingsReader, type WrittenSettings } from "../../../../mesh/index.ts";
import { readDeliverySettings } from "../../../../mesh/plugins/collectors/delivery-settings.ts";
import {
  DELIVERY_DEFAULTS,
  type DeliverySettings,
} from "../../../../mesh/plugins/collectors/limits.ts";

function read(written: WrittenSettings): {
  readonly settings: DeliverySettings;
  readonly problems: readonly string[];
} {
  const reader = new SettingsReader(written);
  const settings = readDeliverySettings(reader);
  reader.refuseUnknown("[collector:web]");
  return { settings, problems: reader.problems.map(({ key, text }) => `${key} ${text}`) };
}

test("nothing written is the defaults", () => {
  expect(read({})).toEqual({ settings: DELIVERY_DEFAULTS, problems: [] });
});

test("each key sets its own", () => {
  const { settings, problems } = read({
    batch_events: "1",
    batch_bytes: "2048",
    batch_ms: "3",
    concurrency: "4",
    timeout_ms: "500",
    retry_min_ms: "60",
    retry_max_ms: "70",
    tries_max: "8",
  });
  expect(problems).toEqual([]);
  expect(settings).toEqual({
    batchEvents: 1,
    batchBytes: 2048,
    batchMs: 3,
    concurrency: 4,
    timeoutMs: 500,
    retryMinMs: 60,
    retryMaxMs: 70,
    triesMax: 8,
  });
});

test("what cannot be is said key by key", () => {
  expect(read({ concurrency: "17", batch_events: "0", batch_byte: "1" }).problems).toEqual([
    'batch_events must be a whole number from 1 to 4000, not "0"',
    'concurrency must be a whole number from 1 to 16, not "17"',
    'batch_byte is no key of [collector:web]; did you mean "batch_bytes"?',
  ]);
});

test("a first wait longer than the longest is a mistake", () => {
  expect(read({ retry_min_ms: "90000" }).problems).toEqual([
    "retry_min_ms makes the longest wait, 60000 ms, shorter than the first, 90000 ms; correct one of retry_min_ms and retry_max_ms",
  ]);
  expect(read({ retry_max_ms: "100" }).problems.length).toBe(1);
});
