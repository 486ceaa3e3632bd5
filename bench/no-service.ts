import type { Service } from "./measure.ts";

/** Of what is measured within one process: the child has nothing to do. */
export function serveNothing(): Service {
  return { port: 0, connections: () => 0 };
}
