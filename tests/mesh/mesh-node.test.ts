import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { MeshNode } from "../../mesh/mesh-node.ts";
import { NodeError } from "../../mesh/node-error.ts";
import { connectionsAllowed } from "../../mesh/open-files.ts";
import { RequestClient, Whitelist } from "../../src/index.ts";
import { configOf } from "../helpers/mesh-node.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";

const TLS = `${import.meta.dir}/../fixtures/tls`;

let folder: TempFolder;
let log: RecordingLogger;
let nodes: MeshNode[];

beforeEach(async () => {
  folder = await TempFolder.create();
  log = new RecordingLogger();
  nodes = [];
});

afterEach(async () => {
  for (const node of nodes) await node.stop();
  await folder[Symbol.asyncDispose]();
});

type Sections = Parameters<typeof configOf>[0];

async function start(sections: Sections = {}): Promise<MeshNode> {
  const config = await configOf(sections);
  const node = await MeshNode.listen({ config, configPath: folder.at("node.ini"), log });
  nodes.push(node);
  await node.loadPlugins();
  return node;
}

async function failure(sections: Sections): Promise<string> {
  try {
    await start(sections);
  } catch (error) {
    if (error instanceof NodeError) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it listens");
}

/** Whether the dialling program is told before or after it takes itself for connected is chance. */
const CLOSED_AT_ONCE: unknown = expect.stringMatching(/^(connection_aborted|connect_failed)$/);

async function ask(node: MeshNode, plugin: string): Promise<string> {
  const target = { host: "127.0.0.1", port: node.port, plugin };
  await using client = await RequestClient.connect(target);
  return (await client.request("?")).toString();
}

function answering(name: string, answer: string): string {
  return `export default {
    name: "${name}",
    setup(node) { node.onRequest("${name}", () => ${answer}); },
  };`;
}

describe("why a node does not start", () => {
  test("another program has its port", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = other;
    expect(await failure({ server: `port = ${port}` })).toBe(
      `port_in_use: port ${port} is in use on 127.0.0.1: another program listens there already. ` +
        "Is a node running already? Set another [server] port, or use --port",
    );
  });

  test("another program has its admin port; its own port is free again then", async () => {
    using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const { port } = other;
    const free = await start();
    const server = `port = ${free.port}`;
    await free.stop();
    expect(await failure({ server, admin: `port = ${port}` })).toBe(
      `port_in_use: the admin address 127.0.0.1:${port} is in use: another program listens there ` +
        "already. Is a node running already? Set another [admin] port, or use --admin-port",
    );
    expect((await start({ server })).port).toBe(free.port);
  });

  test("its addresses are not this machine's", async () => {
    // TEST-NET-1, which belongs to nobody.
    expect(await failure({ server: "host = 192.0.2.1" })).toMatch(
      /^listen_failed: cannot listen on 192\.0\.2\.1:0: .*; see \[server\] host and port$/,
    );
    const admin = "host = 192.0.2.1\ntoken = 0123456789abcdef";
    expect(await failure({ admin })).toMatch(
      /^listen_failed: the admin address 192\.0\.2\.1:0 cannot be listened on: .*; see \[admin\] host and port$/,
    );
  });

  test("its certificate is missing, or none", async () => {
    const absent = `tls_cert = ${folder.at("absent.pem")}\ntls_key = ${TLS}/localhost.key`;
    expect(await failure({ server: absent })).toMatch(
      /^tls_unusable: \[server\] tls_cert or tls_key cannot be read: ENOENT: .*absent\.pem'?$/,
    );
    await folder.write("garbage.pem", "garbage");
    const garbage = `tls_cert = ${folder.at("garbage.pem")}\ntls_key = ${TLS}/localhost.key`;
    expect(await failure({ server: garbage })).toMatch(
      /^tls_unusable: .*cannot be used: .*; see \[server\] tls_cert and tls_key$/,
    );
  });
});

describe("the states of a node", () => {
  test("starting until its plugins were tried, then ready, draining and stopped", async () => {
    const config = await configOf({ plugins: "load = absent.ts" });
    const node = await MeshNode.listen({ config, configPath: folder.at("node.ini"), log });
    const states = [node.status().node.state];
    const loading = node.loadPlugins();
    states.push(node.status().node.state);
    await loading;
    states.push(node.status().node.state);
    const stopping = node.stop();
    states.push(node.status().node.state);
    await stopping;
    states.push(node.status().node.state);
    expect(states).toEqual(["starting", "starting", "ready", "draining", "stopped"]);
  });

  test("a stop while plugins load is not followed by ready", async () => {
    await folder.write(
      "slow.ts",
      `export default { name: "slow", async setup(node) {
        node.log.info("setting up"); await Bun.sleep(20); } };`,
    );
    const config = await configOf({ plugins: "load = slow.ts" });
    const node = await MeshNode.listen({ config, configPath: folder.at("node.ini"), log });
    const loading = node.loadPlugins();
    await log.logged("setting up");
    await node.stop();
    await loading;
    expect(node.status().node.state).toBe("stopped");
    expect(log.messages("info").at(-1)).toBe("stopped");
  });

  test("stopping twice is no harm", async () => {
    const node = await start();
    await Promise.all([node.stop(), node.stop()]);
    expect(log.messages("info").filter((message) => message === "stopping")).toHaveLength(1);
  });
});

describe("a config that is applied while the node runs", () => {
  test("changes the whitelist for who comes then", async () => {
    await folder.write("a.ts", answering("a", '"here"'));
    const plugins = "load = a.ts";
    const node = await start({ plugins, server: "whitelist = 192.0.2.1" });
    expect(ask(node, "a")).rejects.toMatchObject({ code: CLOSED_AT_ONCE });
    await node.reconfigure(await configOf({ plugins, server: "whitelist = 127.0.0.0/8" }));
    expect(await ask(node, "a")).toBe("here");
    expect(log.messages("warn")).toEqual(["refused: not on the whitelist, see [server] whitelist"]);
  });

  test("loads, unloads and reloads plugins", async () => {
    for (const name of ["a", "b"]) {
      await folder.write(`${name}.ts`, answering(name, "node.settings.word"));
    }
    const node = await start({ plugins: "load = a.ts", "plugin:a": "word = old" });
    expect(await ask(node, "a")).toBe("old");
    const gained = {
      plugins: "load = a.ts, b.ts",
      "plugin:a": "word = new",
      "plugin:b": "word = b",
    };
    await node.reconfigure(await configOf(gained));
    expect([await ask(node, "a"), await ask(node, "b")]).toEqual(["new", "b"]);
    await node.reconfigure(await configOf({ plugins: "load = b.ts", "plugin:b": "word = b" }));
    expect(ask(node, "a")).rejects.toMatchObject({ code: "nobody_home" });
    expect(await ask(node, "b")).toBe("b");
  });

  test("says what needs a restart, each time until then, and nothing of what does not", async () => {
    const node = await start();
    const changed = {
      server: `port = 1\nwhitelist = 192.0.2.1`,
      node: "data = elsewhere",
      admin: "port = 2\ntoken = 0123456789abcdef",
      limits: "connections_max = 9",
      log: "level = debug",
    };
    const warnings = ["[server]", "[node]", "[admin]", "[limits]", "[log]"].map(
      (section) => `${section} has changed; restart the node to apply it`,
    );
    await node.reconfigure(await configOf(changed));
    expect(log.messages("warn")).toEqual(warnings);
    await node.reconfigure(await configOf(changed));
    expect(log.messages("warn")).toEqual([...warnings, ...warnings]);
    await node.reconfigure(await configOf());
    expect(log.messages("warn")).toHaveLength(10);
    expect(node.status().limits.connectionsMax).toBe(4096);
  });
});

test("TLS files that are other ones now need a restart, and are named as long as they differ", async () => {
  const copy = async (name: string) => {
    await folder.write("cert.pem", await readFile(`${TLS}/${name}.pem`, "utf8"));
    await folder.write("cert.key", await readFile(`${TLS}/${name}.key`, "utf8"));
  };
  await copy("localhost");
  const server = `tls_cert = ${folder.at("cert.pem")}\ntls_key = ${folder.at("cert.key")}`;
  const node = await start({ server });
  const config = await configOf({ server });
  await node.reconfigure(config);
  expect(log.messages("warn")).toEqual([]);
  await copy("self-signed");
  await node.reconfigure(config);
  const changed =
    "what [server] tls_cert or tls_key names has changed; restart the node to apply it";
  expect(log.messages("warn")).toEqual([changed]);
  await copy("localhost");
  await node.reconfigure(config);
  expect(log.messages("warn")).toEqual([changed]);
});

test("a host name on the whitelist that does not resolve is logged, and stops nothing", async () => {
  await start({ server: "whitelist = 127.0.0.1, panel.invalid" });
  const [line] = log.messages("error");
  expect(line).toMatch(
    /^whitelist: "panel\.invalid" does not resolve \([A-Z_]+\); nobody is let in by it until it does, and it is tried again every 300 s$/,
  );
});

test("a plugin that fails a client is logged with its name, the client's and the place, once for each error", async () => {
  await folder.write("a.ts", answering("a", "{ throw new Error('no map'); }"));
  const node = await start({ plugins: "load = a.ts" });
  for (let i = 0; i < 3; i++) {
    expect(ask(node, "a")).rejects.toMatchObject({ code: "communication_error" });
  }
  const lines = log.lines.filter(({ level }) => level === "error");
  expect(lines).toEqual([
    {
      level: "error",
      message: 'plugin a failed while it answered "a"',
      fields: {
        address: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        at: expect.stringMatching(/\/a\.ts:3:\d+$/),
        error: new Error("no map"),
      },
    },
  ]);
  expect(node.status().endpoint.counters.receiverErrors).toBe(3);
  await folder.write("a.ts", answering("a", "{ throw new Error('no server'); }"));
  await node.plugins.reload("a");
  expect(ask(node, "a")).rejects.toMatchObject({ code: "communication_error" });
  expect(log.lines.at(-1)?.fields["error"]).toEqual(new Error("no server"));
});

test("a node that stops lets a consumer end what it is at, with the plugin's node still there", async () => {
  await folder.write(
    "a.ts",
    `export default {
      name: "a",
      async setup(node) {
        const goOn = Promise.withResolvers();
        node.subscribe("test.go-on", () => goOn.resolve());
        await node.consume("orders", "shop.paid", async ({ payload, isRedelivered }) => {
          node.log.info("begun", { payload, isRedelivered });
          if (payload === 1) await goOn.promise;
          node.publish("shop.sent", payload);
          node.log.info("ended", { payload });
        });
      },
    };`,
  );
  const sections = { plugins: "load = a.ts", node: `name = surf\ndata = ${folder.at("data")}` };
  const node = await start(sections);
  await node.durable.publish("shop.paid", 1);
  await node.durable.publish("shop.paid", 2);
  await log.logged("begun");
  const stopped = node.stop();
  await until(() => node.durable.status()?.consumers[0]?.state === "paused");
  node.messenger.publish("test.go-on", null);
  await stopped;
  const before = log;
  log = new RecordingLogger();
  await start(sections);
  await log.logged("ended");
  const told = [...before.lines, ...log.lines].map(({ message, fields }) => {
    return [message, fields["payload"]];
  });
  expect(told.filter(([message]) => message === "begun" || message === "ended")).toEqual([
    ["begun", 1],
    ["ended", 1],
    ["begun", 2],
    ["ended", 2],
  ]);
});

test("what nothing caught is logged and counted", async () => {
  const node = await start();
  node.onUncaught(new Error("stray"));
  expect(log.messages("error")).toEqual(["an error was not caught, probably a plugin's"]);
  expect(node.status().process.uncaughtErrors).toBe(1);
});

test("more connections than the system has files for are not promised", async () => {
  const node = await start({ limits: "connections_max = 100000000" });
  const { connectionsMax } = node.status().limits;
  expect(connectionsMax).toBe(Math.min(100_000_000, connectionsAllowed()));
  expect(log.messages("warn")).toEqual([
    "the system allows too few open files for connections_max; raise it with ulimit -n",
  ]);
});

test("a config has as many whitelist entries as a whitelist takes, and says so beyond it", async () => {
  const entries = Array.from({ length: 1025 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const config = await configOf({ server: `whitelist = ${entries.slice(1).join(",")}` });
  (await Whitelist.create(config.server.whitelist)).close();
  expect(Whitelist.create(entries)).rejects.toMatchObject({ code: "invalid_option" });
  expect(configOf({ server: `whitelist = ${entries.join(",")}` })).rejects.toThrow(
    "[server] whitelist has 1025 entries, more than 1024; join addresses into ranges",
  );
});
