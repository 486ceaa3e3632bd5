import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { NodeProcess, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

const CLIENT = join(ROOT, "examples/raw-console/client.ts");
const FILES = {
  "node.ini": `[server]\nhost = 127.0.0.1\n[plugins]\nload = ${join(ROOT, "examples/raw-console/plugin.ts")}\n`,
};

function sit({ port }: { readonly port: number }): Program {
  return Program.start([CLIENT, `127.0.0.1:${port}`]);
}

test("what one of three types all see, and that one leaves", async () => {
  await using folder = await TempFolder.create(FILES);
  await using node = await NodeProcess.ready(folder);
  await using ann = sit(node);
  await ann.printed(/^\* 127\.0\.0\.1:\d+ joined; 1 here$/m);
  await using bob = sit(node);
  await bob.printed(/^\* 127\.0\.0\.1:\d+ joined; 2 here$/m);
  await using eve = sit(node);
  const all = [ann, bob, eve];
  for (const seat of all) await seat.printed(/^\* 127\.0\.0\.1:\d+ joined; 3 here$/m);

  for (const [at, seat] of all.entries()) {
    seat.type(`line ${at}`);
    const line = new RegExp(`^<127\\.0\\.0\\.1:\\d+> line ${at}$`, "m");
    for (const other of all) await other.printed(line);
  }

  eve.type("");
  expect(await eve.finished()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(eve.stdout).not.toContain("closed");
  for (const seat of [ann, bob]) await seat.printed(/^\* 127\.0\.0\.1:\d+ left; 2 here$/m);

  await bob.stop("SIGKILL");
  await ann.printed(/^\* 127\.0\.0\.1:\d+ left; 1 here$/m);
  ann.type("alone");
  await ann.printed(/^<127\.0\.0\.1:\d+> alone$/m);
  await ann.endInput();
  expect(await ann.finished()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(node.log.filter(({ level }) => level !== "info")).toEqual([]);
});

test("when the plugin is unloaded or the node killed, all are told why and leave", async () => {
  await using folder = await TempFolder.create(FILES);
  await using node = await NodeProcess.ready(folder);
  await using ann = sit(node);
  await ann.printed(/joined; 1 here$/m);
  await node.act("unload", "raw-console");
  const unloaded = await ann.finished();
  expect(unloaded.exitCode).toBe(1);
  expect(unloaded.stderr).toBe(
    `Failed: 127.0.0.1:${node.port}: no plugin receives raw communications for "console" there now\n`,
  );

  await node.act("load", "raw-console");
  await using bob = sit(node);
  await bob.printed(/joined; 1 here$/m);
  await node.stop("SIGKILL");
  const lost = await bob.finished();
  expect(lost.exitCode).toBe(1);
  expect(lost.stderr).toBe(
    `Failed: 127.0.0.1:${node.port} closed the connection before the communication ended\n`,
  );
});

test("when the node stops, all leave with 0", async () => {
  await using folder = await TempFolder.create(FILES);
  await using node = await NodeProcess.ready(folder);
  await using ann = sit(node);
  await ann.printed(/joined; 1 here$/m);
  expect(await node.stop()).toBe(0);
  const { exitCode, stdout, stderr } = await ann.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toEndWith("The console was closed.\n");
});
