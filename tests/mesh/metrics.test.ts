import { describe, expect, test } from "bun:test";
import { DEFAULT_MESH_LIMITS } from "../../mesh/mesh-limits.ts";
import type { MessagingStatus } from "../../mesh/messaging/messaging-status.ts";
import { renderMetrics } from "../../mesh/metrics.ts";
import type { NodeStatus, PeerStatus } from "../../mesh/status.ts";
import { newCounters } from "../../src/counters.ts";
import { DEFAULT_ENDPOINT_LIMITS, REFUSAL_REASONS } from "../../src/index.ts";
import { parseMetrics, type Sample } from "../helpers/prometheus.ts";

const { refusals, ...counters } = newCounters();

const MESSAGING: MessagingStatus = {
  peers: 2,
  messages: { published: 1, sent: 2, dropped: 3, received: 4, delivered: 5, missed: 6 },
  requests: { asked: 7, answered: 8, failed: 9, late: 10, waiting: 11 },
  served: { received: 12, answered: 13, failed: 14, refused: 15, serving: 16 },
  subscriptions: 17,
  subscriptionList: [],
  services: ["players", "map"],
};

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
    upgraded: 2,
    heldBytes: 42,
    receivers: [],
    counters: { ...counters, messagesIn: 7, messagesOut: 8 },
  },
  mesh: null,
  messaging: MESSAGING,
  durable: null,
  game: null,
  plugins: [],
  refusals: { ...refusals, start_timeout: 5 },
  limits: DEFAULT_ENDPOINT_LIMITS,
  process: { residentBytes: 1024, uncaughtErrors: 2 },
};

function samples(changes: Partial<NodeStatus> = {}): Sample[] {
  return parseMetrics(renderMetrics({ ...STATUS, ...changes }, []));
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

  test("count the connections that became links apart", () => {
    expect(values("ccp_connections")).toEqual([{ labels: {}, value: 3 }]);
    expect(values("ccp_connections_upgraded")).toEqual([{ labels: {}, value: 2 }]);
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

const WAITING: PeerStatus = {
  name: null,
  state: "waiting",
  address: "10.0.0.3:28080",
  rttMs: null,
  direction: null,
  via: null,
  instance: null,
  incarnation: null,
  upForMs: null,
  queuedBytes: 0,
  counters: null,
  lastError: { text: "nobody listens there", at: "2026-01-01T00:00:00.000Z" },
  retryInMs: 1200,
};

const UP: PeerStatus = {
  ...WAITING,
  name: "surf-2",
  state: "up",
  address: "10.0.0.2:28080",
  rttMs: 1.5,
  direction: "dialled",
  instance: "00112233445566778899aabbccddeeff",
  incarnation: 5,
  upForMs: 60_000,
  queuedBytes: 77,
  counters: { framesIn: 1, framesOut: 2, bytesIn: 30, bytesOut: 40, dropped: 5 },
  lastError: null,
  retryInMs: null,
};

test("what becomes of durable messages is counted for each node", () => {
  const figures = { sent: 4, failed: 3, retried: 2, buried: 1 };
  const peer = { node: "bhop", patterns: [], state: "idle", lastError: null, ...figures } as const;
  const durable = { queues: [], peers: [peer], consumers: [], failure: null };
  expect(values("ccp_durable_delivered_total", { durable })).toEqual(
    Object.entries(figures).map(([event, value]) => ({ labels: { peer: "bhop", event }, value })),
  );
});

function meshOf(...peers: readonly PeerStatus[]): Pick<NodeStatus, "mesh"> {
  const instance = "ffeeddccbbaa99887766554433221100";
  const limits = DEFAULT_MESH_LIMITS;
  return { mesh: { cluster: "main", instance, incarnation: 9, peers, limits } };
}

describe("the metrics of a mesh", () => {
  const mesh = meshOf(UP, WAITING, { ...UP, name: "surf-3", state: "carried", rttMs: null });

  test("count the peers by state, and have every state", () => {
    expect(values("ccp_mesh_peers", mesh)).toEqual([
      { labels: { state: "up" }, value: 1 },
      { labels: { state: "carried" }, value: 1 },
      { labels: { state: "connecting" }, value: 0 },
      { labels: { state: "waiting" }, value: 1 },
    ]);
  });

  test("tell of each peer by its name, or its address until that is known", () => {
    expect(values("ccp_mesh_peer_up", mesh)).toEqual([
      { labels: { peer: "surf-2" }, value: 1 },
      { labels: { peer: "10.0.0.3:28080" }, value: 0 },
      { labels: { peer: "surf-3" }, value: 0 },
    ]);
    const ofSurf2 = (name: string) =>
      values(name, mesh).find(({ labels }) => labels["peer"] === "surf-2")?.value;
    expect(ofSurf2("ccp_mesh_peer_queued_bytes")).toBe(77);
    expect(ofSurf2("ccp_mesh_peer_received_bytes_total")).toBe(30);
    expect(ofSurf2("ccp_mesh_peer_sent_bytes_total")).toBe(40);
    expect(ofSurf2("ccp_mesh_peer_dropped_total")).toBe(5);
  });

  test("tell the round-trip time in seconds, where there is one", () => {
    expect(values("ccp_mesh_peer_rtt_seconds", mesh)).toEqual([
      { labels: { peer: "surf-2" }, value: 0.0015 },
    ]);
  });

  test("tell of one where two have the same name", () => {
    expect(values("ccp_mesh_peer_up", meshOf(UP, { ...UP, state: "waiting" }))).toEqual([
      { labels: { peer: "surf-2" }, value: 1 },
    ]);
  });

  test("are not there without one", () => {
    const names = samples({ mesh: null }).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith("ccp_mesh_peer"))).toEqual([]);
  });

  test("count messages and requests", () => {
    const told = samples().filter(({ name }) => name.startsWith("ccp_mesh_"));
    const lines = told.map(({ name, labels, value }) =>
      [name, labels["event"] ?? "all", value].join(" "),
    );
    expect(lines).toEqual([
      "ccp_mesh_subscriptions all 17",
      "ccp_mesh_services all 2",
      "ccp_mesh_messages_total published 1",
      "ccp_mesh_messages_total sent 2",
      "ccp_mesh_messages_total dropped 3",
      "ccp_mesh_messages_total received 4",
      "ccp_mesh_messages_total delivered 5",
      "ccp_mesh_messages_total missed 6",
      "ccp_mesh_requests_total asked 7",
      "ccp_mesh_requests_total answered 8",
      "ccp_mesh_requests_total failed 9",
      "ccp_mesh_requests_waiting all 11",
      "ccp_mesh_served_total received 12",
      "ccp_mesh_served_total answered 13",
      "ccp_mesh_served_total failed 14",
      "ccp_mesh_served_total refused 15",
    ]);
  });
});
