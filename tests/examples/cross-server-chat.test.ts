import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { NODE, Program, ROOT } from "../helpers/node-process.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

setDefaultTimeout(20_000);

const CONFIG = join(ROOT, "examples/cross-server-chat/node.ini");
const SECRET = crypto.getRandomValues(new Uint8Array(32)).toHex();

function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  return listener.port;
}

function start(folder: TempFolder, name: string, ...options: string[]): Program {
  const args = [NODE, "--config", CONFIG, "--name", name, "--data", folder.at(name), ...options];
  return Program.start(args, { cwd: folder.path, env: { CCP_MESH_SECRET: SECRET } });
}

test("what is typed at one terminal is read at the other, and private lines by one alone", async () => {
  await using folder = await TempFolder.create();
  const port = freePort();
  const adminPort = freePort();
  const ports = ["--port", `${port}`, "--admin-port", `${adminPort}`];
  await using surf = start(folder, "surf", ...ports);
  await surf.printed(/^you are surf; .+$/m);
  await using bhop = start(folder, "bhop", "--peer", `127.0.0.1:${port}`);
  await using jail = start(folder, "jail", "--peer", `127.0.0.1:${port}`);
  for (const [at, others] of [
    [surf, ["bhop", "jail"]],
    [bhop, ["jail", "surf"]],
    [jail, ["bhop", "surf"]],
  ] as const) {
    for (const _ of others) await at.printed(/^\* \w+ is here$/m);
    at.type("/who");
    const [, names] = await at.printed(/^\* with you: (.+)$/m);
    expect(names?.split(", ").toSorted()).toEqual([...others]);
  }

  surf.type("grüß Gott ☃");
  await bhop.printed(/^<surf> grüß Gott ☃$/m);
  await jail.printed(/^<surf> grüß Gott ☃$/m);

  bhop.type("/msg jail psst");
  await jail.printed(/^<bhop, to you> psst$/m);
  await bhop.printed(/^<you, to jail> psst$/m);
  bhop.type("after it");
  await surf.printed(/^<bhop> after it$/m);
  expect(surf.stdout).not.toContain("psst");

  bhop.type("/msg nobody hello?");
  await bhop.printed(/^\* not shown: .*nobody/m);

  bhop.type("/msg * hello?");
  await bhop.printed(/^\* not shown: "\*" is not with you; .*$/m);
  bhop.type("x".repeat(9 * 1024 * 1024));
  await bhop.printed(/^\* not shown: the payload cannot be sent: it has 9437189 bytes, .*$/m);

  jail.type("a bell \u0007 and \u001b[31mred");
  await surf.printed(/^<jail> a bell \ufffd and \ufffd\[31mred$/m);
  await fetch(`http://127.0.0.1:${adminPort}/api/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"topic": "chat.global", "payload": {"toString": 1, "list": [1, "a"]}}',
  });
  await jail.printed(/^<surf> \{"toString":1,"list":\[1,"a"\]\}$/m);

  expect(await jail.stop()).toBe(0);
  await surf.printed(/^\* jail has gone$/m);
  await bhop.printed(/^\* jail has gone$/m);
});
