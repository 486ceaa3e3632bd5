import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { Program, ROOT } from "../helpers/node-process.ts";

setDefaultTimeout(20_000);

test("three nodes find each other through one, each hears the others, and all stop", async () => {
  await using program = Program.start([join(ROOT, "examples/three-nodes/main.ts")]);
  const heard = new Set<string>();
  while (heard.size < 6) {
    const [, at, from, to, by] = await program.printed(
      /^(surf|bhop|jail) *\| .*<(\w+)> hello (\w+), this is (\w+)/m,
    );
    expect(by).toBe(from ?? "");
    // All hear what is said to one.
    if (at === to) heard.add(`${at} hears ${from}`);
  }
  expect([...heard].toSorted()).toEqual([
    "bhop hears jail",
    "bhop hears surf",
    "jail hears bhop",
    "jail hears surf",
    "surf hears bhop",
    "surf hears jail",
  ]);
  expect(await program.stop("SIGINT")).toBe(0);
  for (const name of ["surf", "bhop", "jail"]) {
    expect(program.stdout).toMatch(new RegExp(`^${name} *\\| .*stopped`, "m"));
  }
});
