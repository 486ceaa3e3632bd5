/** The code in the documents runs as it stands there, and the tables agree with the code. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../mesh/config/config-error.ts";
import { readConfig } from "../../mesh/config/read-config.ts";
import { surroundingMistakes } from "../../mesh/config/surroundings.ts";
import { SYSTEM_CLOCK } from "../../mesh/clock.ts";
import { Durable } from "../../mesh/durable/durable.ts";
import { DEFAULT_MESH_LIMITS } from "../../mesh/mesh-limits.ts";
import { PluginHost } from "../../mesh/plugin-host.ts";
import { providePluginApi } from "../../mesh/plugin-modules.ts";
import {
  DEFAULT_ENDPOINT_LIMITS,
  Endpoint,
  REFUSAL_REASONS,
  RequestClient,
} from "../../src/index.ts";
import { ScriptedMessenger } from "../helpers/scripted-messenger.ts";
import { silentLogger } from "../helpers/silent-logger.ts";
import { localMessenger } from "../mesh/local-messenger.ts";

const ROOT = join(import.meta.dir, "..", "..");

async function blocksOf(document: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, document), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(
    ([, code]) => code ?? "",
  );
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ccp-mesh-docs-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("README.md", () => {
  test("the application prints what its comment says", async () => {
    const blocks = await blocksOf("README.md", "ts");
    const code = blocks.find((block) => block.includes("ccp-mesh/ccp")) ?? "";
    const program = code.replace('"ccp-mesh/ccp"', JSON.stringify(join(ROOT, "src/index.ts")));
    await writeFile(join(folder, "application.ts"), program);
    const child = Bun.spawnSync([process.execPath, join(folder, "application.ts")]);
    expect(child.stdout.toString()).toBe("hello\n");
    expect(child.exitCode).toBe(0);
  });

  test("the quick start is two commands, and the second is the project's test script", async () => {
    const readme = await readFile(join(ROOT, "README.md"), "utf8");
    const quickStart = readme.slice(readme.indexOf("## Quick start"));
    const [, block] = /```sh\n(.*?)```/s.exec(quickStart) ?? [];
    const commands = (block ?? "").trim().split("\n");
    expect(commands.map((line) => line.replace(/\s+#.*/, ""))).toEqual([
      "npx --yes bun@1.4.5 run node.ts",
      "npx --yes bun@1.4.5 run test",
    ]);
  });
});

describe("every plugin in the documents loads", () => {
  for (const document of ["README.md", "docs/PLUGINS.md"]) {
    test(document, async () => {
      const plugins = (await blocksOf(document, "ts")).filter((code) =>
        code.includes("definePlugin("),
      );
      expect(plugins.length).toBeGreaterThan(0);
      const modules = await Promise.all(plugins.map((code, at) => save(document, at, code)));
      providePluginApi();
      await using endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
      const dataFolder = join(folder, `${document.replaceAll(/\W/g, "-")}-data`);
      const durable = new Durable({
        messaging: localMessenger(),
        folder: dataFolder,
        payloadBytesMax: DEFAULT_MESH_LIMITS.meshPayloadBytesMax,
        log: silentLogger,
        clock: SYSTEM_CLOCK,
      });
      const host = new PluginHost({
        nodeName: "surf",
        endpoint,
        messenger: new ScriptedMessenger(),
        durable,
        log: silentLogger,
        folders: [folder],
        dataFolder,
      });
      await host.apply(modules, new Map());
      expect(host.list().map(({ state, error }) => error ?? state)).toEqual(
        plugins.map(() => "loaded"),
      );
      if (document === "README.md") {
        const { port } = endpoint;
        await using client = await RequestClient.connect({
          host: "127.0.0.1",
          port,
          plugin: "greeter",
        });
        expect((await client.request("you")).toString()).toBe("hello you, from surf");
      }
      await host.unloadAll();
      await durable.close();
    });
  }

  async function save(document: string, at: number, code: string): Promise<string> {
    const file = join(folder, `${document.replaceAll(/\W/g, "-")}-${at}.ts`);
    await writeFile(file, code);
    return file;
  }
});

describe("docs/OPERATIONS.md", () => {
  test("lists every limit with its default", async () => {
    const text = await readFile(join(ROOT, "docs/OPERATIONS.md"), "utf8");
    for (const [name, value] of Object.entries({
      ...DEFAULT_ENDPOINT_LIMITS,
      ...DEFAULT_MESH_LIMITS,
    })) {
      const key = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const [, shown] = new RegExp(`^\\| \`${key}\` +\\| (.*?) +\\|`, "m").exec(text) ?? [];
      expect(`${key} ${plainNumber(shown ?? "")}`).toBe(`${key} ${value}`);
    }
  });

  test("explains every reason for a refusal", async () => {
    const text = await readFile(join(ROOT, "docs/OPERATIONS.md"), "utf8");
    for (const reason of REFUSAL_REASONS) {
      expect(text).toMatch(new RegExp(`^\\| \`${reason}\` +\\| .+ \\|$`, "m"));
    }
  });
});

test("every sample in config/ is fine as it stands", async () => {
  const files = (await readdir(join(ROOT, "config"))).filter((file) => file.endsWith(".ini"));
  const others = ["collectors.ini", "node.ini", "public.ini", "sp-ccp.ini"];
  const ofGames = ["bzflag", "line", "minecraft", "openttd", "process", "source", "teeworlds"];
  const ofMesh = ["mesh.ini", ...ofGames.map((game) => `${game}.ini`)];
  expect(files.toSorted()).toEqual([...others, ...ofMesh].toSorted());
  for (const file of files) {
    const path = join(ROOT, "config", file);
    // The samples of a mesh bring no secret that somebody might keep.
    const isMesh = ofMesh.includes(file);
    const secret = randomBytes(32).toString("hex");
    const config = await readConfig({
      path,
      environment: isMesh ? { CCP_MESH_SECRET: secret } : {},
    });
    if (config instanceof ConfigError) throw config;
    const found = await surroundingMistakes(config, path);
    // The one folder that its reader has to make.
    const isFolder = (text: string): boolean =>
      text.endsWith("/var/log/ccp-mesh is not there; make it");
    expect(found.filter((text) => !isFolder(text))).toEqual([]);
  }
});

test("the sample of a mesh does not start without a secret", async () => {
  const path = join(ROOT, "config", "mesh.ini");
  const error = await readConfig({ path, environment: {} });
  if (!(error instanceof ConfigError)) throw new Error("it was accepted");
  expect(error.mistakes.map(({ text }) => text)).toEqual([
    "[mesh] secret is missing, and so are secret_file and CCP_MESH_SECRET; " +
      "every node of a cluster needs the same secret; " +
      "make one with: openssl rand -hex 32",
  ]);
});

function plainNumber(shown: string): number {
  const [, digits, unit] = /^([\d,]+)(?: (ms|KiB|MiB))?$/.exec(shown) ?? [];
  const factor = unit === "KiB" ? 1024 : unit === "MiB" ? 1024 * 1024 : 1;
  return Number(digits?.replaceAll(",", "")) * factor;
}
