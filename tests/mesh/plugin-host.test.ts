import { NO_DURABLE } from "../helpers/no-durable.ts";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { PluginHost, type PluginHostOptions } from "../../mesh/plugin-host.ts";
import { providePluginApi } from "../../mesh/plugin-modules.ts";
import { Endpoint, RawClient, RequestClient } from "../../src/index.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";
import { localMessenger } from "./local-messenger.ts";

let folder: TempFolder;
let endpoint: Endpoint;
let log: RecordingLogger;
let host: PluginHost;

beforeEach(async () => {
  providePluginApi();
  folder = await TempFolder.create();
  endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  log = new RecordingLogger();
  host = newHost();
});

afterEach(async () => {
  await host.unloadAll();
  await endpoint.close();
  await folder[Symbol.asyncDispose]();
});

function newHost(options: Partial<PluginHostOptions> = {}): PluginHost {
  return new PluginHost({
    nodeName: "surf",
    endpoint,
    messenger: localMessenger(),
    durable: NO_DURABLE,
    log,
    folders: [folder.path],
    unloadGraceMs: 50,
    ...options,
  });
}

/** The text of a plugin with this body of its setup. */
function plugin(name: string, setup = "", head = ""): string {
  return `
    import { CcpError, definePlugin, RawReceiver, RequestClient } from "ccp-mesh";
    ${head}
    export default definePlugin({ name: "${name}", async setup(node) { ${setup} } });
  `;
}

/** A plugin that answers to its name. */
function answering(name: string, answer: string): string {
  return plugin(name, `node.onRequest("${name}", () => "${answer}");`);
}

function load(...modules: string[]): Promise<void> {
  return host.apply(modules, new Map());
}

function connect(name: string): Promise<RequestClient> {
  return RequestClient.connect({ host: "127.0.0.1", port: endpoint.port, plugin: name });
}

async function ask(name: string, question = "?"): Promise<string> {
  await using client = await connect(name);
  return (await client.request(question)).toString();
}

describe("loading", () => {
  test("plugins load in the order of the list, two of them from one folder", async () => {
    await folder.write("b.ts", answering("second", "2"));
    await folder.write("a.ts", answering("first", "1"));
    await load("b.ts", "a.ts");
    expect(host.list()).toEqual([
      { name: "second", module: "b.ts", state: "loaded" },
      { name: "first", module: "a.ts", state: "loaded" },
    ]);
    expect([await ask("second"), await ask("first")]).toEqual(["2", "1"]);
  });

  test("a package is a plugin, too", async () => {
    await folder.write("node_modules/score/package.json", '{"name":"score","module":"main.ts"}');
    await folder.write("node_modules/score/main.ts", answering("score", "packed"));
    await load("score");
    expect(await ask("score")).toBe("packed");
  });

  test("settings reach the plugin they are named for, and nothing else does", async () => {
    const body = 'node.onRequest(node.name, () => String(node.settings["constructor"]));';
    await folder.write("a.ts", plugin("a", body));
    await host.apply(["a.ts"], new Map([["b", { constructor: "b's" }]]));
    expect(await ask("surf")).toBe("undefined");
    await host.apply(["a.ts"], new Map([["a", { constructor: "a's" }]]));
    expect(await ask("surf")).toBe("a's");
  });

  test("a plugin in any folder shares the node's classes", async () => {
    await folder.write(
      "a.ts",
      plugin(
        "a",
        `node.onRequest("a", async () => {
          const { CcpError: Same, RequestClient: Client } = await import("ccp-mesh/ccp");
          const port = ${endpoint.port};
          const failed = await node.connectRequest({ host: "127.0.0.1", port, plugin: "-" })
            .catch((error) => error);
          const client = await node.connectRequest({ host: "127.0.0.1", port, plugin: "a" });
          return String([failed instanceof CcpError, Same === CcpError,
            client instanceof RequestClient, Client === RequestClient]);
        });
        node.onRaw("a", class extends RawReceiver {
          constructor(channel) { super(channel); this.sendData(String(this instanceof RawReceiver)); }
        });`,
      ),
    );
    await load("a.ts");
    expect(await ask("a")).toBe("true,true,true,true");
    const target = { host: "127.0.0.1", port: endpoint.port, plugin: "a" };
    await using raw = await RawClient.connect(target);
    for await (const data of raw) {
      expect(data.toString()).toBe("true");
      break;
    }
  });
});

describe("a plugin that fails to load", () => {
  test.each([
    ["throws", 'throw new Error("no map");', "no map"],
    ["rejects", 'await Promise.reject(new Error("no map"));', "no map"],
    ["throws something odd", "throw 5;", "5"],
  ])("because its setup %s leaves nothing behind, and says why", async (_how, fault, error) => {
    const body = `node.onRequest("bad", () => ""); node.every(1, () => {}); ${fault}`;
    await folder.write("bad.ts", plugin("bad", body));
    await folder.write("good.ts", answering("good", "fine"));
    await load("bad.ts", "good.ts");
    expect(host.list()).toEqual([
      { name: "bad", module: "bad.ts", state: "failed", error },
      { name: "good", module: "good.ts", state: "loaded" },
    ]);
    expect(log.messages("error")).toEqual(["plugin did not load"]);
    expect(endpoint.status().receivers.map(({ name }) => name)).toEqual(["good"]);
    expect(await ask("good")).toBe("fine");
  });

  test("because its setup does not end is given up, and cannot go on later", async () => {
    host = newHost({ setupTimeoutMs: 20 });
    const body = `
      node.onRequest("slow", () => "");
      await Bun.sleep(40);
      try { node.onRequest("late", () => ""); } catch (error) { globalThis.lateError = error; }`;
    await folder.write("slow.ts", plugin("slow", body));
    await load("slow.ts");
    const error = "setup did not finish within 0.02 s";
    expect(host.list()).toEqual([{ name: "slow", module: "slow.ts", state: "failed", error }]);
    await Bun.sleep(40);
    expect(endpoint.status().receivers).toEqual([]);
    const late: unknown = Reflect.get(globalThis, "lateError");
    expect(String(late)).toBe("CcpError: plugin slow is unloaded and cannot use its node");
  });

  test("because its module waits for ever keeps neither the next one nor the end", async () => {
    host = newHost({ setupTimeoutMs: 250 });
    await folder.write("stuck.ts", plugin("stuck", "", "await new Promise(() => {});"));
    await folder.write("good.ts", answering("good", "fine"));
    await load("stuck.ts", "good.ts");
    const error = "its module did not finish within 0.25 s";
    expect(host.list()).toEqual([
      { name: "stuck.ts", module: "stuck.ts", state: "failed", error },
      { name: "good", module: "good.ts", state: "loaded" },
    ]);
    expect(await ask("good")).toBe("fine");
  });

  test("because its file is missing or broken is listed by its module", async () => {
    await folder.write("broken.ts", "const a = 1;\nconst b = ;\n");
    await load("absent.ts", "broken.ts");
    expect(host.list()).toEqual([
      {
        name: "absent.ts",
        module: "absent.ts",
        state: "failed",
        error: `there is no module "absent.ts", neither as a file nor as a package, in ${folder.path}`,
      },
      {
        name: "broken.ts",
        module: "broken.ts",
        state: "failed",
        error: `${folder.at("broken.ts")} cannot be imported: line 2: Unexpected ;`,
      },
    ]);
  });

  test("is tried again by the next apply, and by load", async () => {
    await load("late.ts", "later.ts");
    await folder.write("late.ts", answering("late", "1"));
    await load("late.ts", "later.ts");
    await folder.write("later.ts", answering("later", "2"));
    expect(await host.load("later.ts")).toEqual({
      name: "later",
      module: "later.ts",
      state: "loaded",
    });
    expect([await ask("late"), await ask("later")]).toEqual(["1", "2"]);
  });
});

describe("names that are taken", () => {
  test("a second plugin of one name is refused with the module of the first", async () => {
    await folder.write("a.ts", answering("score", "first"));
    await folder.write("b.ts", answering("score", "second"));
    await load("a.ts", "b.ts");
    const error =
      'a plugin named "score" is loaded already, from a.ts; one of the two must be renamed';
    expect(host.list()[1]).toEqual({ name: "b.ts", module: "b.ts", state: "failed", error });
    expect(await ask("score")).toBe("first");
  });

  test("the name is free once the first is unloaded, and then the first is refused", async () => {
    await folder.write("a.ts", answering("score", "first"));
    await folder.write("b.ts", answering("score", "second"));
    await load("a.ts", "b.ts");
    await host.unload("a.ts");
    expect(await host.load("b.ts")).toMatchObject({ state: "loaded" });
    expect(await host.load("a.ts")).toEqual({
      name: "score",
      module: "a.ts",
      state: "failed",
      error: 'a plugin named "score" is loaded already, from b.ts; one of the two must be renamed',
    });
    expect(await ask("score")).toBe("second");
  });

  test("a receiver's name that another plugin has is refused with that plugin", async () => {
    await folder.write("a.ts", plugin("a", 'node.onRequest("ccp_chat", () => "a");'));
    await folder.write("b.ts", plugin("b", 'node.onRequest("ccp_chat", () => "b");'));
    await load("a.ts", "b.ts");
    expect(host.list()[1]).toEqual({
      name: "b",
      module: "b.ts",
      state: "failed",
      error:
        'request communications for "ccp_chat" are already received by plugin a; ' +
        "plugin b must choose another name, or plugin a must be unloaded first",
    });
    expect(await ask("ccp_chat")).toBe("a");
  });
});

describe("unloading", () => {
  test("undoes the plugin and no other; load brings it back", async () => {
    await folder.write("a.ts", answering("a", "here"));
    await folder.write("b.ts", answering("b", "there"));
    await load("a.ts", "b.ts");
    expect(await host.unload("a")).toEqual({ name: "a", module: "a.ts", state: "unloaded" });
    expect(ask("a")).rejects.toMatchObject({ code: "nobody_home" });
    expect(await ask("b")).toBe("there");
    await host.load("a");
    expect(await ask("a")).toBe("here");
  });

  test("twice is no harm, and a name that nobody has answers undefined", async () => {
    await folder.write("a.ts", answering("a", "here"));
    await load("a.ts");
    await host.unload("a");
    expect(await host.unload("a")).toMatchObject({ state: "unloaded" });
    expect(await host.unload("nobody")).toBeUndefined();
  });

  test("what the list no longer names is unloaded, the last loaded first", async () => {
    const leaving = (name: string) =>
      plugin(name, `node.onUnload(() => node.log.info("${name} left"));`);
    for (const name of ["a", "b", "c"]) await folder.write(`${name}.ts`, leaving(name));
    await load("a.ts", "b.ts", "c.ts");
    await load("b.ts");
    expect(host.list().map(({ name }) => name)).toEqual(["b"]);
    expect(log.messages("info").filter((message) => message.endsWith("left"))).toEqual([
      "c left",
      "a left",
    ]);
  });

  test("an unload task that throws or hangs keeps nobody", async () => {
    const body = `
      node.onRequest("a", () => "");
      node.onUnload(() => new Promise(() => {}));
      node.onUnload(() => { throw new Error("no disk"); });`;
    await folder.write("a.ts", plugin("a", body));
    await folder.write("b.ts", answering("b", "there"));
    await load("a.ts", "b.ts");
    expect(await host.unload("a")).toMatchObject({ state: "unloaded" });
    expect(endpoint.status().receivers.map(({ name }) => name)).toEqual(["b"]);
  });

  test("lets the consumers of all plugins end what they are at together, before any unloads", async () => {
    const happened: string[] = [];
    const work = Promise.withResolvers<void>();
    host = newHost({
      durable: {
        ...NO_DURABLE,
        consume: async (name, _pattern, _handler, keep) => {
          const remove = (): void => void happened.push(`${name} removed`);
          const registration = { remove, drained: () => work.promise };
          return keep?.(registration) ?? registration;
        },
      },
    });
    const consuming = (name: string) =>
      plugin(name, `await node.consume("${name}", ">", () => {});`);
    for (const name of ["a", "b"]) await folder.write(`${name}.ts`, consuming(name));
    await load("a.ts", "b.ts");
    const unloaded = host.unloadAll();
    await until(() => happened.length > 0);
    expect(happened).toEqual(["a removed", "b removed"]);
    expect(log.messages("info")).not.toContain("plugin unloaded");
    work.resolve();
    await unloaded;
    expect(host.list()).toEqual([]);
  });

  test("for good loads nothing that was still to be loaded", async () => {
    await folder.write("a.ts", plugin("a", 'node.log.info("setting up"); await Bun.sleep(20);'));
    await folder.write("b.ts", plugin("b"));
    const loading = load("a.ts", "b.ts");
    await log.logged("setting up");
    await host.unloadAll();
    await loading;
    expect(log.lines.map(({ message, fields }) => [message, fields["plugin"]])).toEqual([
      ["setting up", "a"],
      ["plugin loaded", "a"],
      ["plugin unloaded", "a"],
    ]);
    expect(host.list()).toEqual([]);
  });
});

describe("reloading", () => {
  test("runs what the file says now, and what it imports", async () => {
    const importing = 'import { word } from "./lib/word.ts";';
    await folder.write("lib/word.ts", 'export const word = "old";');
    await folder.write("a.ts", plugin("a", 'node.onRequest("a", () => word);', importing));
    await load("a.ts");
    expect(await ask("a")).toBe("old");
    await folder.write("lib/word.ts", 'export const word = "new";');
    await host.reload("a");
    expect(await ask("a")).toBe("new");
    await folder.write("a.ts", plugin("a", 'node.onRequest("a", () => word + "er");', importing));
    await host.reload("a");
    expect(await ask("a")).toBe("newer");
  });

  test("leaves the plugins beside it as they are", async () => {
    const counting = 'let count = 0; node.onRequest("b", () => String(++count));';
    await folder.write("a.ts", answering("a", "1"));
    await folder.write("b.ts", plugin("b", counting));
    await load("a.ts", "b.ts");
    expect(await ask("b")).toBe("1");
    await host.reload("a");
    expect(await ask("b")).toBe("2");
  });

  test.each([
    ["is broken", "const b = ;", "cannot be imported: line 1: Unexpected ;"],
    ["is no plugin any more", "export default 5;", "is not a plugin"],
  ])("of a file that %s keeps the loaded plugin, and says why", async (_what, text, error) => {
    await folder.write("a.ts", answering("a", "old"));
    await load("a.ts");
    await folder.write("a.ts", text);
    const status = await host.reload("a");
    expect(status).toMatchObject({ name: "a", state: "loaded" });
    expect(status?.error).toContain(error);
    expect(log.messages("error")).toEqual([
      "plugin did not reload; the one that was loaded goes on",
    ]);
    expect(await ask("a")).toBe("old");
    await folder.write("a.ts", answering("a", "mended"));
    expect(await host.reload("a")).toEqual({ name: "a", module: "a.ts", state: "loaded" });
    expect(await ask("a")).toBe("mended");
  });

  test("of a plugin whose setup fails now leaves nothing of it", async () => {
    await folder.write("a.ts", answering("a", "old"));
    await load("a.ts");
    await folder.write("a.ts", plugin("a", 'throw new Error("no map");'));
    expect(await host.reload("a")).toMatchObject({ state: "failed", error: "no map" });
    expect(ask("a")).rejects.toMatchObject({ code: "nobody_home" });
  });

  test.each([
    ["answers at once", "() =>"],
    ["answers by a promise", "async () =>"],
  ])("between two requests of one communication is not noticed where it %s", async (_, arrow) => {
    const version = (n: number) => plugin("a", `node.onRequest("a", ${arrow} "v${n}");`);
    await folder.write("a.ts", version(1));
    await load("a.ts");
    await using client = await connect("a");
    expect((await client.request("?")).toString()).toBe("v1");
    await folder.write("a.ts", version(2));
    await host.reload("a");
    expect((await client.request("?")).toString()).toBe("v2");
    expect(endpoint.status().counters.nobodyHome).toBe(0);
  });

  test("may change the plugin's name", async () => {
    await folder.write("a.ts", answering("old", "1"));
    await load("a.ts");
    await folder.write("a.ts", answering("new", "2"));
    expect(await host.reload("old")).toEqual({ name: "new", module: "a.ts", state: "loaded" });
    expect(await ask("new")).toBe("2");
  });

  test("happens when the settings change, to the plugin whose they are", async () => {
    const body = (name: string) =>
      plugin(name, `node.onRequest("${name}", () => String(node.settings["word"]));`);
    for (const name of ["a", "b"]) await folder.write(`${name}.ts`, body(name));
    const modules = ["a.ts", "b.ts"];
    const b = { word: "b" };
    await host.apply(modules, new Map([["b", b]]));
    expect([await ask("a"), await ask("b")]).toEqual(["undefined", "b"]);
    await host.apply(
      modules,
      new Map([
        ["a", { word: "a" }],
        ["b", { ...b }],
      ]),
    );
    expect([await ask("a"), await ask("b")]).toEqual(["a", "b"]);
    await host.apply(modules, new Map());
    expect([await ask("a"), await ask("b")]).toEqual(["undefined", "undefined"]);
    const loaded = log.lines.filter(({ message }) => message === "plugin loaded");
    expect(loaded.map(({ fields }) => fields["plugin"])).toEqual(["a", "b", "a", "a", "b"]);
  });
});

test("what is asked at once happens one after the other", async () => {
  await folder.write("a.ts", answering("a", "here"));
  await load("a.ts");
  const states = await Promise.all([
    host.unload("a"),
    host.load("a"),
    host.reload("a"),
    host.unload("a"),
    host.load("a"),
  ]);
  expect(states.at(-1)).toMatchObject({ state: "loaded" });
  expect(await ask("a")).toBe("here");
  expect(endpoint.status().receivers).toHaveLength(1);
});

describe("settings", () => {
  const settings = (...names: string[]) =>
    new Map(names.map((name, at): [string, { word: string }] => [name, { word: `${at}` }]));

  test("that reach no plugin are named, with the plugin that was meant", async () => {
    await folder.write("a.ts", plugin("admin-chat"));
    await host.apply(["a.ts"], settings("admin-chat", "admin-chta", "scores"));
    expect(log.messages("warn")).toEqual([
      "[plugin:admin-chta] reaches no plugin of that name; did you mean [plugin:admin-chat]?",
      "[plugin:scores] reaches no plugin of that name; see [plugins] load",
    ]);
  });

  test("may be those of a plugin that could not be imported", async () => {
    await host.apply(["absent.ts"], settings("absent"));
    expect(log.messages("warn")).toEqual([]);
  });

  test("that are applied again do not bring back what was unloaded by hand", async () => {
    await folder.write("a.ts", answering("a", "a"));
    await folder.write("b.ts", answering("b", "b"));
    await host.apply(["a.ts"], settings("a"));
    await host.unload("a");
    await host.apply(["a.ts", "b.ts"], settings("a"));
    expect(host.list()).toMatchObject([{ state: "unloaded" }, { state: "loaded" }]);
    await host.apply(["a.ts", "b.ts"], settings("b", "a"));
    expect(host.list()).toMatchObject([{ state: "loaded" }, { state: "loaded" }]);
  });
});

test("a plugin that does not load is logged with the place of its mistake", async () => {
  await folder.write("a.ts", "export default { name: 'a', setup() {\n  throw new Error('x'); } };");
  await folder.write("b.ts", "const b = 1;\nconst c = ;");
  await load("a.ts", "b.ts");
  expect(log.lines.map(({ fields }) => fields["at"])).toEqual([
    expect.stringMatching(/\/a\.ts:2:\d+$/),
    expect.stringMatching(/\/b\.ts:2:\d+$/),
  ]);
});

describe("a plugin that comes with the node", () => {
  const loaded = { name: "bus", module: "built-in", state: "loaded" } as const;

  function busIsHome(): boolean {
    return endpoint.status().receivers.some(({ name }) => name === "bus");
  }

  test("is loaded before the others, when the config says so", async () => {
    await folder.write("a.ts", plugin("a"));
    await load("a.ts");
    expect(host.list().map(({ name }) => name)).toEqual(["a"]);
    host = newHost({ builtIn: ["bus"] });
    await folder.write("b.ts", plugin("b"));
    await load("b.ts");
    expect(host.list()).toEqual([loaded, { name: "b", module: "b.ts", state: "loaded" }]);
    expect(busIsHome()).toBe(true);
  });

  test("is unloaded, loaded and reloaded by its name, and by hand it stays unloaded", async () => {
    host = newHost({ builtIn: ["bus"] });
    await load();
    expect(await host.unload("bus")).toEqual({ ...loaded, state: "unloaded" });
    await load();
    expect(busIsHome()).toBe(false);
    expect(await host.load("bus")).toEqual(loaded);
    expect(await host.reload("bus")).toEqual(loaded);
    expect(busIsHome()).toBe(true);
    expect(await host.unload("built-in")).toBeUndefined();
  });

  test("comes and goes with the config", async () => {
    host = newHost({ builtIn: ["bus"] });
    await load();
    host.useBuiltIn([]);
    await load();
    expect(host.list()).toEqual([]);
    expect(busIsHome()).toBe(false);
    host.useBuiltIn(["bus"]);
    await load();
    expect(busIsHome()).toBe(true);
  });

  test("has a name that no other plugin may have, loaded or not", async () => {
    await folder.write("a.ts", answering("bus", "mine"));
    await load("a.ts");
    expect(host.list()).toEqual([
      {
        name: "a.ts",
        module: "a.ts",
        state: "failed",
        error: '"bus" is the name of a plugin that comes with the node; this one must be renamed',
      },
    ]);
  });

  test("has settings as any other", async () => {
    host = newHost({ builtIn: ["bus"] });
    await host.apply([], new Map([["bus", { a: "1" }]]));
    expect(host.list()).toEqual([loaded]);
    expect(log.messages("warn")).toEqual([]);
  });
});

test("a module that is named twice is one plugin", async () => {
  await folder.write("a.ts", answering("a", "here"));
  await load("a.ts", "a.ts");
  expect(host.list()).toEqual([{ name: "a", module: "a.ts", state: "loaded" }]);
});
