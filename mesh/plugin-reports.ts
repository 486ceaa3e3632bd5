/** What a plugin tells of itself, for the status and the metrics of its node. */

import { CcpError, type Registration } from "../src/index.ts";
import { jsonOf } from "./admin-json.ts";
import { errorText } from "./error-text.ts";

/** A metric with its samples of now. */
export interface PluginMetric {
  /** Small letters, digits and underscores; `ccp_` and the plugin's name are put before it. A counter's ends in `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** What it is, in one line. */
  readonly help: string;
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

const NAME = /^[a-z][a-z0-9_]{0,63}$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;
/** Of one metric; past that a scrape costs more than it tells. */
const SAMPLES_MAX = 1000;

export class PluginReports {
  readonly #plugin: string;
  readonly #onFailure: (what: string, error: unknown) => void;
  #status: (() => unknown) | undefined;
  #metrics: (() => readonly PluginMetric[]) | undefined;

  constructor(plugin: string, onFailure: (what: string, error: unknown) => void) {
    this.#plugin = plugin;
    this.#onFailure = onFailure;
  }

  /** @throws {CcpError} `name_taken` at the second time */
  onStatus(report: () => unknown): Registration {
    if (this.#status !== undefined) throw this.#taken("status");
    this.#status = report;
    return {
      remove: () => {
        if (this.#status === report) this.#status = undefined;
      },
    };
  }

  /** @throws {CcpError} `name_taken` at the second time */
  onMetrics(report: () => readonly PluginMetric[]): Registration {
    if (this.#metrics !== undefined) throw this.#taken("metrics");
    this.#metrics = report;
    return {
      remove: () => {
        if (this.#metrics === report) this.#metrics = undefined;
      },
    };
  }

  /** As JSON has it; `undefined` where the plugin tells nothing. */
  status(): unknown {
    if (this.#status === undefined) return undefined;
    try {
      return jsonOf(this.#status());
    } catch (error) {
      this.#onFailure("status", error);
      return { error: errorText(error) };
    }
  }

  /** With their full names; what cannot be shown is left out and reported. */
  metrics(): readonly PluginMetric[] {
    try {
      return (this.#metrics?.() ?? []).map((metric) => this.#checked(metric));
    } catch (error) {
      this.#onFailure("metrics", error);
      return [];
    }
  }

  #checked(metric: PluginMetric): PluginMetric {
    const labels = metric.samples.flatMap(([labels]) => Object.keys(labels));
    if (!NAME.test(metric.name) || !labels.every((label) => LABEL.test(label))) {
      throw new Error(
        `the metric ${metric.name} or a label of it is not small letters and underscores`,
      );
    }
    const prefix = this.#plugin.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
    return {
      ...metric,
      name: `ccp_${prefix}_${metric.name}`,
      samples: metric.samples.slice(0, SAMPLES_MAX),
    };
  }

  #taken(what: string): CcpError {
    return new CcpError("name_taken", `plugin ${this.#plugin} reports its ${what} already`);
  }
}
