import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile } from "node:fs/promises";
import { type CreatedIdentity, createIdentity } from "../../mesh/identity.ts";
import { NodeError } from "../../mesh/node-error.ts";
import { TempFolder } from "../helpers/temp-folder.ts";
import { rejection } from "../helpers/turns.ts";

const NOW = 1_800_000_000_000;

/** One start at this time. */
function start(folder: TempFolder, now = NOW): Promise<CreatedIdentity> {
  const dataFolder = folder.at("data");
  return createIdentity({ name: "surf-1", dataFolder, now: () => now });
}

describe("an identity", () => {
  test("has the name, 16 random bytes of its own, and the time as its incarnation", async () => {
    await using folder = await TempFolder.create();
    const first = await start(folder);
    expect(first).toEqual({
      identity: {
        name: "surf-1",
        instance: expect.stringMatching(/^[0-9a-f]{32}$/),
        incarnation: NOW,
      },
      warning: undefined,
    });
    expect((await start(folder)).identity.instance).not.toBe(first.identity.instance);
  });

  test("takes the time of the machine where none is given", async () => {
    await using folder = await TempFolder.create();
    const before = Date.now();
    const { identity } = await createIdentity({ name: "surf-1", dataFolder: folder.path });
    expect(identity.incarnation).toBeGreaterThanOrEqual(before);
    expect(identity.incarnation).toBeLessThanOrEqual(Date.now());
  });

  test("has a greater incarnation at each start, though the clock stands still or goes back", async () => {
    await using folder = await TempFolder.create();
    const incarnations: number[] = [];
    for (const now of [NOW, NOW, NOW - 5000, NOW + 10, 0]) {
      incarnations.push((await start(folder, now)).identity.incarnation);
    }
    expect(incarnations).toEqual([NOW, NOW + 1, NOW + 2, NOW + 10, NOW + 11]);
  });

  test("leaves one file in the folder, which it makes, and nothing half done", async () => {
    await using folder = await TempFolder.create();
    await start(folder);
    await start(folder);
    expect(await readdir(folder.at("data"))).toEqual(["incarnation"]);
    expect(await readFile(folder.at("data/incarnation"), "utf8")).toBe(`${NOW + 1}\n`);
  });
});

describe("a file that is of no use", () => {
  test.each([
    ["empty", ""],
    ["garbage", "\0\0\0\0"],
    ["negative", "-5\n"],
    ["a fraction", "1.5"],
    ["too large to count on from", String(Number.MAX_SAFE_INTEGER)],
    ["too long for a number", "9".repeat(17)],
  ])("because it is %s is written anew, and told", async (_what, text) => {
    await using folder = await TempFolder.create({ "data/incarnation": text });
    const { identity, warning } = await start(folder);
    expect(identity.incarnation).toBe(NOW);
    expect(warning).toBe(
      `${folder.at("data/incarnation")} held no number, and was written anew; ` +
        "if the clock was set back, other nodes may refuse this one",
    );
    expect((await start(folder)).warning).toBeUndefined();
  });

  test("because it is huge is not read to its end", async () => {
    await using folder = await TempFolder.create({ "data/incarnation": "1".repeat(100_000) });
    expect((await start(folder)).warning).toContain("could not be read, and was written anew");
    expect((await start(folder)).identity.incarnation).toBe(NOW + 1);
  });
});

describe("a folder that cannot be written to", () => {
  test("because a file has its name, is an error that says what to do", async () => {
    await using folder = await TempFolder.create({ data: "a file" });
    const error = await rejection(start(folder));
    expect(error).toBeInstanceOf(NodeError);
    expect(error).toMatchObject({
      code: "data_unusable",
      message: expect.stringMatching(
        /^\[node\] data: the folder \S+ cannot be written to \(.+\); give the user that runs the node the right to, or name another folder$/,
      ),
    });
  });

  test("because a folder stands where the file should, is one too, and leaves nothing behind", async () => {
    await using folder = await TempFolder.create();
    await mkdir(folder.at("data/incarnation/x"), { recursive: true });
    expect(await rejection(start(folder))).toMatchObject({ code: "data_unusable" });
    expect(await readdir(folder.at("data"))).toEqual(["incarnation"]);
  });

  // The superuser may write everywhere.
  test.skipIf(process.getuid?.() === 0)("because of its permissions, too", async () => {
    await using folder = await TempFolder.create();
    await mkdir(folder.at("data"));
    await chmod(folder.at("data"), 0o500);
    expect(await rejection(start(folder))).toMatchObject({ code: "data_unusable" });
  });
});
