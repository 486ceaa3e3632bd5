/** The status of a node in the text format of Prometheus, version 0.0.4. */

import type { NodeStatus } from "./status.ts";

type MetricType = "counter" | "gauge";
type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export function renderMetrics(status: NodeStatus): string {
  const { node, endpoint, plugins, refusals, process } = status;
  const { counters } = endpoint;
  const one = (value: number): Sample[] => [[{}, value]];
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
  ];
  return metrics.join("");
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
