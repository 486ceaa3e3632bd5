/** A web server in a process of its own: counts the events it is told, and prints where it listens. */

import { serve } from "bun";

let events = 0;

const server: Bun.Server<undefined> = serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: async (request) => {
    if (request.method === "GET") return Response.json({ events });
    const told: unknown = await request.json();
    events += Array.isArray(told) ? told.length : 0;
    return new Response(null, { status: 204 });
  },
});

process.stdout.write(`listening on ${server.url.href}\n`);
