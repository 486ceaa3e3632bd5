import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { HELP_TEXT } from "../../mesh/arguments.ts";
import packageJson from "../../package.json" with { type: "json" };
import { type Finished, NODE, Program } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

function run(...args: string[]): Promise<Finished> {
  return Program.run([NODE, ...args]);
}

describe("the command line", () => {
  test("--help and --version answer and exit with 0", async () => {
    const [help, version] = await Promise.all([run("--help"), run("--version")]);
    expect(help).toEqual({ exitCode: 0, stdout: HELP_TEXT, stderr: "" });
    expect(version).toEqual({ exitCode: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  });

  test("a mistake on it exits with 2 and is said on standard error", async () => {
    expect(await run("--prot", "1", "--check=yes")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: "unknown option --prot; did you mean --port?\n--check takes no value\n",
    });
  });

  test("a config that is missing exits with 2 and says what to do", async () => {
    expect(await run("--config", "/nowhere/node.ini")).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "/nowhere/node.ini does not exist. " +
        "Copy config/node.ini from the project, or name another file with --config FILE.\n",
    });
  });

  test("a config with mistakes exits with 2 and lists them all, those of the options too", async () => {
    await using folder = await TempFolder.create({
      "node.ini": "[server]\nprot = 1\nwhitelist = 10.0.0.0/33\n[srever]\n",
    });
    const { exitCode, stdout, stderr } = await run(
      "--config",
      folder.at("node.ini"),
      "--port",
      "70000",
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const [port, key, entry, section, end] = stderr.replaceAll(folder.path, "").split("\n");
    expect(port).toBe('--port must be a whole number from 0 to 65535, not "70000"');
    expect(key).toBe('/node.ini:2: unknown key "prot" in [server]; did you mean "port"?');
    expect(entry).toStartWith('/node.ini:3: [server] whitelist is mistaken: "10.0.0.0/33"');
    expect(section).toBe("/node.ini:4: unknown section [srever]; did you mean [server]?");
    expect(end).toBe("");
  });
});

describe("--check", () => {
  test("says that a config is fine, and starts nothing", async () => {
    await using folder = await TempFolder.create({
      "node.ini": "[plugins]\nload = chat.ts\n",
      "chat.ts": "console.log('was run');",
    });
    const path = folder.at("node.ini");
    expect(await run("--check", "--config", path)).toEqual({
      exitCode: 0,
      stdout: `${path} is fine\n`,
      stderr: "",
    });
  });

  test("the project's own configs are fine", async () => {
    for (const path of ["config/node.ini", "config/sp-ccp.ini"]) {
      expect(await run("--check", "--config", path)).toMatchObject({ exitCode: 0, stderr: "" });
    }
  });

  test("lists mistakes of the config without looking at the machine", async () => {
    await using folder = await TempFolder.create({ "node.ini": "[log]\nlevel = loud\n" });
    const { exitCode, stderr } = await run("--check", "--config", folder.at("node.ini"));
    expect(exitCode).toBe(2);
    expect(stderr.replaceAll(folder.path, "")).toBe(
      '/node.ini:2: [log] level must be one of debug, info, warn, error, not "loud"\n',
    );
  });

  test("lists what the config names and the machine does not have", async () => {
    await using folder = await TempFolder.create({
      "node.ini": "[server]\nwhitelist = panel.invalid\n[plugins]\nload = absent.ts\n",
    });
    const path = folder.at("node.ini");
    const { exitCode, stdout, stderr } = await run("--check", "--config", path);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    const [name, plugin, end] = stderr.split("\n");
    expect(name).toStartWith('whitelist: "panel.invalid" does not resolve (');
    expect(plugin).toStartWith('[plugins] load: there is no module "absent.ts", ');
    expect(end).toBe("");
  });
});
