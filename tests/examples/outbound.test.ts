import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

const APPLICATION = join(ROOT, "examples/outbound/application.ts");
const PLUGIN = join(ROOT, "examples/outbound/plugin.ts");

async function listeningPort(application: Program): Promise<number> {
  const [, port] = await application.printed(/^listening on 127\.0\.0\.1:(\d+)$/m);
  return Number(port);
}

function config(port: number): string {
  return `
    [server]
    host = 127.0.0.1
    [plugins]
    load = ${PLUGIN}
    [plugin:outbound]
    application = 127.0.0.1:${port}
    every_ms = 20`;
}

test("the plugin connects, comes back after the application was killed, and leaves", async () => {
  await using first = Program.start([APPLICATION, "0"]);
  const port = await listeningPort(first);
  await using folder = await TempFolder.create({ "node.ini": config(port) });
  await using node = await NodeProcess.ready(folder, "--name", "surf-1");
  await node.logged("connected to the application");
  await first.printed(/^127\.0\.0\.1:\d+ round \d+ of surf-1$/m);
  await node.logged("the application says: noted: round ");

  await first.stop("SIGKILL");
  const lost = await node.logged("no connection to the application");
  expect(lost).toMatchObject({ level: "warn", plugin: "outbound" });
  await node.logged("not connected, so this round was not sent");

  await using second = Program.start([APPLICATION, String(port)]);
  expect(await listeningPort(second)).toBe(port);
  await node.logged("connected to the application");
  const [, sent] = await second.printed(/^127\.0\.0\.1:\d+ round (\d+) of surf-1$/m);
  expect(Number(sent)).toBeGreaterThan(1);

  await node.act("unload", "outbound");
  await second.printed(/^127\.0\.0\.1:\d+ is gone \(ended\)$/m);
  expect(node.log.filter(({ level }) => level === "error")).toEqual([]);
  const ended = node.log.filter(({ message }) => message.includes("ended the communication"));
  expect(ended).toEqual([]);
  expect(node.log.at(-1)).toMatchObject({ message: "plugin unloaded", plugin: "outbound" });
  expect(await second.stop()).toBe(0);
});

test("the plugin keeps trying while there is no application, and unloads at once", async () => {
  await using application = Program.start([APPLICATION, "0"]);
  const port = await listeningPort(application);
  expect(await application.stop()).toBe(0);
  await using folder = await TempFolder.create({ "node.ini": config(port) });
  await using node = await NodeProcess.ready(folder);
  await node.logged("no connection to the application");
  const again = await node.logged("no connection to the application");
  expect(again["attempt"]).toBe(1);
  expect(await node.stop()).toBe(0);
});

test("the application says in a line why it cannot listen", async () => {
  await using first = Program.start([APPLICATION, "0"]);
  const port = await listeningPort(first);
  for (const [written, why] of [
    [String(port), `port ${port} is in use on 127.0.0.1`],
    ["70000", "the port must be"],
    ["port", "the port must be"],
  ] as const) {
    const { exitCode, stdout, stderr } = await Program.run([APPLICATION, written]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^Failed: ${why}.*\n$`));
  }
});
