import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publish } from "../helpers/collectors/publish.ts";
import { HAS_RSYSLOG } from "../helpers/collectors/rsyslog.ts";
import { freePort } from "../helpers/games/free-port.ts";
import { NODE, NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { until } from "../helpers/turns.ts";

setDefaultTimeout(20_000);

const EXAMPLE = join(ROOT, "examples/rsyslog");
const RSYSLOGD = Bun.which("rsyslogd", { PATH: `${process.env["PATH"]}:/usr/sbin` }) ?? "rsyslogd";

/** Both files as they stand, but for the port and the file, which are the test's own. */
async function copy(folder: TempFolder): Promise<void> {
  const port = String(freePort());
  const conf = await readFile(join(EXAMPLE, "ccp-mesh.conf"), "utf8");
  const section = await readFile(join(EXAMPLE, "collector.ini"), "utf8");
  const ownConf = conf
    .replace('port="5514"', `port="${port}"`)
    .replace("/var/log/ccp-mesh/", `${folder.path}/log/`);
  await folder.write("ccp-mesh.conf", `global(workDirectory="${folder.path}")\n${ownConf}`);
  const ownSection = section.replace("127.0.0.1:5514", `127.0.0.1:${port}`);
  expect([ownConf, ownSection]).not.toEqual([conf, section]);
  const node = "[server]\nhost = 127.0.0.1\n[node]\nname = surf\n";
  await folder.write("node.ini", `${node}${ownSection}retry_min_ms = 100\nretry_max_ms = 200\n`);
}

function startRsyslog(folder: TempFolder): Program {
  const args = ["-n", "-f", folder.at("ccp-mesh.conf"), "-i", folder.at("rsyslog.pid")];
  return Program.start(args, { interpreter: RSYSLOGD });
}

/** What rsyslog has written, once there is so much of it. */
async function written(folder: TempFolder, count: number): Promise<readonly unknown[]> {
  const file = folder.at("log/events.ndjson");
  const lines = (): string[] =>
    existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : [];
  await until(() => lines().length >= count, 10_000);
  return lines().map((line): unknown => JSON.parse(line));
}

describe.skipIf(!HAS_RSYSLOG)("examples/rsyslog", () => {
  test("rsyslog accepts the file as it stands", async () => {
    const args = ["-N1", "-f", join(EXAMPLE, "ccp-mesh.conf")];
    const { exitCode, stderr } = await Program.run(args, { interpreter: RSYSLOGD });
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/error|warning/i);
  });

  test("takes the events of a node, also those that came before it", async () => {
    await using folder = await TempFolder.create();
    await copy(folder);
    await using node = await NodeProcess.ready(folder);
    const join = { player: { name: 'Zoë "z" <b> \\ 日本' }, text: "é\n".repeat(1500) };
    expect(await publish(node, "player.join", join)).toBe(200);
    expect(await publish(node, "of.no.interest", {})).toBe(200);
    await using rsyslog = startRsyslog(folder);
    expect(await publish(node, "game.down", { reason: "it ended" })).toBe(200);
    expect(await written(folder, 2)).toMatchObject([
      { node: "surf", type: "player.join", payload: join },
      { node: "surf", type: "game.down", payload: { reason: "it ended" } },
    ]);
    const args = [NODE, "collector", "test", "rsyslog", "--config", folder.at("node.ini")];
    expect(await Program.run(args)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await written(folder, 3)).at(-1)).toMatchObject({ type: "collector.test" });
    expect(await rsyslog.stop()).toBe(0);
  });
});
