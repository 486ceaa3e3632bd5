import { expect, test } from "bun:test";
import { mkdir, readdir, rmdir } from "node:fs/promises";
import { SHOWN_KEPT_MAX } from "../../../../mesh/plugins/chat/limits.ts";
import { SeenIds } from "../../../../mesh/plugins/chat/seen-ids.ts";
import { ShownFile } from "../../../../mesh/plugins/chat/shown-file.ts";
import { RecordingLogger } from "../../../helpers/recording-logger.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";

const newIds = (): SeenIds => new SeenIds({ idsMax: 10_000, ageMs: 1000 });

test("what was shown last is known after the next load", async () => {
  await using folder = await TempFolder.create();
  const log = new RecordingLogger();
  const [shown, later] = [newIds(), newIds()];
  for (let n = 0; n < SHOWN_KEPT_MAX + 5; n += 1) shown.add(`id ${n}`, 0);
  await new ShownFile({ folder: folder.path, log }).keep(shown);
  await new ShownFile({ folder: folder.path, log }).recall(later, 5);
  expect(later.last(10_000)).toEqual(shown.last(SHOWN_KEPT_MAX));
  expect(log.lines).toEqual([]);
});

test.each(["", "no JSON", "{}", "[7]", `["${"x".repeat(65)}"]`, `["${"x".repeat(2 ** 20)}"]`])(
  "a file that is none stops nothing",
  async (text) => {
    await using folder = await TempFolder.create();
    await folder.write("shown.json", text);
    const shown = newIds();
    const log = new RecordingLogger();
    await new ShownFile({ folder: folder.path, log }).recall(shown, 0);
    expect([shown.size, log.messages("error")]).toEqual([0, []]);
  },
);

test("where there is none, nothing is known; where there can be none, it is told", async () => {
  const log = new RecordingLogger();
  const file = new ShownFile({ folder: "/nonexistent/shown", log });
  await file.recall(newIds(), 0);
  expect(log.lines).toEqual([]);
  // A file, where the folder would have to be.
  await using folder = await TempFolder.create();
  await folder.write("plain", "");
  const shown = newIds();
  shown.add("one", 0);
  await new ShownFile({ folder: `${folder.path}/plain`, log }).keep(shown);
  expect(log.messages("warn")).toEqual([
    "which lines were shown cannot be kept, and some may be shown again",
  ]);
});

test("no file or folder is made where nothing was shown, and none is written again that was read", async () => {
  await using folder = await TempFolder.create();
  const options = { folder: folder.at("chat"), log: new RecordingLogger() };
  const [none, one, again] = [newIds(), newIds(), newIds()];
  const unused = new ShownFile(options);
  await unused.recall(none, 0);
  await unused.keep(none);
  expect(await readdir(folder.path)).toEqual([]);
  one.add("one", 0);
  await new ShownFile(options).keep(one);
  const file = new ShownFile(options);
  await file.recall(again, 0);
  await folder.write("chat/shown.json", "not this");
  await file.keep(again);
  expect(await Bun.file(folder.at("chat/shown.json")).text()).toBe("not this");
});

test("nothing is written where nothing has changed, and what has is written whole", async () => {
  await using folder = await TempFolder.create();
  const shown = newIds();
  const file = new ShownFile({ folder: folder.path, log: new RecordingLogger() });
  shown.add("one", 0);
  await file.keep(shown);
  await folder.write("shown.json", "not this");
  await file.keep(shown);
  expect(await Bun.file(folder.at("shown.json")).text()).toBe("not this");
  shown.add("two", 0);
  await Promise.all([file.keep(shown), file.keep(shown)]);
  expect(await Bun.file(folder.at("shown.json")).json()).toEqual(["one", "two"]);
  shown.remove("two");
  await file.keep(shown);
  expect(await Bun.file(folder.at("shown.json")).json()).toEqual(["one"]);
  expect(await readdir(folder.path)).toEqual(["shown.json"]);
});

test("a disk that is full is told once, and what waits is written when there is room", async () => {
  await using folder = await TempFolder.create();
  const log = new RecordingLogger();
  const shown = newIds();
  const file = new ShownFile({ folder: folder.path, log });
  await mkdir(folder.at("shown.json.new"));
  shown.add("one", 0);
  await file.keep(shown);
  await file.keep(shown);
  expect(log.messages("warn").length).toBe(1);
  await rmdir(folder.at("shown.json.new"));
  await file.keep(shown);
  expect(await Bun.file(folder.at("shown.json")).json()).toEqual(["one"]);
});
