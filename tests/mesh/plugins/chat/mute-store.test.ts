import { describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { MuteEntry } from "../../../../mesh/plugins/chat/mute-entry.ts";
import { openMutes } from "../../../../mesh/plugins/chat/mute-store.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";

const WRITER = Bun.fileURLToPath(new URL("./mute-writer.ts", import.meta.url));

function entryOf(player: string): MuteEntry {
  return { player, server: null, state: "muted", untilMs: null, version: 1, by: "", reason: "" };
}

const fileOf = (...mutes: unknown[]): string => JSON.stringify({ v: 1, mutes });

async function reopened(folder: string): Promise<readonly MuteEntry[]> {
  const log = new RecordingLogger();
  const { entries } = await openMutes({ folder, log });
  expect(log.lines).toEqual([]);
  return entries;
}

describe("the file of mutes", () => {
  test("keeps them for the next start, in a folder that it makes", async () => {
    await using temp = await TempFolder.create();
    const log = new RecordingLogger();
    const folder = temp.at("data/chat");
    const { store, entries } = await openMutes({ folder, log });
    expect(entries).toEqual([]);
    store.save(() => [entryOf("Bob"), entryOf("Ünal")]);
    await store.saved();
    expect(await reopened(folder)).toEqual([entryOf("Bob"), entryOf("Ünal")]);
    expect([await readdir(folder), log.lines]).toEqual([["mutes.json"], []]);
  });

  test("is written once for all changes of a turn, and once more for those meanwhile", async () => {
    await using temp = await TempFolder.create();
    const { store } = await openMutes({ folder: temp.path, log: new RecordingLogger() });
    let asked = 0;
    const save = (name: string): void =>
      store.save(() => {
        asked += 1;
        // While this one is written.
        if (name === "c") queueMicrotask(() => ["d", "e"].forEach(save));
        return [entryOf(name)];
      });
    ["a", "b", "c"].forEach(save);
    await store.saved();
    expect(asked).toBe(2);
    expect(await reopened(temp.path)).toEqual([entryOf("e")]);
  });

  test.each([
    ["is empty", ""],
    ["ends in its midst", fileOf(entryOf("Bob")).slice(0, 30)],
    ["holds something else", '{"v":1}'],
    ["is of another version", '{"v":2,"mutes":[]}'],
    ["is too large", " ".repeat(4 * 1024 * 1024 + 1)],
  ])("that %s is set aside, and the next one is written anew", async (_what, text) => {
    await using temp = await TempFolder.create({ "mutes.json": text });
    const log = new RecordingLogger();
    const { store, entries } = await openMutes({ folder: temp.path, log });
    expect(entries).toEqual([]);
    expect(log.messages("error")).toHaveLength(1);
    expect(log.messages("error")[0]).toContain(`it is now ${temp.at("mutes.json.bad")}, mend it`);
    expect(await readFile(temp.at("mutes.json.bad"), "utf8")).toBe(text);
    store.save(() => [entryOf("Eve")]);
    await store.saved();
    expect(await reopened(temp.path)).toEqual([entryOf("Eve")]);
  });

  test("that is no text is set aside", async () => {
    await using temp = await TempFolder.create();
    await writeFile(temp.at("mutes.json"), Buffer.from([0x22, 0xff, 0xfe, 0x22]));
    const log = new RecordingLogger();
    expect((await openMutes({ folder: temp.path, log })).entries).toEqual([]);
    expect(log.messages("error")[0]).toContain("mutes.json cannot be read; it is now");
  });

  test("that is partly right gives what is right, and is written anew with it", async () => {
    await using temp = await TempFolder.create({
      "mutes.json": fileOf(entryOf("Bob"), { player: 1 }),
    });
    const log = new RecordingLogger();
    const { store, entries } = await openMutes({ folder: temp.path, log });
    expect(entries).toEqual([entryOf("Bob")]);
    expect(log.messages("error")[0]).toContain("holds what is no mute, beside 1 that are kept");
    await store.saved();
    expect(await reopened(temp.path)).toEqual([entryOf("Bob")]);
  });

  test("is the old one where a write was cut off", async () => {
    await using temp = await TempFolder.create({
      "mutes.json": fileOf(entryOf("Bob")),
      "mutes.json.new": fileOf(entryOf("Eve")).slice(0, 20),
    });
    expect(await reopened(temp.path)).toEqual([entryOf("Bob")]);
    const { store } = await openMutes({ folder: temp.path, log: new RecordingLogger() });
    store.save(() => [entryOf("Al")]);
    await store.saved();
    expect(await readdir(temp.path)).toEqual(["mutes.json"]);
  });

  test("that cannot be written is told once, until it can be", async () => {
    await using temp = await TempFolder.create();
    const log = new RecordingLogger();
    const { store } = await openMutes({ folder: temp.path, log });
    await mkdir(temp.at("mutes.json.new"));
    for (const name of ["a", "b"]) {
      store.save(() => [entryOf(name)]);
      await store.saved();
    }
    expect(log.messages("error")).toEqual([
      `mutes are not kept: ${temp.at("mutes.json")} cannot be written; give the user that runs the node the right to`,
    ]);
    await rm(temp.at("mutes.json.new"), { recursive: true });
    store.save(() => [entryOf("c")]);
    await store.saved();
    expect(await reopened(temp.path)).toEqual([entryOf("c")]);
  });

  test.skipIf(process.getuid?.() === 0)(
    "that may not be read does not stop the start",
    async () => {
      await using temp = await TempFolder.create({ "mutes.json": fileOf() });
      await chmod(temp.at("mutes.json"), 0);
      const log = new RecordingLogger();
      expect((await openMutes({ folder: temp.path, log })).entries).toEqual([]);
      expect(log.messages("error")).toHaveLength(1);
    },
  );
});

test("a process that is killed while it writes leaves the file of one moment, whole", async () => {
  await using temp = await TempFolder.create();
  for (const writes of [1, 2, 5]) {
    const child = Bun.spawn([process.execPath, WRITER, temp.path], {
      stdout: "pipe",
      stderr: "inherit",
    });
    const reader = child.stdout.getReader();
    // It goes on meanwhile.
    for (let count = 0; count < writes; count++) expect((await reader.read()).done).toBe(false);
    child.kill("SIGKILL");
    await child.exited;
    const entries = await reopened(temp.path);
    expect(entries).toHaveLength(500);
    expect(new Set(entries.map(({ version }) => version)).size).toBe(1);
  }
});
