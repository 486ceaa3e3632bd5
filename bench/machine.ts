import { cpus, loadavg, release, type } from "node:os";

/** What figures depend on, beside the code. */
export interface Machine {
  readonly bun: string;
  readonly cpuCount: number;
  readonly cpuModel: string;
  readonly kernel: string;
  /** Processes that wanted to run in the last minute; well above 0 at the start means noise. */
  readonly load: number;
}

export function machine(): Machine {
  const all = cpus();
  return {
    bun: Bun.version,
    cpuCount: all.length,
    cpuModel: all[0]?.model.trim() ?? "unknown",
    kernel: `${type()} ${release()}`,
    load: loadavg()[0] ?? 0,
  };
}
