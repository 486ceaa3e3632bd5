/** Whatever a receiver does, and wherever a secret is written, nobody reads it afterwards. */

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as v from "valibot";
import { eventually } from "../helpers/mesh-view.ts";
import { type Finished, NODE, NodeProcess, Program } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { LOCALHOST } from "../helpers/tls.ts";

setDefaultTimeout(90_000);

const MARK = "S3CRET";
const USER = `${MARK}user0001`;
const PASSWORD = `${MARK}pass"0002/`;
/** One of several parameters, with characters that percent-encoding changes. */
const QUERY = `a=1&key=${MARK}query%2F0004+x&b=2`;
const PAIR = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");

/** Keys of a collector, with secrets in all the places that go together. `at` is host and port. */
const PLACES: Readonly<Record<string, (scheme: string, at: string) => string>> = {
  address: (scheme, at) =>
    `url = ${scheme}://${USER}:${encodeURIComponent(PASSWORD)}@${at}/hook/${MARK}path0003abcd?${QUERY}`,
  keys: (scheme, at) =>
    `url = ${scheme}://${at}/events
token = ${MARK}token0005
secret = ${MARK}hmac0006abcd
header[] = X-Key: ${MARK}header0007`,
  header: (scheme, at) =>
    `url = ${scheme}://${at}/events\nheader[] = "Authorization: Api ${MARK}auth0008"`,
  discord: (scheme, at) =>
    `url = ${scheme}://${at}/api/webhooks/1/${MARK}-hook_\nformat = discord\ntries_max = 1`,
};

/** What an echo of a careless receiver has in it. */
async function echoOf(request: Request): Promise<string> {
  const authorization = request.headers.get("authorization") ?? "";
  const decoded = Buffer.from(authorization.split(" ")[1] ?? "", "base64").toString();
  const url = decodeURIComponent(request.url);
  const headers = JSON.stringify(request.headers.toJSON());
  return JSON.stringify({ u: request.url, url, authorization, decoded, headers });
}

const closing: (() => unknown)[] = [];

/** Of the address no more than its parameters, each alone and as it came. */
function parametersOf({ url }: Request): string {
  return JSON.stringify(new URL(url).search.slice(1).split("&"));
}

function answering(status: number): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const echo = status === 422 ? parametersOf(request) : await echoOf(request);
      const location = `/moved/${request.headers.get("authorization")?.split(" ")[1] ?? ""}`;
      return new Response(echo, { status, headers: status === 302 ? { location } : {} });
    },
  });
  closing.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

function behaving(
  act: (socket: { write(text: string): unknown; terminate(): void }) => void,
): string {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => act(socket) },
  });
  closing.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

function nobody(): string {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = server;
  server.stop(true);
  return `127.0.0.1:${port}`;
}

function untrusted(): string {
  const { cert, key } = LOCALHOST;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert, key },
    fetch: () => new Response("ok"),
  });
  closing.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

/** How each fails, and what is told of it. */
const FAILURES: Readonly<
  Record<string, { scheme?: string; readonly at: () => string; readonly told: RegExp }>
> = {
  answers_400: { at: () => answering(400), told: /answered 400, saying ".*…/ },
  answers_401: { at: () => answering(401), told: /answered 401, saying ".*…/ },
  answers_422: { at: () => answering(422), told: /answered 422, saying "\[/ },
  answers_500: { at: () => answering(500), told: /answered 500, saying ".*…/ },
  moves: { at: () => answering(302), told: /it has moved to/ },
  untrusted: { scheme: "https", at: untrusted, told: /has a certificate/ },
  // Too long for a name, so that nobody is asked for it.
  unknown: { at: () => `${"x".repeat(64)}.test`, told: /has no address|could not be asked/ },
  away: { at: nobody, told: /refused the connection/ },
  resets: { at: () => behaving((socket) => socket.terminate()), told: /closed the connection/ },
  babbles: { at: () => behaving((socket) => socket.write("S3\0\r\n\r\n")), told: /./ },
};

const NAMES = Object.keys(FAILURES).flatMap((failure) =>
  Object.keys(PLACES).map((place) => `${failure}-${place}`),
);

const Collector = v.object({
  name: v.string(),
  lastError: v.nullable(v.object({ text: v.string() })),
});
const Status = v.object({
  plugins: v.array(v.object({ name: v.string(), details: v.optional(v.unknown()) })),
});

let folder: TempFolder;
let node: NodeProcess;

beforeAll(async () => {
  const sections = Object.entries(FAILURES).flatMap(([failure, { scheme = "http", at }]) => {
    const where = at();
    return Object.entries(PLACES).map(
      ([place, keys]) =>
        `[collector:${failure}-${place}]\n${keys(scheme, where)}\ntopics = t.>\nretry_min_ms = 10\nretry_max_ms = 100\ntimeout_ms = 2000\n${place === "discord" ? "" : "tries_max = 1\n"}`,
    );
  });
  const config = `[server]\nhost = 127.0.0.1\n[log]\nlevel = debug\n${sections.join("")}`;
  folder = await TempFolder.create({ "node.ini": config });
  node = await NodeProcess.ready(folder);
  const response = await fetch(`${node.adminUrl}/api/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ topic: "t.x", payload: { text: "hello" } }),
  });
  expect(response.status).toBe(200);
});

afterAll(async () => {
  await node[Symbol.asyncDispose]();
  for (const close of closing) close();
  await folder[Symbol.asyncDispose]();
});

function shows(text: string): boolean {
  return text.includes(MARK) || text.includes(PAIR) || text.includes(PAIR.slice(0, 12));
}

async function errors(): Promise<(readonly [name: string, text: string])[]> {
  const { plugins } = v.parse(Status, (await node.get("/api/status")).body);
  const status = plugins.find(({ name }) => name === "collectors")?.details;
  const collectors = v.parse(v.array(Collector), status);
  return collectors.flatMap(({ name, lastError }) =>
    lastError === null ? [] : [[name, lastError.text] as const],
  );
}

describe("secrets of collectors, while deliveries fail", () => {
  test("stand in no status, metric, dead letter or line of the log", async () => {
    const { answer: told } = await eventually(
      errors,
      ({ length }) => length === NAMES.length,
      20_000,
    );
    for (const [name, text] of told) {
      expect(text).toMatch(FAILURES[name.split("-")[0] ?? ""]?.told ?? /^$/);
    }
    const pages = ["/api/status", "/metrics", "/api/outbox", "/"];
    const dead = NAMES.map((name) => `/api/outbox/dead?queue=collectors:${name}`);
    const reasons: string[] = [];
    for (const page of [...pages, ...dead]) {
      const text = await (await fetch(node.adminUrl + page)).text();
      expect({ page, shows: shows(text) }).toEqual({ page, shows: false });
      if (dead.includes(page)) reasons.push(...(text.match(/answered 4(?:00|22)/g) ?? []));
    }
    expect(reasons.length).toBe(2 * Object.keys(PLACES).length);
    const lines = `${node.stdout}${node.stderr}`.split("\n");
    expect(lines.filter(shows)).toEqual([]);
    expect(lines.some((line) => line.includes("events not delivered"))).toBe(true);
  });

  test("stand in nothing that collector test prints", async () => {
    const path = folder.at("node.ini");
    const left = [...NAMES];
    const printed: (Finished & { readonly name: string })[] = [];
    const work = async (): Promise<void> => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        const run = await Program.run([NODE, "--config", path, "collector", "test", name]);
        printed.push({ name, ...run });
      }
    };
    await Promise.all([work(), work(), work()]);
    for (const { name, exitCode, stdout, stderr } of printed) {
      expect({ name, exitCode }).toEqual({ name, exitCode: 1 });
      expect({ name, shows: shows(stdout + stderr) }).toEqual({ name, shows: false });
      expect(stderr).toMatch(FAILURES[name.split("-")[0] ?? ""]?.told ?? /^$/);
    }
    expect(printed.length).toBe(NAMES.length);
  });
});
