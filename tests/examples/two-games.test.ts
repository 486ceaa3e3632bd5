import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Program, ROOT } from "../helpers/node-process.ts";

setDefaultTimeout(20_000);

test("what the player of one game says, the players of the other read, and all stop", async () => {
  await using program = Program.start([join(ROOT, "examples/two-games/main.ts")]);
  const read = new Set<string>();
  while (read.size < 2) {
    const [, at, from, player] = await program.printed(
      /^(surf|bhop) \| .*the players here read: \[(\w+)\] (\w+): .+$/m,
    );
    read.add(`${at} reads ${player} of ${from}`);
  }
  expect([...read].toSorted()).toEqual(["bhop reads Alice of surf", "surf reads Bob of bhop"]);
  expect(await program.stop("SIGINT")).toBe(0);
  for (const name of ["surf", "bhop"]) {
    expect(program.stdout).toMatch(new RegExp(`^${name} \\| .*stopped`, "m"));
  }
});
