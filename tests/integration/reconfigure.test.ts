/** SIGHUP, and the switches of the admin address, on a node that runs. */

import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { RequestClient } from "../../src/index.ts";
import { NodeProcess } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

interface Config {
  readonly whitelist?: string;
  readonly load?: string;
  readonly rest?: string;
}

function config({ whitelist = "127.0.0.1", load = "", rest = "" }: Config = {}): string {
  return `[server]\nhost = 127.0.0.1\nwhitelist = ${whitelist}\n[plugins]\nload = ${load}\n${rest}\n`;
}

function answering(name: string, answer: string): string {
  return `
    import { definePlugin } from "ccp-mesh";
    export default definePlugin({
      name: "${name}",
      setup(node) { node.onRequest("${name}", () => ${answer}); },
    });`;
}

function connect({ port }: NodeProcess, plugin: string): Promise<RequestClient> {
  return RequestClient.connect({ host: "127.0.0.1", port, plugin });
}

/** Whether the dialling program is told before or after it takes itself for connected is chance. */
const CLOSED_AT_ONCE: unknown = expect.stringMatching(/^(connection_aborted|connect_failed)$/);

async function ask(node: NodeProcess, plugin: string): Promise<string> {
  await using client = await connect(node, plugin);
  return (await client.request("?")).toString();
}

let files: Record<string, string>;
beforeEach(() => {
  files = {
    "node.ini": config({ load: "a.ts" }),
    "a.ts": answering("a", '"a"'),
    "b.ts": answering("b", 'node.settings["word"] ?? "b"'),
  };
});

/** Sends SIGHUP with this config in place, and waits until the node has judged it. */
async function apply(node: NodeProcess, folder: TempFolder, text: string): Promise<void> {
  await folder.write("node.ini", text);
  node.kill("SIGHUP");
  await node.logged("config applied");
}

describe("SIGHUP", () => {
  test("applies a new whitelist, also to those who are connected", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    await using client = await connect(node, "a");
    await apply(node, folder, config({ load: "a.ts", whitelist: "192.0.2.1" }));
    expect(connect(node, "a")).rejects.toMatchObject({ code: CLOSED_AT_ONCE });
    const line = await node.logged("refused");
    expect(line).toMatchObject({
      level: "warn",
      message: "refused: not on the whitelist, see [server] whitelist",
      address: "127.0.0.1",
    });
    expect(await client.over).toBeUndefined();
    await apply(node, folder, config({ load: "a.ts", whitelist: "localhost" }));
    expect(await ask(node, "a")).toBe("a");
  });

  test("loads and unloads plugins, and reloads one whose settings changed", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    await apply(node, folder, config({ load: "a.ts, b.ts" }));
    expect([await ask(node, "a"), await ask(node, "b")]).toEqual(["a", "b"]);
    const rest = "[plugin:b]\nword = changed";
    await apply(node, folder, config({ load: "b.ts", rest }));
    expect(connect(node, "a")).rejects.toMatchObject({ code: "nobody_home" });
    expect(await ask(node, "b")).toBe("changed");
  });

  test("says what needs a restart", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    await apply(node, folder, config({ load: "a.ts", rest: "[limits]\nconnections_max = 9" }));
    const line = await node.logged("restart the node");
    expect(line).toMatchObject({
      level: "warn",
      message: "[limits] has changed; restart the node to apply it",
    });
    expect(await ask(node, "a")).toBe("a");
  });

  test("on a broken config changes nothing, and says everything that is wrong", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    await folder.write("node.ini", "[plugins]\nlaod = b.ts\n[log]\nlevel = loud\n");
    node.kill("SIGHUP");
    const path = folder.at("node.ini");
    const said = [await node.logged("not applied"), await node.logged("not applied")];
    expect(said).toEqual([
      expect.objectContaining({
        level: "error",
        message:
          `the config was not applied: ${path}:2: unknown key "laod" in [plugins]; ` +
          'did you mean "load"?',
      }),
      expect.objectContaining({
        level: "error",
        message: expect.stringContaining(`${path}:4: [log] level must be one of`),
      }),
    ]);
    expect(await ask(node, "a")).toBe("a");
    await folder[Symbol.asyncDispose]();
    node.kill("SIGHUP");
    expect((await node.logged("not applied")).message).toContain("does not exist");
    expect(await ask(node, "a")).toBe("a");
  });

  test("again and again, faster than it can be done, ends with the last config", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    for (let i = 0; i < 5; i++) node.kill("SIGHUP");
    await apply(node, folder, config({ load: "b.ts", rest: "[plugin:b]\nword = last" }));
    // What was applied may have been one of those before.
    await node.printed(/"plugin loaded","plugin":"b"/);
    const asked = await ask(node, "b");
    expect(asked).toBe("last");
    expect(await node.stop()).toBe(0);
  });
});

describe("the switches of the admin address", () => {
  test("unload, load and reload a plugin of a node that runs", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    const status = { name: "a", module: "a.ts" };
    expect(await node.act("unload", "a")).toEqual({
      status: 200,
      body: { ...status, state: "unloaded" },
    });
    expect(connect(node, "a")).rejects.toMatchObject({ code: "nobody_home" });
    expect(await node.act("load", "a")).toEqual({
      status: 200,
      body: { ...status, state: "loaded" },
    });
    expect(await ask(node, "a")).toBe("a");
    expect(await node.act("load", "nobody")).toMatchObject({ status: 404 });
  });

  test("a reload between two requests is not noticed, and a broken file changes nothing", async () => {
    await using folder = await TempFolder.create(files);
    await using node = await NodeProcess.ready(folder);
    await using client = await connect(node, "a");
    expect((await client.request("?")).toString()).toBe("a");
    await folder.write("a.ts", answering("a", '"a, mended"'));
    expect(await node.act("reload", "a")).toMatchObject({ status: 200 });
    expect((await client.request("?")).toString()).toBe("a, mended");
    await folder.write("a.ts", "const a = 1;\nconst b = ;");
    expect(await node.act("reload", "a")).toEqual({
      status: 500,
      body: {
        name: "a",
        module: "a.ts",
        state: "loaded",
        error: `${folder.at("a.ts")} cannot be imported: line 2: Unexpected ;`,
      },
    });
    expect((await client.request("?")).toString()).toBe("a, mended");
  });
});
