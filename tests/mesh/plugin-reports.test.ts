import { beforeEach, expect, test } from "bun:test";
import { type PluginMetric, PluginReports } from "../../mesh/plugin-reports.ts";

let failures: string[];
let reports: PluginReports;

beforeEach(() => {
  failures = [];
  reports = new PluginReports("admin-chat", (what) => failures.push(what));
});

function metric(changes: Partial<PluginMetric> = {}): PluginMetric {
  const samples = [[{ reason: "muted" }, 3]] as const;
  return { name: "lines_total", type: "counter", help: "Lines.", samples, ...changes };
}

test("a plugin that tells nothing of itself has nothing in the status", () => {
  expect(reports.status()).toBeUndefined();
  expect(reports.metrics()).toEqual([]);
});

test("what it tells is as JSON has it, until it takes it back", () => {
  const registration = reports.onStatus(() => ({ since: new Date(0), lines: [1, undefined] }));
  expect(reports.status()).toEqual({ since: "1970-01-01T00:00:00.000Z", lines: [1, null] });
  expect(() => reports.onStatus(() => 1)).toThrow("plugin admin-chat reports its status already");
  registration.remove();
  expect(reports.status()).toBeUndefined();
});

test("what is taken back twice leaves what came after it", () => {
  const status = reports.onStatus(() => 1);
  const metrics = reports.onMetrics(() => []);
  for (const registration of [status, metrics]) registration.remove();
  reports.onStatus(() => 2);
  reports.onMetrics(() => [metric()]);
  for (const registration of [status, metrics]) registration.remove();
  expect(reports.status()).toBe(2);
  expect(reports.metrics().length).toBe(1);
});

test("metrics carry the name of the plugin", () => {
  reports.onMetrics(() => [metric()]);
  expect(reports.metrics()).toEqual([metric({ name: "ccp_admin_chat_lines_total" })]);
});

test("a report that fails costs itself alone, and is told", () => {
  reports.onStatus(() => {
    throw new Error("no map");
  });
  reports.onMetrics(() => [metric({ name: "Lines total" })]);
  expect(reports.status()).toEqual({ error: "no map" });
  expect(reports.metrics()).toEqual([]);
  expect(failures).toEqual(["status", "metrics"]);
});

test("a label is a name, and the samples of one metric are bounded", () => {
  reports.onMetrics(() => [metric({ samples: [[{ "a b": "c" }, 1]] })]).remove();
  const samples = Array.from({ length: 2000 }, (_, n) => [{ n: String(n) }, n] as const);
  reports.onMetrics(() => [metric({ samples })]);
  expect(reports.metrics()[0]?.samples.length).toBe(1000);
});
