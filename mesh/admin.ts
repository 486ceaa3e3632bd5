/** The admin address: health, metrics, status, the plugins' switches, and messages, over HTTP. */

import { timingSafeEqual } from "node:crypto";
import type { Server } from "bun";
import * as v from "valibot";
import { normalizeHost } from "../src/index.ts";
import { BodyTooLong, bodyOf, json, problem, text } from "./admin-answers.ts";
import { EventStreams } from "./admin-events.ts";
import { jsonOf } from "./admin-json.ts";
import { answerPublish, answerRequest, type PublishingDurable } from "./admin-messages.ts";
import {
  type AdministeredOutbox,
  actOnDead,
  actOnQueue,
  answerDead,
  answerOutbox,
} from "./admin-outbox.ts";
import { type AdminRoute, type AdminRoutes, answerRoute } from "./admin-routes.ts";
import { isLoopbackHost } from "./config/hosts.ts";
import { gameServersOf } from "./game/game-servers.ts";
import type { Logger } from "./log.ts";
import { ERRORS_LOGGED, limited } from "./log-limit.ts";
import type { Messenger } from "./messaging/messenger.ts";
import { METRICS_CONTENT_TYPE, renderMetrics } from "./metrics.ts";
import type { PluginStatus } from "./plugin-host.ts";
import type { PluginMetric } from "./plugin-reports.ts";
import type { NodeStatus } from "./status.ts";

const ASK_FOR_TOKEN = { "www-authenticate": "Bearer" };

type AdministeredDurable = AdministeredOutbox & PublishingDurable;

/** What the admin address needs of the node. */
export interface Administered {
  status(): NodeStatus;
  readonly messenger: Messenger;
  readonly durable: AdministeredDurable;
  readonly plugins: {
    load(name: string): Promise<PluginStatus | undefined>;
    unload(name: string): Promise<PluginStatus | undefined>;
    reload(name: string): Promise<PluginStatus | undefined>;
    metrics(): readonly PluginMetric[];
  };
  /** What plugins answer. */
  readonly routes: AdminRoutes;
}

export interface AdminOptions {
  /** Empty means all interfaces. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What a client that is not on this machine must show. */
  readonly token: () => string | undefined;
  readonly node: Administered;
  readonly log: Logger;
  /** Time between two signs of life on a stream of events. Default: 10 s. */
  readonly heartbeatMs?: number;
}

export interface Admin {
  readonly url: string;
  stop(): Promise<void>;
}

/** `closeIn` has the connection closed once nothing has gone over it for so many seconds. */
type Answer = (
  request: Request,
  closeIn: (seconds: number) => void,
) => Response | Promise<Response>;

const PluginAction = v.strictObject({
  action: v.picklist(["load", "unload", "reload"]),
  plugin: v.string(),
});

/** @throws {Error} with `code` as the system gave it, if it cannot listen there */
export function serveAdmin(options: AdminOptions): Admin {
  const { node } = options;
  const failures = limited(options.log, ERRORS_LOGGED);
  const events = new EventStreams(options.heartbeatMs);
  const routes = new Map<string, Answer>([
    ["GET /metrics", () => metrics(node)],
    ["GET /api/status", () => json(node.status())],
    ["GET /api/players", () => json(jsonOf(gameServersOf(node.messenger.presence())))],
    ["GET /api/events", (request, closeIn) => events.open(node.messenger, request, closeIn)],
    ["POST /api/publish", (request) => answerPublish(node.durable, request)],
    ["POST /api/request", (request) => answerRequest(node.messenger, request)],
    ["POST /api/plugins", (request) => act(node, request)],
    ["GET /api/outbox", () => answerOutbox(node.durable)],
    ["POST /api/outbox", (request) => actOnQueue(node.durable, request)],
    ["GET /api/outbox/dead", (request) => answerDead(node.durable, request)],
    ["POST /api/outbox/dead", (request) => actOnDead(node.durable, request)],
    ["GET /", () => text(INDEX + node.routes.list().map(indexLine).join(""))],
  ]);
  node.routes.reserve([...routes.keys(), "GET /healthz", "GET /readyz"]);
  const server = Bun.serve({
    // Without a host name Bun listens on every address, of IPv6 too where there is any.
    ...(options.host === "" ? {} : { hostname: options.host }),
    port: options.port,
    // Bun shares a port by default outside development, and a second node would start on it.
    reusePort: false,
    // Bun would answer a long body without a word; it is bounded where it is read.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    // Without it Bun answers a failed handler with a page of its source.
    development: false,
    fetch: (request, server) => answer({ request, server, routes, options }),
    error: (error) => {
      if (error instanceof BodyTooLong) {
        return problem(413, error.message, { code: "body_too_long" });
      }
      failures.error("failed", "a request on the admin address could not be answered", { error });
      return text("the node failed to answer; its log says more\n", 500);
    },
  });
  return {
    url: `http://${server.hostname?.includes(":") === true ? `[${server.hostname}]` : server.hostname}:${server.port}`,
    stop: async () => {
      events.stop();
      // What they still have to say is written after this turn.
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
      await server.stop(true);
    },
  };
}

const INDEX = `ccp-mesh

GET  /healthz          200 while the process runs
GET  /readyz           200 while the node is ready, else 503
GET  /metrics          for Prometheus
GET  /api/status       everything, as JSON
GET  /api/players      the game servers of the mesh and who plays there
GET  /api/events       ?topics=chat.>,map: messages as they come (server-sent events)
POST /api/publish      {"topic": TOPIC, "payload": ANY, "durable": true or nothing}
POST /api/request      {"node": NAME or "*", "service": NAME, "payload": ANY, "timeoutMs": N}
GET  /api/outbox       what waits on the disk
POST /api/outbox       {"action": "discard", "queue": NAME}
GET  /api/outbox/dead  ?queue=NAME: what could not be delivered
POST /api/outbox/dead  {"action": "replay" | "discard", "queue": NAME, "seq": N or nothing for all}
POST /api/plugins      {"action": "load" | "unload" | "reload", "plugin": NAME}
`;

function indexLine({ method, path, summary }: AdminRoute): string {
  return `${method.padEnd(4)} ${path.padEnd(17)} ${summary}\n`;
}

interface Exchange {
  readonly request: Request;
  readonly server: Server<undefined>;
  readonly routes: ReadonlyMap<string, Answer>;
  readonly options: AdminOptions;
}

async function answer({ request, server, routes, options }: Exchange): Promise<Response> {
  const { pathname } = new URL(request.url);
  // Probes come from elsewhere, carry no token, and learn nothing but yes or no.
  if (pathname === "/healthz") return text("ok\n");
  if (pathname === "/readyz") return ready(options.node);
  const refusal = refuse(request, server, options.token());
  if (refusal !== undefined) return refusal;
  const method = request.method === "HEAD" ? "GET" : request.method;
  const key = `${method} ${pathname}`;
  const ofPlugin = options.node.routes.find(key);
  const route = routes.get(key) ?? (ofPlugin && ((asked: Request) => answerRoute(ofPlugin, asked)));
  if (route !== undefined) {
    // A stream may be silent, and a request take longer, than Bun lets a connection be.
    server.timeout(request, 0);
    return route(request, (seconds) => server.timeout(request, seconds));
  }
  const ofPlugins = options.node.routes.list().map((one) => `${one.method} ${one.path}`);
  const known = [...routes.keys(), ...ofPlugins].find((one) => one.endsWith(` ${pathname}`));
  if (known === undefined) {
    return problem(404, `there is nothing at ${pathname}; GET / lists what there is`);
  }
  const allow = known.startsWith("GET ") ? "GET, HEAD" : "POST";
  return problem(405, `${pathname} answers ${allow}, not ${request.method}`, {
    headers: { allow },
  });
}

/**
 * Who is on this machine needs no token. A browser on this machine is not enough: a page from
 * elsewhere may send it here, by another name (rebinding) or without asking (a form).
 */
function refuse(
  request: Request,
  server: Server<undefined>,
  token: string | undefined,
): Response | undefined {
  const shown = request.headers.get("authorization")?.replace(/^bearer /i, "");
  if (shown !== undefined && token !== undefined) {
    if (equalInConstantTime(shown, token)) return undefined;
    return problem(401, "the token is wrong", { headers: ASK_FOR_TOKEN });
  }
  if (!isLocal(request, server)) {
    return token === undefined
      ? problem(403, "only this machine may ask; set [admin] token to let others in")
      : problem(401, "send the header: Authorization: Bearer TOKEN", { headers: ASK_FOR_TOKEN });
  }
  if (isOfAnotherSite(request)) {
    return problem(403, "a page of another site may not ask; open the address itself");
  }
  if (request.method === "POST" && !isJson(request)) {
    return problem(415, "send the header: Content-Type: application/json");
  }
  return undefined;
}

function isLocal(request: Request, server: Server<undefined>): boolean {
  const client = normalizeHost(server.requestIP(request)?.address ?? "");
  const forwarded = request.headers.has("x-forwarded-for") || request.headers.has("forwarded");
  const asked = new URL(request.url).hostname.replace(/^\[(.*)\]$/, "$1");
  return isLoopbackHost(client) && isLoopbackHost(asked) && !forwarded;
}

/** What a browser says of the page that asks, which scripts cannot change. A link to the first page may be followed. */
function isOfAnotherSite(request: Request): boolean {
  const { headers } = request;
  const { origin, pathname } = new URL(request.url);
  if ((headers.get("origin") ?? origin) !== origin) return true;
  const site = headers.get("sec-fetch-site") ?? "none";
  const isFollowed = pathname === "/" && headers.get("sec-fetch-dest") === "document";
  return site !== "none" && site !== "same-origin" && !isFollowed;
}

function isJson(request: Request): boolean {
  return request.headers.get("content-type")?.startsWith("application/json") === true;
}

function equalInConstantTime(a: string, b: string): boolean {
  const hash = (text: string): Uint8Array => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

function ready(node: Administered): Response {
  const { state } = node.status().node;
  return text(`${state}\n`, state === "ready" ? 200 : 503);
}

function metrics(node: Administered): Response {
  const headers = { "content-type": METRICS_CONTENT_TYPE };
  return new Response(renderMetrics(node.status(), node.plugins.metrics()), { headers });
}

async function act({ plugins }: Administered, request: Request): Promise<Response> {
  const body = v.safeParse(PluginAction, await bodyOf(request));
  if (!body.success) {
    return problem(400, 'send {"action": "load" | "unload" | "reload", "plugin": NAME}');
  }
  const { action, plugin } = body.output;
  const status = await plugins[action](plugin);
  if (status === undefined) {
    return problem(404, `[plugins] load names no plugin "${plugin}"`);
  }
  return json(status, status.error === undefined ? 200 : 500);
}
