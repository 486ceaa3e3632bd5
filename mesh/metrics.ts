/** The status of a node in the text format of Prometheus, version 0.0.4. */

import type { PeerState } from "./cluster/peer-status.ts";
import type { DurableStatus, QueueLine } from "./durable/durable.ts";
import type { MessagingStatus } from "./messaging/messaging-status.ts";
import type { PluginMetric } from "./plugin-reports.ts";
import type { MeshStatus, NodeStatus, PeerStatus } from "./status.ts";

type MetricType = "counter" | "gauge";
type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const PEER_STATES: readonly PeerState[] = ["up", "carried", "connecting", "waiting"];

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function renderMetrics(status: NodeStatus, ofPlugins: readonly PluginMetric[]): string {
  const { node, endpoint, plugins, refusals, process } = status;
  const { counters } = endpoint;
  const metrics = [
    metric("ccp_node_info", "gauge", "The node, its version and Bun's.", [
      [{ name: node.name, version: node.version, bun: node.bun }, 1],
    ]),
    metric("ccp_uptime_seconds", "gauge", "Since the node started.", one(node.uptimeMs / 1000)),
    metric("ccp_ready", "gauge", "1 while the node is ready.", one(node.state === "ready" ? 1 : 0)),
    metric("ccp_connections", "gauge", "Connections open.", one(endpoint.connections)),
    metric(
      "ccp_connections_pending",
      "gauge",
      "Connections that have not started a communication.",
      one(endpoint.pending),
    ),
    metric(
      "ccp_connections_upgraded",
      "gauge",
      "Connections that are links of the mesh.",
      one(endpoint.upgraded),
    ),
    metric(
      "ccp_held_bytes",
      "gauge",
      "Bytes in partial messages, requests in flight and queues.",
      one(endpoint.heldBytes),
    ),
    metric("ccp_connections_total", "counter", "Connections let in.", one(counters.connections)),
    metric(
      "ccp_communications_total",
      "counter",
      "Communications accepted.",
      one(counters.communications),
    ),
    metric("ccp_messages_total", "counter", "Messages, by direction.", [
      [{ direction: "in" }, counters.messagesIn],
      [{ direction: "out" }, counters.messagesOut],
    ]),
    metric("ccp_bytes_total", "counter", "Bytes of messages, by direction.", [
      [{ direction: "in" }, counters.bytesIn],
      [{ direction: "out" }, counters.bytesOut],
    ]),
    metric(
      "ccp_nobody_home_total",
      "counter",
      "Communications for which no plugin was there.",
      one(counters.nobodyHome),
    ),
    metric(
      "ccp_receiver_errors_total",
      "counter",
      "Receivers that failed.",
      one(counters.receiverErrors),
    ),
    metric(
      "ccp_refusals_total",
      "counter",
      "Connections and communications that the endpoint ended, by reason.",
      Object.entries(refusals).map(([reason, count]) => [{ reason }, count]),
    ),
    metric(
      "ccp_plugins",
      "gauge",
      "1 for each configured plugin, with its state.",
      // Two modules may have had the same name, one after the other.
      plugins.map(({ name, module, state }) => [{ plugin: name, module, state }, 1]),
    ),
    metric(
      "ccp_uncaught_errors_total",
      "counter",
      "Errors that nothing caught; the node went on.",
      one(process.uncaughtErrors),
    ),
    metric(
      "process_resident_memory_bytes",
      "gauge",
      "Resident memory.",
      one(process.residentBytes),
    ),
    ...(status.mesh === null ? [] : meshMetrics(status.mesh)),
    ...messagingMetrics(status.messaging),
    ...(status.durable === null ? [] : durableMetrics(status.durable)),
    ...ofPlugins.map(({ name, type, help, samples }) => metric(name, type, help, samples)),
  ];
  return metrics.join("");
}

function meshMetrics({ peers }: MeshStatus): string[] {
  const states = PEER_STATES.map((state): Sample => {
    return [{ state }, peers.filter((peer) => peer.state === state).length];
  });
  const counted = (counter: "bytesIn" | "bytesOut" | "dropped") =>
    ofEachPeer(peers, ({ counters }) => counters?.[counter]);
  return [
    metric("ccp_mesh_peers", "gauge", "Other nodes and addresses to dial, by state.", states),
    metric(
      "ccp_mesh_peer_up",
      "gauge",
      "1 while there is a link with the peer.",
      ofEachPeer(peers, ({ state }) => (state === "up" ? 1 : 0)),
    ),
    metric(
      "ccp_mesh_peer_rtt_seconds",
      "gauge",
      "Round-trip time of the last ping.",
      ofEachPeer(peers, ({ rttMs }) => (rttMs === null ? undefined : rttMs / 1000)),
    ),
    metric(
      "ccp_mesh_peer_queued_bytes",
      "gauge",
      "Bytes that wait for the peer.",
      ofEachPeer(peers, ({ queuedBytes }) => queuedBytes),
    ),
    metric(
      "ccp_mesh_peer_received_bytes_total",
      "counter",
      "Bytes that came on the link.",
      counted("bytesIn"),
    ),
    metric(
      "ccp_mesh_peer_sent_bytes_total",
      "counter",
      "Bytes that went on the link.",
      counted("bytesOut"),
    ),
    metric(
      "ccp_mesh_peer_dropped_total",
      "counter",
      "Messages that were not sent because too much waited for the peer.",
      counted("dropped"),
    ),
  ];
}

/** Labelled with its name, or its address until that is known; of two with one label, the first counts. */
function ofEachPeer(
  peers: readonly PeerStatus[],
  valueOf: (peer: PeerStatus) => number | undefined,
): Sample[] {
  const samples = new Map<string, Sample>();
  for (const peer of peers) {
    const label = peer.name ?? peer.address;
    const value = valueOf(peer);
    if (label === null || value === undefined || samples.has(label)) continue;
    samples.set(label, [{ peer: label }, value]);
  }
  return [...samples.values()];
}

function messagingMetrics(messaging: MessagingStatus): string[] {
  const { messages, requests, served } = messaging;
  return [
    metric("ccp_mesh_subscriptions", "gauge", "Subscriptions.", one(messaging.subscriptions)),
    metric("ccp_mesh_services", "gauge", "Services offered.", one(messaging.services.length)),
    metric("ccp_mesh_messages_total", "counter", "Messages, by what became of them.", [
      [{ event: "published" }, messages.published],
      [{ event: "sent" }, messages.sent],
      [{ event: "dropped" }, messages.dropped],
      [{ event: "received" }, messages.received],
      [{ event: "delivered" }, messages.delivered],
      [{ event: "missed" }, messages.missed],
    ]),
    metric("ccp_mesh_requests_total", "counter", "Requests made here, by what became of them.", [
      [{ event: "asked" }, requests.asked],
      [{ event: "answered" }, requests.answered],
      [{ event: "failed" }, requests.failed],
    ]),
    metric(
      "ccp_mesh_requests_waiting",
      "gauge",
      "Requests made here that wait for their replies.",
      one(requests.waiting),
    ),
    metric(
      "ccp_mesh_served_total",
      "counter",
      "Requests to services here, by what became of them.",
      [
        [{ event: "received" }, served.received],
        [{ event: "answered" }, served.answered],
        [{ event: "failed" }, served.failed],
        [{ event: "refused" }, served.refused],
      ],
    ),
  ];
}

function durableMetrics({ queues, peers, consumers, failure }: DurableStatus): string[] {
  const nowMs = Date.now();
  const ofEach = (valueOf: (queue: QueueLine) => number): Sample[] =>
    queues.map((queue) => [{ queue: queue.name }, valueOf(queue)]);
  return [
    metric(
      "ccp_outbox_failed",
      "gauge",
      "1 while nothing can be kept on the disk.",
      one(failure === null ? 0 : 1),
    ),
    metric(
      "ccp_outbox_depth",
      "gauge",
      "Entries that wait on the disk.",
      ofEach((q) => q.depth),
    ),
    metric(
      "ccp_outbox_bytes",
      "gauge",
      "Bytes that wait on the disk.",
      ofEach((q) => q.bytes),
    ),
    metric(
      "ccp_outbox_oldest_seconds",
      "gauge",
      "Age of the oldest entry that waits.",
      ofEach(({ oldestAt }) => {
        return oldestAt === null ? 0 : Math.max(0, (nowMs - oldestAt.getTime()) / 1000);
      }),
    ),
    metric(
      "ccp_outbox_dead",
      "gauge",
      "Entries that were set aside.",
      ofEach((q) => q.dead),
    ),
    metric(
      "ccp_outbox_entries_total",
      "counter",
      "Entries, by what became of them.",
      queues.flatMap(({ name: queue, appended, removed, refused, dropped }): Sample[] => [
        [{ queue, event: "appended" }, appended],
        [{ queue, event: "removed" }, removed],
        [{ queue, event: "refused" }, refused],
        [{ queue, event: "dropped" }, dropped],
      ]),
    ),
    metric(
      "ccp_durable_delivered_total",
      "counter",
      "Durable messages to each node, by what became of them.",
      peers.flatMap(({ node: peer, sent, failed, retried, buried }): Sample[] => [
        [{ peer, event: "sent" }, sent],
        [{ peer, event: "failed" }, failed],
        [{ peer, event: "retried" }, retried],
        [{ peer, event: "buried" }, buried],
      ]),
    ),
    metric(
      "ccp_durable_consumed_total",
      "counter",
      "Durable messages of each consumer, by what became of them.",
      consumers.flatMap(({ name: consumer, handled, failed, redelivered }): Sample[] => [
        [{ consumer, event: "handled" }, handled],
        [{ consumer, event: "failed" }, failed],
        [{ consumer, event: "redelivered" }, redelivered],
      ]),
    ),
  ];
}

function one(value: number): Sample[] {
  return [[{}, value]];
}

function metric(name: string, type: MetricType, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
