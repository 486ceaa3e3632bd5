import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, rename, rm, symlink } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import * as fc from "fast-check";
import { FILE_SINK } from "../../../../../mesh/plugins/collectors/file/file-sink.ts";
import type { Sink } from "../../../../../mesh/plugins/collectors/sink.ts";
import type { WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import {
  batchOf,
  eventOf,
  idsOf,
  readSink,
  send,
  sinkOf,
} from "../../../../helpers/collectors/sinks.ts";
import { TempFolder } from "../../../../helpers/temp-folder.ts";

const DELIVERED = { kind: "delivered" } as const;

describe("a file", () => {
  let folder: TempFolder;
  let path: string;
  let sinks: Sink[];

  beforeEach(async () => {
    folder = await TempFolder.create();
    path = folder.at("events.ndjson");
    sinks = [];
  });

  afterEach(async () => {
    for (const sink of sinks) await sink.close();
    await folder[Symbol.asyncDispose]();
  });

  function open(written: WrittenSettings = {}, at = path): Sink {
    const sink = sinkOf(FILE_SINK, pathToFileURL(at).href, written);
    sinks.push(sink);
    return sink;
  }

  async function idsIn(name = "events.ndjson"): Promise<string[]> {
    const text = await readFile(folder.at(name), "utf8");
    expect(text).toEndWith("\n");
    return idsOf(text.split("\n").slice(0, -1));
  }

  test("gets a line for each event, behind what was there", async () => {
    const sink = open();
    expect(sink.where).toBe(path);
    expect(await send(sink, batchOf(1, 2))).toEqual(DELIVERED);
    const together = await Promise.all([3, 4, 5].map((seq) => send(sink, batchOf(seq))));
    expect(together).toEqual([DELIVERED, DELIVERED, DELIVERED]);
    await sink.close();
    expect(await send(open({ sync: "off" }), batchOf(6))).toEqual(DELIVERED);
    const text = [1, 2, 3, 4, 5, 6].map((seq) => `${eventOf(seq).json}\n`).join("");
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("may have any name", async () => {
    const odd = folder.at("a b%20ü#?.ndjson");
    expect(await send(open({}, odd), batchOf(1))).toEqual(DELIVERED);
    expect(await readdir(folder.path)).toEqual(["a b%20ü#?.ndjson"]);
  });

  test("whose last line was cut off by a crash gets its end first", async () => {
    await folder.write("events.ndjson", `${eventOf(1).json}\n{"v":1,"id":"id-`);
    expect(await send(open(), batchOf(2))).toEqual(DELIVERED);
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines).toEqual([eventOf(1).json, '{"v":1,"id":"id-', eventOf(2).json, ""]);
  });

  test("that someone else renames or removes is begun anew", async () => {
    const sink = open();
    await send(sink, batchOf(1));
    await rename(path, folder.at("moved"));
    await send(sink, batchOf(2));
    await rm(path);
    await send(sink, batchOf(3));
    expect([await idsIn("moved"), await idsIn()]).toEqual([["id-1"], ["id-3"]]);
  });

  test("makes room for a new one, and so many are kept", async () => {
    const bytes = Buffer.byteLength(`${eventOf(1).json}\n`);
    const sink = open({ rotate_bytes: String(2 * bytes), rotate_keep: "2" });
    for (const seq of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      expect(await send(sink, batchOf(seq))).toEqual(DELIVERED);
    }
    const names = (await readdir(folder.path)).toSorted();
    expect(names).toEqual(["events.ndjson", "events.ndjson.1", "events.ndjson.2"]);
    expect(await Promise.all(names.map((name) => idsIn(name)))).toEqual([
      ["id-9"],
      ["id-7", "id-8"],
      ["id-5", "id-6"],
    ]);
  });

  test("that is full when the node starts makes room, too", async () => {
    const line = `${eventOf(1).json}\n`;
    await folder.write("events.ndjson", line);
    await send(open({ rotate_bytes: String(line.length) }), batchOf(2));
    expect([await idsIn(), await idsIn("events.ndjson.1")]).toEqual([["id-2"], ["id-1"]]);
  });

  test("is not rotated with rotate_bytes = 0, and a batch larger than a file is one file", async () => {
    await send(open({ rotate_bytes: "0" }), batchOf(1, 2, 3));
    expect(await readdir(folder.path)).toEqual(["events.ndjson"]);
    const small = folder.at("small");
    const sink = open({ rotate_bytes: "1" }, small);
    await send(sink, batchOf(4, 5));
    await send(sink, batchOf(6));
    expect([await idsIn("small.1"), await idsIn("small")]).toEqual([["id-4", "id-5"], ["id-6"]]);
  });

  test("whatever the sizes, no event is lost or cut by rotation", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(300), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 900 }),
        async (sizes, rotateBytes) => {
          const name = `run-${run++}`;
          const rotation = { rotate_bytes: String(rotateBytes), rotate_keep: "20", sync: "off" };
          const sink = open(rotation, folder.at(name));
          for (const [seq, size] of sizes.entries()) {
            const events = [eventOf(seq, { payload: { text: "é".repeat(size) } })];
            expect(await send(sink, { key: "k", events })).toEqual(DELIVERED);
          }
          await sink.close();
          const ids: string[] = [];
          const files = (await readdir(folder.path)).filter((file) => file.split(".")[0] === name);
          for (let number = files.length - 1; number >= 0; number--) {
            ids.push(...(await idsIn(number === 0 ? name : `${name}.${number}`)));
          }
          expect(ids).toEqual(sizes.map((_, seq) => `id-${seq}`));
        },
      ),
      { numRuns: 30 },
    );
  });

  test("in a folder that is not there: comes again, and goes on once it is", async () => {
    const deep = folder.at("logs/events.ndjson");
    const sink = open({}, deep);
    expect(await send(sink, batchOf(1))).toEqual({
      kind: "retry",
      text: `${deep}: the folder ${folder.at("logs")} is not there; make it`,
    });
    await mkdir(folder.at("logs"));
    expect(await send(sink, batchOf(1))).toEqual(DELIVERED);
  });

  test.each([
    ["a folder", async () => await mkdir(path), "is no ordinary file"],
    ["a device", async () => await symlink("/dev/full", path), "is no ordinary file"],
    ["a pipe", async () => await Bun.spawn(["mkfifo", path]).exited, "is no ordinary file"],
  ])("that is %s is left alone", async (_what, make, text) => {
    await make();
    expect(await send(open(), batchOf(1))).toEqual({ kind: "retry", text: `${path} ${text}` });
  });

  test.skipIf(process.getuid?.() === 0)("that may not be written says so", async () => {
    await chmod(folder.path, 0o500);
    expect(await send(open(), batchOf(1))).toMatchObject({ kind: "retry" });
    await chmod(folder.path, 0o700);
  });

  test("of another collector of this node is refused until that one is closed", async () => {
    const [first, second] = [open(), open()];
    expect(await send(first, batchOf(1))).toEqual(DELIVERED);
    expect(await send(second, batchOf(2))).toEqual({
      kind: "retry",
      text: `${path}: another collector of this node writes to this file; give each its own`,
    });
    await first.close();
    expect(await send(second, batchOf(2))).toEqual(DELIVERED);
    expect(await idsIn()).toEqual(["id-1", "id-2"]);
  });

  test("nothing is written once it was given up or closed", async () => {
    const sink = open();
    const giveUp = new AbortController();
    giveUp.abort();
    expect(await sink.send(batchOf(1), giveUp.signal)).toMatchObject({ kind: "retry" });
    await sink.close();
    expect(await send(sink, batchOf(2))).toMatchObject({ kind: "retry" });
    expect(await readdir(folder.path)).toEqual([]);
  });
});

const PYTHON = Bun.which("python3");

/** A process that may write so many bytes to a file: what a full disk does, in the middle of a line, too. */
test.skipIf(PYTHON === null)(
  "a file that can grow no more: nothing of the batch stays, and the text says so",
  async () => {
    await using folder = await TempFolder.create();
    const path = folder.at("events.ndjson");
    const program = `
    const { FILE_SINK } = await import("./mesh/plugins/collectors/file/file-sink.ts");
    const { batchOf, send, sinkOf } = await import("./tests/helpers/collectors/sinks.ts");
    const sink = sinkOf(FILE_SINK, ${JSON.stringify(pathToFileURL(path).href)});
    for (const seqs of [[1], [2, 3, 4, 5]]) console.log(JSON.stringify(await send(sink, batchOf(...seqs))));
    console.log(JSON.stringify(await send(sink, batchOf(6))));
    process.exit(0);
  `;
    // As Python does, a limit makes a write fail instead of ending the process.
    const limited = [
      "import os, resource, signal, sys",
      "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)",
      "resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))",
      "os.execvp(sys.argv[1], sys.argv[1:])",
    ].join("\n");
    const child = Bun.spawn(["python3", "-c", limited, process.execPath, "-e", program], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const lines = (await new Response(child.stdout).text()).trim().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      DELIVERED,
      {
        kind: "retry",
        text: `${path}: the file is as large as it may be; set rotate_bytes, or raise the limit`,
      },
      DELIVERED,
    ]);
    expect(await readFile(path, "utf8")).toBe(`${eventOf(1).json}\n${eventOf(6).json}\n`);
  },
);

describe("the settings of a file", () => {
  const WHOLE =
    "url must name a file of this machine with its whole path, as file:///var/log/events.ndjson";

  test.each([
    ["file:///var/log/events.ndjson", {}, []],
    ["file://localhost/var/log/x", { sync: "off", rotate_bytes: "0", rotate_keep: "1" }, []],
    ["file://var/log/events.ndjson", {}, [WHOLE]],
    ["file:///var/log/", {}, [WHOLE]],
    ["file:///", {}, [WHOLE]],
    ["file:///a?b", {}, [WHOLE]],
    ["file:///a%2Fb", {}, [WHOLE]],
    ["file:///a%00b", {}, [WHOLE]],
    ["file:///a", { sync: "yes" }, ['sync must be one of on, off, not "yes"']],
    [
      "file:///a",
      { rotate_keep: "0" },
      ['rotate_keep must be a whole number from 1 to 1000, not "0"'],
    ],
  ])("%s with %j", (url, written, problems) => {
    expect(readSink(FILE_SINK, url, written).problems).toEqual(problems);
  });
});
