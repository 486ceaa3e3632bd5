/**
 * Takes the events of a node's collector over HTTP, and prints each once, as a line: docs/COLLECTORS.md. It needs Bun,
 * and nothing of this project.
 *
 *     EVENTS_SECRET=... bun run examples/collector.ts [PORT]
 */

import { createHmac, timingSafeEqual } from "node:crypto";

/** `secret` of `[collector:NAME]`. */
const SECRET = process.env["EVENTS_SECRET"] ?? "";
const CLOCKS_DIFFER_S_MAX = 300;
const IDS_MAX = 100_000;

/** What is to outlast this program belongs where the events go, into the database for example. */
const seen = new Set<string>();

function isSigned(headers: Headers, body: Uint8Array): boolean {
  const time = headers.get("x-ccp-timestamp") ?? "";
  const hmac = createHmac("sha256", SECRET).update(`${time}.`).update(body).digest("hex");
  const right = Buffer.from(`sha256=${hmac}`);
  const given = Buffer.from(headers.get("x-ccp-signature") ?? "");
  const isNew = Math.abs(Date.now() / 1000 - Number(time)) < CLOCKS_DIFFER_S_MAX;
  return isNew && given.length === right.length && timingSafeEqual(given, right);
}

function take(event: { readonly id: string }): void {
  // The same again, where the node did not hear the answer.
  if (seen.has(event.id)) return;
  console.log(JSON.stringify(event));
  seen.add(event.id);
  const [oldest = ""] = seen;
  if (seen.size > IDS_MAX) seen.delete(oldest);
}

async function answer(request: Request): Promise<Response> {
  const body = await request.bytes();
  if (!isSigned(request.headers, body)) return new Response("wrong signature", { status: 401 });
  for (const event of JSON.parse(Buffer.from(body).toString())) take(event);
  // Not before: what is not answered comes again.
  return new Response(null, { status: 204 });
}

if (SECRET === "") {
  console.error("Set EVENTS_SECRET to what the collector has as its secret");
  process.exit(2);
}
const port = Number(process.argv[2] ?? 28070);
const server = Bun.serve({ hostname: "127.0.0.1", port, fetch: answer, development: false });
console.error(`Waiting for events at ${server.url.href}`);
