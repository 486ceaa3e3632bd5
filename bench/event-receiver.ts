/** A web server that reads the events it is told, as a collector's receiver does, and counts them. */

import * as v from "valibot";
import { fail } from "./fail.ts";
import type { Server, Service } from "./measure.ts";

const Events = v.array(v.looseObject({ id: v.string() }));

export function serveReceiver(): Service {
  let events = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached = Promise.withResolvers<void>();
  const answer = async (request: Request): Promise<Response> => {
    if (request.method === "POST") {
      events += v.parse(Events, await request.json()).length;
      if (events >= wanted) reached.resolve();
      return new Response(null, { status: 204 });
    }
    wanted = Number(new URL(request.url).searchParams.get("until"));
    if (events < wanted) await reached.promise;
    const total = events;
    events = 0;
    wanted = Number.POSITIVE_INFINITY;
    reached = Promise.withResolvers();
    return Response.json(total);
  };
  const { port = 0 } = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    idleTimeout: 0,
    fetch: answer,
    error: fail,
  });
  return { port, connections: () => 0 };
}

/** Resolves once the receiver has so many since it was last asked. @throws {Error} if there are more */
export async function untilReceived({ port }: Server, events: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/?until=${events}`);
  const total: unknown = await response.json();
  if (total !== events) throw new Error(`${events} were sent, and ${String(total)} came`);
}
