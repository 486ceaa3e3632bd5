import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Admin, serveAdmin } from "../../mesh/admin.ts";
import { AdminRoutes } from "../../mesh/admin-routes.ts";
import { MeshNode } from "../../mesh/mesh-node.ts";
import type { PluginStatus } from "../../mesh/plugin-host.ts";
import { DEFAULT_ENDPOINT_LIMITS } from "../../src/index.ts";
import { ByteStream } from "../helpers/byte-stream.ts";
import { configOf } from "../helpers/mesh-node.ts";
import { parseMetrics } from "../helpers/prometheus.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { silentLogger } from "../helpers/silent-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

const TOKEN = "0123456789abcdef";
const JSON_TYPE = { "content-type": "application/json" };
const ELSEWHERE = { host: "panel.example" };

let node: MeshNode;
let admin: Admin;
let token: string | undefined;
let asked: string[];

/** A plugin host that knows one plugin, and remembers what it was told. */
const plugins = {
  load: (name: string) => told("load", name),
  unload: (name: string) => told("unload", name),
  reload: (name: string) => told("reload", name),
  metrics: () => [],
};

async function told(action: string, name: string): Promise<PluginStatus | undefined> {
  asked.push(`${action} ${name}`);
  if (name === "broken") return { name, module: "b.ts", state: "failed", error: "no map" };
  return name === "chat" ? { name, module: "chat.ts", state: "loaded" } : undefined;
}

beforeEach(async () => {
  token = undefined;
  asked = [];
  const config = await configOf({ limits: "start_timeout_ms = 100" });
  node = await MeshNode.listen({ config, configPath: "node.ini", log: silentLogger });
  admin = serveAdmin({
    log: silentLogger,
    host: "127.0.0.1",
    port: 0,
    token: () => token,
    node: {
      status: () => node.status(),
      messenger: node.messenger,
      durable: node.durable,
      plugins,
      routes: new AdminRoutes(),
    },
  });
});

afterEach(async () => {
  await admin.stop();
  await node.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(admin.url + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Its status and its problem, of an answer that has one. */
async function problem(path: string, init?: RequestInit): Promise<[number, unknown]> {
  const { status, text } = await ask(path, init);
  const body: unknown = JSON.parse(text);
  return [status, body];
}

function act(body: string, headers: Record<string, string> = JSON_TYPE): Promise<Answer> {
  return ask("/api/plugins", { method: "POST", headers, body });
}

describe("the routes", () => {
  test("/healthz answers while the process runs, /readyz once the node is ready", async () => {
    expect(await ask("/healthz")).toMatchObject({ status: 200, text: "ok\n" });
    expect(await ask("/readyz")).toMatchObject({ status: 503, text: "starting\n" });
    await node.loadPlugins();
    expect(await ask("/readyz")).toMatchObject({ status: 200, text: "ready\n" });
  });

  test("/ lists every one of them", async () => {
    const { status, text } = await ask("/");
    expect(status).toBe(200);
    const paths = text.match(/(?<= )\/[\w/]*/g) ?? [];
    for (const path of paths) {
      // A stream of events would not end.
      expect((await ask(path, { method: "HEAD" })).status).not.toBe(404);
    }
    expect(paths).toHaveLength(13);
  });

  test("/api/players has what nodes say of their games, whether this one has one or not", async () => {
    expect(JSON.parse((await ask("/api/players")).text)).toEqual([]);
    node.messenger.setPresence("a test", { game: "openttd", map: null, players: ["Alice"] });
    expect(JSON.parse((await ask("/api/players")).text)).toEqual([
      {
        node: node.messenger.nodeName,
        game: "openttd",
        map: null,
        playerCount: 1,
        players: ["Alice"],
      },
    ]);
  });

  test("/api/status has all that there is to know", async () => {
    await node.loadPlugins();
    const { status, headers, text } = await ask("/api/status");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toStartWith("application/json");
    const body: unknown = JSON.parse(text);
    expect(body).toEqual({
      node: {
        name: "surf",
        state: "ready",
        version: expect.any(String),
        bun: Bun.version,
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        uptimeMs: expect.any(Number),
      },
      endpoint: {
        hostname: "127.0.0.1",
        port: node.port,
        connections: 0,
        pending: 0,
        upgraded: 0,
        heldBytes: 0,
        receivers: expect.any(Array),
        counters: {
          connections: 0,
          communications: 0,
          messagesIn: 0,
          messagesOut: 0,
          bytesIn: 0,
          bytesOut: 0,
          nobodyHome: 0,
          receiverErrors: 0,
        },
      },
      mesh: null,
      messaging: JSON.parse(JSON.stringify(node.status().messaging)),
      durable: null,
      game: null,
      plugins: [{ name: "bus", module: "built-in", state: "loaded" }],
      refusals: node.status().refusals,
      limits: { ...DEFAULT_ENDPOINT_LIMITS, startTimeoutMs: 100 },
      process: { residentBytes: expect.any(Number), uncaughtErrors: 0 },
    });
  });

  test("HEAD answers as GET does, without the body", async () => {
    for (const path of ["/", "/healthz", "/metrics", "/api/status"]) {
      const head = await ask(path, { method: "HEAD" });
      expect(head).toMatchObject({ status: 200, text: "" });
      expect(head.headers.get("content-type")).toBe((await ask(path)).headers.get("content-type"));
    }
  });

  test("what is not there is 404, and another method 405 with those that there are", async () => {
    expect(await problem("/api/nothing")).toEqual([
      404,
      { error: "there is nothing at /api/nothing; GET / lists what there is" },
    ]);
    const put = await ask("/api/status", { method: "PUT", headers: JSON_TYPE });
    expect(put.status).toBe(405);
    expect(put.headers.get("allow")).toBe("GET, HEAD");
    expect(put.text).toBe('{"error":"/api/status answers GET, HEAD, not PUT"}');
    const remove = await ask("/metrics", { method: "DELETE" });
    expect(remove.status).toBe(405);
    const get = await ask("/api/plugins");
    expect(get.status).toBe(405);
    expect(get.headers.get("allow")).toBe("POST");
  });
});

describe("switching plugins", () => {
  test("hands the three actions on, and answers the plugin's status", async () => {
    for (const action of ["load", "unload", "reload"]) {
      const { status, text } = await act(JSON.stringify({ action, plugin: "chat" }));
      expect(status).toBe(200);
      expect(text).toBe('{"name":"chat","module":"chat.ts","state":"loaded"}');
    }
    expect(asked).toEqual(["load chat", "unload chat", "reload chat"]);
  });

  test("a failure is 500 with the reason", async () => {
    const { status, text } = await act('{"action":"load","plugin":"broken"}');
    expect(status).toBe(500);
    expect(text).toBe('{"name":"broken","module":"b.ts","state":"failed","error":"no map"}');
  });

  test("an unknown plugin is 404", async () => {
    const { status, text } = await act('{"action":"load","plugin":"nobody"}');
    expect(status).toBe(404);
    expect(text).toBe('{"error":"[plugins] load names no plugin \\"nobody\\""}');
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["another kind of JSON", "[]"],
    ["an unknown action", '{"action":"explode","plugin":"chat"}'],
    ["no plugin", '{"action":"load"}'],
    ["a plugin that is no text", '{"action":"load","plugin":5}'],
    ["an unknown key", '{"action":"load","plugin":"chat","force":true}'],
  ])("%s is 400, and does nothing", async (_what, body) => {
    const { status, text } = await act(body);
    expect(status).toBe(400);
    expect(text).toContain("send {");
    expect(asked).toEqual([]);
  });

  test.each(["whole", "in chunks"])("a body of more than 1 MiB is 413: %s", async (how) => {
    const text = `{"action":"load","plugin":"${"x".repeat(1024 * 1024)}"}`;
    const body = how === "whole" ? text : new Blob([text]).stream();
    const init = { method: "POST", headers: JSON_TYPE, body };
    expect(await problem("/api/plugins", init)).toEqual([
      413,
      { error: "a body has at most 1048576 bytes; send less at once", code: "body_too_long" },
    ]);
    expect(asked).toEqual([]);
    expect((await ask("/healthz")).status).toBe(200);
    const rest = '{"action":"load","plugin":"chat"}';
    expect((await act(rest.padEnd(1024 * 1024))).status).toBe(200);
  });
});

describe("who may ask", () => {
  test.each(["localhost", "LOCALHOST:1", "127.0.0.1", "127.9.9.9:80", "[::1]:28090"])(
    "this machine, by the name %s",
    async (host) => {
      expect((await ask("/api/status", { headers: { host } })).status).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "127.evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "[2001:db8::1]",
  ])("not a page that reached this machine by the name %s", async (host) => {
    for (const path of ["/api/status", "/metrics", "/", "/nothing"]) {
      expect(await problem(path, { headers: { host } })).toEqual([
        403,
        { error: "only this machine may ask; set [admin] token to let others in" },
      ]);
    }
  });

  test.each([
    ["X-Forwarded-For", "127.0.0.1"],
    ["Forwarded", "for=127.0.0.1"],
  ])("not who comes through a proxy that says so in %s", async (name, value) => {
    expect((await ask("/api/status", { headers: { [name]: value } })).status).toBe(403);
  });

  test("anyone, about its health alone", async () => {
    expect((await ask("/healthz", { headers: ELSEWHERE })).status).toBe(200);
    expect((await ask("/readyz", { headers: ELSEWHERE })).status).toBe(503);
  });

  test("who shows the token, from wherever", async () => {
    token = TOKEN;
    for (const authorization of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
      const headers = { ...ELSEWHERE, authorization };
      expect((await ask("/api/status", { headers })).status).toBe(200);
    }
    const headers = { ...ELSEWHERE, ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };
    expect((await act('{"action":"load","plugin":"chat"}', headers)).status).toBe(200);
  });

  test.each([
    ["a wrong one", `Bearer ${TOKEN}x`],
    ["half of it", `Bearer ${TOKEN.slice(0, 8)}`],
    ["an empty one", "Bearer "],
    ["another scheme", `Basic ${btoa(`admin:${TOKEN}`)}`],
  ])("not who shows %s, even from this machine", async (_what, authorization) => {
    token = TOKEN;
    const { status, headers, text } = await ask("/api/status", { headers: { authorization } });
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe("Bearer");
    expect(text).toBe('{"error":"the token is wrong"}');
  });

  test("who shows none is asked for it, except on this machine", async () => {
    token = TOKEN;
    expect((await ask("/api/status")).status).toBe(200);
    const { status, headers, text } = await ask("/api/status", { headers: ELSEWHERE });
    expect(status).toBe(401);
    expect(headers.get("www-authenticate")).toBe("Bearer");
    expect(text).toBe('{"error":"send the header: Authorization: Bearer TOKEN"}');
  });

  test("not a form on a page from elsewhere, which cannot send JSON unasked", async () => {
    const body = '{"action":"unload","plugin":"chat"}';
    for (const type of ["text/plain", "application/x-www-form-urlencoded", ""]) {
      const { status, text } = await act(body, type === "" ? {} : { "content-type": type });
      expect(status).toBe(415);
      expect(text).toBe('{"error":"send the header: Content-Type: application/json"}');
    }
    expect(asked).toEqual([]);
  });

  test.each<Record<string, string>>([
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://elsewhere.example" },
    { origin: "null" },
  ])(
    "not a page of another site, with or without a way to read the answer: %p",
    async (headers) => {
      for (const path of ["/api/events", "/api/status", "/metrics"]) {
        expect(await problem(path, { headers })).toEqual([
          403,
          { error: "a page of another site may not ask; open the address itself" },
        ]);
      }
    },
  );

  test("but a link to the first page, the page itself, and whoever types the address", async () => {
    const followed = { "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" };
    expect((await ask("/", { headers: followed })).status).toBe(200);
    expect((await ask("/api/status", { headers: followed })).status).toBe(403);
    for (const site of ["none", "same-origin"]) {
      expect((await ask("/api/status", { headers: { "sec-fetch-site": site } })).status).toBe(200);
    }
    expect((await ask("/api/status", { headers: { origin: admin.url } })).status).toBe(200);
  });
});

describe("the metrics", () => {
  test("are what Prometheus reads", async () => {
    const { headers, text } = await ask("/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(parseMetrics(text).length).toBeGreaterThan(20);
  });

  test("agree with the status after abuse", async () => {
    const hostile = [
      "00 00 02 05 00", // A message before the start, then silence.
      "ff ff ff", // More than is allowed before the start.
      "00 00 02 01 ff", // A name that is no UTF-8.
      "00 00 05 01 6e 6f 6e 65", // A plugin that is not there.
    ];
    for (const hex of hostile) {
      const stream = await ByteStream.connect(node.port);
      stream.write(Buffer.from(hex.replaceAll(" ", ""), "hex"));
      await stream.read(4);
      stream.destroy();
    }
    const { refusals, endpoint } = node.status();
    expect(refusals).toMatchObject({ start_timeout: 1, message_too_large: 1, protocol_error: 1 });
    expect(endpoint.counters).toMatchObject({ connections: 4, nobodyHome: 1 });

    const samples = parseMetrics((await ask("/metrics")).text);
    const counted = samples.filter(({ name }) => name === "ccp_refusals_total");
    expect(
      Object.fromEntries(counted.map(({ labels, value }) => [labels["reason"], value])),
    ).toEqual(refusals);
    const value = (name: string) => samples.find((sample) => sample.name === name)?.value;
    expect(value("ccp_connections_total")).toBe(4);
    expect(value("ccp_nobody_home_total")).toBe(1);
  });
});

test("the answer to a failure inside shows nothing of the code, and the log has it", async () => {
  const log = new RecordingLogger();
  const failure = new Error("a secret");
  const broken = serveAdmin({
    host: "127.0.0.1",
    port: 0,
    token: () => undefined,
    log,
    node: {
      plugins,
      routes: new AdminRoutes(),
      durable: node.durable,
      messenger: node.messenger,
      status: () => {
        throw failure;
      },
    },
  });
  try {
    const response = await fetch(`${broken.url}/api/status`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("the node failed to answer; its log says more\n");
    await fetch(`${broken.url}/api/status`);
    // Once for many.
    expect(log.lines).toEqual([
      {
        level: "error",
        message: "a request on the admin address could not be answered",
        fields: { error: failure },
      },
    ]);
  } finally {
    await broken.stop();
  }
});

test("a token in the config is asked for, and SIGHUP's change of it counts at once", async () => {
  await using folder = await TempFolder.create();
  const withToken = (text: string) => configOf({ admin: `token = ${text}` });
  const options = { configPath: folder.at("node.ini"), log: silentLogger };
  const guarded = await MeshNode.listen({ ...options, config: await withToken(TOKEN) });
  try {
    const statusWith = async (shown: string): Promise<number> => {
      const headers = { ...ELSEWHERE, authorization: `Bearer ${shown}` };
      return (await fetch(`${guarded.adminUrl}/api/status`, { headers })).status;
    };
    expect(await statusWith(TOKEN)).toBe(200);
    await guarded.reconfigure(await withToken("another-token-of-16"));
    expect(await statusWith(TOKEN)).toBe(401);
    expect(await statusWith("another-token-of-16")).toBe(200);
  } finally {
    await guarded.stop();
  }
});
