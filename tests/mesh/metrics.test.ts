import { describe, expect, test } from "bun:test";
import { renderMetrics } from "../../mesh/metrics.ts";
import type { NodeStatus } from "../../mesh/status.ts";
import { newCounters } from "../../src/counters.ts";
import { DEFAULT_ENDPOINT_LIMITS, REFUSAL_REASONS } from "../../src/index.ts";
import { parseMetrics, type Sample } from "../helpers/prometheus.ts";

const { refusals, ...counters } = newCounters();

const STATUS: NodeStatus = {
  node: {
    name: "surf-1",
    state: "ready",
    version: "0.1.0",
    bun: "1.4.5",
    startedAt: "2026-01-01T00:00:00.000Z",
    uptimeMs: 1500,
  },
  endpoint: {
    hostname: "::",
    port: 28_080,
    connections: 3,
    pending: 1,
    heldBytes: 42,
    receivers: [],
    counters: { ...counters, messagesIn: 7, messagesOut: 8 },
  },
  plugins: [],
  refusals: { ...refusals, start_timeout: 5 },
  limits: DEFAULT_ENDPOINT_LIMITS,
  process: { residentBytes: 1024, uncaughtErrors: 2 },
};

function samples(changes: Partial<NodeStatus> = {}): Sample[] {
  return parseMetrics(renderMetrics({ ...STATUS, ...changes }));
}

function values(name: string, changes?: Partial<NodeStatus>): Omit<Sample, "name">[] {
  return samples(changes)
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => ({ labels, value }));
}

describe("the metrics", () => {
  test("tell who it is, and since when, in seconds", () => {
    const labels = { name: "surf-1", version: "0.1.0", bun: "1.4.5" };
    expect(values("ccp_node_info")).toEqual([{ labels, value: 1 }]);
    expect(values("ccp_uptime_seconds")).toEqual([{ labels: {}, value: 1.5 }]);
  });

  test("say that it is ready only while it is", () => {
    const draining: NodeStatus["node"] = { ...STATUS.node, state: "draining" };
    expect(values("ccp_ready")).toEqual([{ labels: {}, value: 1 }]);
    expect(values("ccp_ready", { node: draining })).toEqual([{ labels: {}, value: 0 }]);
  });

  test("count messages by direction", () => {
    expect(values("ccp_messages_total")).toEqual([
      { labels: { direction: "in" }, value: 7 },
      { labels: { direction: "out" }, value: 8 },
    ]);
  });

  test("have a counter for every reason of a refusal, from the start", () => {
    const counted = values("ccp_refusals_total");
    expect(counted.map(({ labels }) => labels["reason"])).toEqual([...REFUSAL_REASONS]);
    expect(counted.find(({ labels }) => labels["reason"] === "start_timeout")?.value).toBe(5);
  });

  test("count what nothing caught", () => {
    expect(values("ccp_uncaught_errors_total")).toEqual([{ labels: {}, value: 2 }]);
  });

  test("escape what a path may hold", () => {
    const module = 'C:\\plugins\\"odd"\n.ts';
    const plugins = [{ name: module, module, state: "failed" as const, error: "gone" }];
    expect(values("ccp_plugins", { plugins })).toEqual([
      { labels: { plugin: module, module, state: "failed" }, value: 1 },
    ]);
  });

  test("keep two modules apart that had the same name, one after the other", () => {
    const plugins = ["a.ts", "b.ts"].map((module) => ({
      name: "chat",
      module,
      state: "unloaded" as const,
    }));
    expect(values("ccp_plugins", { plugins }).map(({ labels }) => labels["module"])).toEqual([
      "a.ts",
      "b.ts",
    ]);
  });
});
