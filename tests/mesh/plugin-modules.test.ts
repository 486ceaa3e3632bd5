import { NO_DURABLE } from "../helpers/no-durable.ts";
import { describe, expect, test } from "bun:test";
import { importPlugin, pluginFolders, resolvePluginModule } from "../../mesh/plugin-modules.ts";
import { PluginScope } from "../../mesh/plugin-scope.ts";
import { Program, ROOT } from "../helpers/node-process.ts";
import { RecordingLogger } from "../helpers/recording-logger.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { localMessenger } from "./local-messenger.ts";

const PLUGIN = `export default { name: "chat", setup() {} };\n`;

async function importError(text: string, name = "chat.ts"): Promise<string> {
  await using folder = await TempFolder.create({ [name]: text });
  try {
    await importPlugin(folder.at(name));
  } catch (error) {
    return String(error).replaceAll(folder.path, "");
  }
  throw new Error("it was imported");
}

function scopeWith(log: RecordingLogger): PluginScope {
  const endpoint = { port: 0, onRequest: unused, onRaw: unused };
  const messenger = localMessenger();
  return new PluginScope({
    nodeName: "surf",
    plugin: "p",
    settings: {},
    log,
    endpoint,
    messenger,
    durable: NO_DURABLE,
  });
}

function unused(): never {
  throw new Error("is not used");
}

describe("where a plugin is looked for", () => {
  test("beside the config, then in the working folder, and once if they are the same", () => {
    expect(pluginFolders("/etc/ccp/node.ini")).toEqual(["/etc/ccp", process.cwd()]);
    expect(pluginFolders("node.ini")).toEqual([process.cwd()]);
  });

  test("a file, with or without its ending, by a path from the first folder that has it", async () => {
    await using a = await TempFolder.create({ "one.ts": PLUGIN });
    await using b = await TempFolder.create({ "one.ts": PLUGIN, "sub/two.ts": PLUGIN });
    const folders = [a.path, b.path];
    expect(resolvePluginModule("one.ts", folders)).toBe(a.at("one.ts"));
    expect(resolvePluginModule("./one", folders)).toBe(a.at("one.ts"));
    expect(resolvePluginModule("sub/two.ts", folders)).toBe(b.at("sub/two.ts"));
    expect(resolvePluginModule("../one.ts", [b.at("sub")])).toBe(b.at("one.ts"));
    expect(resolvePluginModule(b.at("one.ts"), folders)).toBe(b.at("one.ts"));
  });

  test("a package, in node_modules of the folder or above it", async () => {
    const manifest = JSON.stringify({ name: "x", version: "1.0.0", exports: "./lib/main.ts" });
    await using folder = await TempFolder.create({
      "node_modules/chat-plugin/package.json": manifest,
      "node_modules/chat-plugin/lib/main.ts": PLUGIN,
      "node_modules/@team/chat/package.json": manifest,
      "node_modules/@team/chat/lib/main.ts": PLUGIN,
      "config/node.ini": "",
    });
    const folders = [folder.at("config")];
    const main = (name: string) => folder.at(`node_modules/${name}/lib/main.ts`);
    expect(resolvePluginModule("chat-plugin", folders)).toBe(main("chat-plugin"));
    expect(resolvePluginModule("@team/chat", folders)).toBe(main("@team/chat"));
  });

  test("what is nowhere is refused with the folders that were looked in", () => {
    expect(() => resolvePluginModule("absent.ts", ["/a", "/b"])).toThrow(
      'there is no module "absent.ts", neither as a file nor as a package, in /a or /b',
    );
  });

  test("a file that appears after it was missed is found", async () => {
    await using folder = await TempFolder.create({ "sub/other.ts": PLUGIN });
    expect(() => resolvePluginModule("sub/late.ts", [folder.path])).toThrow("no module");
    await folder.write("sub/late.ts", PLUGIN);
    expect(resolvePluginModule("sub/late.ts", [folder.path])).toBe(folder.at("sub/late.ts"));
  });

  test("no registry is asked for what is missing", async () => {
    const asked: string[] = [];
    using registry = Bun.serve({
      port: 0,
      fetch(request) {
        asked.push(request.url);
        return new Response("{}", { status: 404 });
      },
    });
    const modules = `${ROOT}/mesh/plugin-modules.ts`;
    await using folder = await TempFolder.create({
      "look.ts": `
        import { resolvePluginModule } from ${JSON.stringify(modules)};
        for (const name of ["no-such-plugin", "@no-such/plugin", "no-such-folder/plugin.ts"]) {
          try { resolvePluginModule(name, [import.meta.dir]); } catch { console.log("refused"); }
        }`,
    });
    const env = { BUN_CONFIG_REGISTRY: registry.url.href };
    const { stdout } = await Program.run([folder.at("look.ts")], { cwd: folder.path, env });
    expect(stdout).toBe("refused\n".repeat(3));
    expect(asked).toEqual([]);
  });
});

describe("what is wrong with a module", () => {
  test("a syntax error, with its line", async () => {
    expect(await importError('const a = "x";\nconst b = ;\n')).toBe(
      "Error: /chat.ts cannot be imported: line 2: Unexpected ;",
    );
  });

  test("several syntax errors, with the line of the first", async () => {
    expect(await importError("const b = ;\nlet let = 1;\n")).toStartWith(
      "Error: /chat.ts cannot be imported: line 1: ",
    );
  });

  test("an import of what is not there", async () => {
    expect(await importError('import "./absent.ts";')).toBe(
      "Error: /chat.ts cannot be imported: Cannot find module './absent.ts' imported from /chat.ts",
    );
  });

  test("a throw at its top", async () => {
    expect(await importError('throw new Error("no database");')).toBe(
      "Error: /chat.ts cannot be imported: no database",
    );
  });

  const NO_PLUGIN =
    "Error: /chat.ts is not a plugin: its default export must be definePlugin({ name, setup }), " +
    "with a name of letters, digits, dots, dashes and underscores, at most 64";

  test.each([
    ["no default export", "export const name = 1;"],
    ["a default export of another kind", "export default function setup() {}"],
    ["no setup", 'export default { name: "chat" };'],
    ["no name", "export default { setup() {} };"],
    ["an empty name", 'export default { name: "", setup() {} };'],
    ["a name with a space", 'export default { name: "ad min", setup() {} };'],
    ["a name of 65 letters", `export default { name: "${"a".repeat(65)}", setup() {} };`],
  ])("%s", async (_what, text) => {
    expect(await importError(text)).toBe(NO_PLUGIN);
  });
});

describe("a module that is imported again", () => {
  test("is read again, and so is what it imports from its folder and below", async () => {
    await using folder = await TempFolder.create({
      "lib/word.ts": 'export const word = "old";',
      "chat.ts": 'import { word } from "./lib/word.ts"; export default { name: word, setup() {} };',
    });
    expect((await importPlugin(folder.at("chat.ts"))).name).toBe("old");
    await folder.write("lib/word.ts", 'export const word = "new";');
    expect((await importPlugin(folder.at("chat.ts"))).name).toBe("new");
    await folder.write("chat.ts", 'export default { name: "other", setup() {} };');
    expect((await importPlugin(folder.at("chat.ts"))).name).toBe("other");
  });

  test("is read again after it was broken", async () => {
    await using folder = await TempFolder.create({ "chat.ts": PLUGIN });
    const file = folder.at("chat.ts");
    await importPlugin(file);
    await folder.write("chat.ts", "export default ;");
    expect(importPlugin(file)).rejects.toThrow("cannot be imported: line 1: Unexpected ;");
    await folder.write("chat.ts", PLUGIN);
    expect((await importPlugin(file)).name).toBe("chat");
  });

  const USING = 'import { x } from "./h.ts"; export default { name: x, setup() {} };';
  const MENDED = "export const x = 'mended';";

  test.each([
    ["a throw", { "a.ts": "throw new Error();" }, { "a.ts": USING, "h.ts": MENDED }],
    ["a late throw", { "a.ts": "await 1; throw 1;" }, { "a.ts": USING, "h.ts": MENDED }],
    ["a helper that is missing", { "a.ts": USING }, { "h.ts": MENDED }],
    [
      "a package that is missing, and a helper that changed too",
      { "a.ts": `import "absent"; ${USING}`, "h.ts": "export const x = 'old';" },
      { "a.ts": USING, "h.ts": MENDED },
    ],
    [
      "a package that is missing, and then installed",
      { "a.ts": `import "late"; ${USING}`, "h.ts": MENDED },
      { "node_modules/late/package.json": '{"name":"late"}', "node_modules/late/index.js": "" },
    ],
    ["a helper's missing export", { "a.ts": USING, "h.ts": "export {};" }, { "h.ts": MENDED }],
    [
      "a missing export of a helper's helper",
      { "a.ts": USING, "h.ts": "export { x } from './lib/x.ts';", "lib/x.ts": "export {};" },
      { "lib/x.ts": MENDED },
    ],
    ["a helper's syntax", { "a.ts": USING, "h.ts": "export const x = ;" }, { "h.ts": MENDED }],
    [
      "a helper's throw",
      { "a.ts": USING, "h.ts": "throw 1; export const x = 1;" },
      { "h.ts": MENDED },
    ],
    [
      "broken JSON",
      { "a.ts": 'import p from "./p.json"; export default { ...p, setup() {} };', "p.json": "{" },
      { "p.json": '{ "name": "mended" }' },
    ],
  ] satisfies [string, Record<string, string>, Record<string, string>][])(
    "after %s, mended",
    async (_what, broken, mended) => {
      await using folder = await TempFolder.create(broken);
      expect(importPlugin(folder.at("a.ts"))).rejects.toThrow("cannot be imported");
      for (const [name, text] of Object.entries(mended)) await folder.write(name, text);
      expect((await importPlugin(folder.at("a.ts"))).name).toBe("mended");
    },
  );

  test("what a broken plugin could have imported, but did not, is not run", async () => {
    await using folder = await TempFolder.create({
      "a.ts": 'import { x } from "./h.ts"; console.log(x, import("./later.ts"));',
      "h.ts": "export {};",
      "later.ts": "globalThis.wasRun = true;",
      "beside.ts": "globalThis.wasRun = true;",
    });
    expect(importPlugin(folder.at("a.ts"))).rejects.toThrow("Export named 'x' not found");
    expect("wasRun" in globalThis).toBe(false);
  });

  test("plugins of one folder share a helper, until one of them is read again", async () => {
    const plugin =
      'import { h } from "./h.ts"; export default { name: "p", setup: (node) => node.log.info("", { h }) };';
    await using folder = await TempFolder.create({
      "a.ts": plugin,
      "b.ts": plugin,
      "h.ts": "export const h = {};",
    });
    const helperOf = async (file: string): Promise<unknown> => {
      const log = new RecordingLogger();
      const plugin = await importPlugin(folder.at(file));
      await plugin.setup(scopeWith(log));
      return log.lines[0]?.fields["h"];
    };
    const a = await helperOf("a.ts");
    expect(await helperOf("b.ts")).toBe(a);
    expect(await helperOf("b.ts")).not.toBe(a);
  });
});
