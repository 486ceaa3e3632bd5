import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CCP_PRESET } from "../../mesh/plugins/games/ccp/adapter.ts";
import { Endpoint } from "../../src/index.ts";
import { endpointOf } from "../helpers/games/game-plugin.ts";
import { adapterOf, SessionLog } from "../helpers/games/session-log.ts";
import { Program, ROOT } from "../helpers/node-process.ts";

setDefaultTimeout(20_000);

const PYTHON = Bun.which("python3");
const EXAMPLE = join(ROOT, "examples/game-plugin.py");

function start(port: number): Program {
  return Program.start([EXAMPLE, String(port)], { interpreter: PYTHON ?? "python3" });
}

test.skipIf(PYTHON === null)(
  "a game's plugin joins its game, chats, shows and leaves",
  async () => {
    const adapter = adapterOf(CCP_PRESET, {});
    const { endpoint, errors } = await endpointOf(adapter);
    try {
      const { log, session } = SessionLog.open(adapter);
      await using program = start(endpoint.port);
      await log.up();
      const alice = { name: "Alice", id: "1" };
      expect(log.start).toEqual({ map: "dm1", players: [alice] });
      program.type("hello ü");
      await log.heard({ type: "chat", player: alice, audience: "all", text: "hello ü" });
      await session.say({ text: "[dust] Eve: hi" });
      await program.printed(/^say to all: \[dust\] Eve: hi\n/m);
      await session.tell(alice, "psst");
      await program.printed(/^tell to Alice: psst\n/m);
      await program.endInput();
      expect(await program.finished()).toMatchObject({ exitCode: 0, stderr: "" });
      await log.heard({ type: "leave", player: alice });
      expect(await log.over()).toMatchObject({ kind: "lost" });
      expect(errors).toEqual([]);
    } finally {
      await endpoint.close(0);
    }
  },
);

test.skipIf(PYTHON === null)("where no game is expected it says what to look at", async () => {
  const endpoint = await Endpoint.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    await using program = start(endpoint.port);
    const { exitCode, stderr } = await program.finished();
    expect([exitCode, stderr]).toEqual([
      1,
      "The node has no game at this port: see adapter and plugin in [game] of its config.\n",
    ]);
  } finally {
    await endpoint.close(0);
  }
});

test("docs/games/ccp.md has the whole of it", async () => {
  const page = await readFile(join(ROOT, "docs/games/ccp.md"), "utf8");
  expect(page).toContain(`\`\`\`python\n${await readFile(EXAMPLE, "utf8")}\`\`\`\n`);
});
