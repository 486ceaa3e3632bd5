/** Work that the child does when the parent asks for it, because it is the child that is looked at. */

import * as v from "valibot";
import { fail } from "./fail.ts";
import type { Server, Service } from "./measure.ts";

const Figures = v.array(v.number());

/** `work` gets a folder, and answers the figures of the run. */
export function serveWork(work: (folder: string) => Promise<readonly number[]>): Service {
  const { port = 0 } = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    idleTimeout: 0,
    fetch: async (request) => Response.json(await work(await request.text())),
    error: fail,
  });
  return { port, connections: () => 0 };
}

export async function askFor({ port }: Server, folder: string): Promise<readonly number[]> {
  const options = { method: "POST", body: folder, timeout: false };
  const response = await fetch(`http://127.0.0.1:${port}/`, options);
  return v.parse(Figures, await response.json());
}
