import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFile, mkdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { OutboxError } from "../../../mesh/outbox/outbox-error.ts";
import { OutboxFile } from "../../../mesh/outbox/outbox-file.ts";
import { Program } from "../../helpers/node-process.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { appendAll, codeOf, contents, openOutbox, PLENTY } from "./opened-outbox.ts";
import { canMount, MountedFolder } from "./mounted-folder.ts";

const HOLDER = Bun.fileURLToPath(new URL("./outbox-holder.ts", import.meta.url));

function errorOf(action: () => unknown): OutboxError {
  try {
    action();
  } catch (error) {
    if (error instanceof OutboxError) return error;
    throw error;
  }
  throw new Error("it threw nothing");
}

/** A folder with an outbox of so many entries, closed. */
async function filled(entries: number): Promise<TempFolder> {
  const folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const texts = Array.from({ length: entries }, (_, index) => `${index} ${"x".repeat(300)}`);
  await appendAll(outbox.queue("q", PLENTY), texts);
  return folder;
}

describe("one writer", () => {
  test("a second of this process is refused, and may open it once the first has closed", async () => {
    await using folder = await TempFolder.create();
    const first = openOutbox(folder.path);
    first.queue("q", PLENTY);
    const error = errorOf(() => openOutbox(folder.path));
    expect(error.code).toBe("in_use");
    expect(error.message).toBe(
      `${folder.at("outbox.sqlite")} is in use by another process. Is a node running already? Each needs a ` +
        "data folder of its own: set another [node] data, or use --data",
    );
    await appendAll(first.queue("q", PLENTY), ["still works"]);
    await first.close();
    await using second = openOutbox(folder.path);
    expect(contents(second.queue("q", PLENTY))).toEqual(["1:still works"]);
  });

  test("another process is refused, and a lock goes with the process that is killed", async () => {
    await using folder = await TempFolder.create();
    await using holder = Program.start([HOLDER, folder.path]);
    await holder.printed(/open\n/);
    expect(codeOf(() => openOutbox(folder.path))).toBe("in_use");
    expect((await Program.run([HOLDER, folder.path])).stdout).toBe("in_use\n");
    await holder.stop("SIGKILL").catch(() => {});
    await using outbox = openOutbox(folder.path);
    expect(outbox.queue("q", PLENTY).status().depth).toBe(1);
    expect((await Program.run([HOLDER, folder.path])).stdout).toBe("in_use\n");
  });
});

describe("a folder", () => {
  test("is made", async () => {
    await using folder = await TempFolder.create();
    await using outbox = openOutbox(folder.at("a/b"));
    expect(outbox.queues()).toEqual([]);
    expect((await stat(folder.at("a/b/outbox.sqlite"))).isFile()).toBeTrue();
  });

  test("that cannot be one is refused", async () => {
    await using folder = await TempFolder.create({ file: "" });
    const error = errorOf(() => openOutbox(folder.at("file")));
    expect(error.code).toBe("unwritable");
    expect(error.message).toStartWith(`${folder.at("file/outbox.sqlite")} cannot be written to (`);
    expect(error.message).toEndWith(
      `give the user that runs the node the right to write to all of ${folder.at("file")}, or name another folder`,
    );
    await mkdir(folder.at("d/outbox.sqlite"), { recursive: true });
    expect(codeOf(() => openOutbox(folder.at("d")))).toBe("unwritable");
  });

  test.skipIf(!canMount())(
    "that is read-only is refused, with a file in it and without",
    async () => {
      await using folder = await MountedFolder.create({ bytes: 4_000_000 });
      await folder.remount("ro");
      expect(codeOf(() => openOutbox(folder.path))).toBe("unwritable");
      await folder.remount("rw");
      await openOutbox(folder.path).close();
      await folder.remount("ro");
      expect(codeOf(() => openOutbox(folder.path))).toBe("unwritable");
      await folder.remount("rw");
      await openOutbox(folder.path).close();
    },
  );
});

describe("a damaged file is refused, says what to do, and is left as it is:", () => {
  const wreck = async (folder: TempFolder, damage: (path: string) => Promise<void>) => {
    const path = folder.at("outbox.sqlite");
    await damage(path);
    const before = await readFile(path).catch(() => undefined);
    const error = errorOf(() => openOutbox(folder.path));
    expect(await readFile(path).catch(() => undefined)).toEqual(before);
    return error;
  };

  test("no database at all", async () => {
    await using folder = await TempFolder.create();
    const error = await wreck(folder, (path) => writeFile(path, "x".repeat(10_000)));
    expect(error.code).toBe("damaged");
    const path = folder.at("outbox.sqlite");
    expect(error.message).toBe(
      `${path} is damaged (file is not a database), and nothing of it was thrown away. Put a copy back that is whole, or ` +
        `have sqlite3 save what it can (".recover"); or move it, with ${path}-wal, out of the folder to start ` +
        "with nothing: what waits in it is then not delivered",
    );
  });

  test("cut short", async () => {
    await using folder = await filled(100);
    expect((await wreck(folder, (path) => truncate(path, 20_000))).code).toBe("damaged");
  });

  test("a page of something else in its middle", async () => {
    await using folder = await filled(100);
    const damage = async (path: string) => {
      const bytes = await readFile(path);
      bytes.fill(0x5a, 6 * 4096, 7 * 4096);
      await writeFile(path, bytes);
    };
    expect((await wreck(folder, damage)).code).toBe("damaged");
  });

  test("gone, while its log is there", async () => {
    await using folder = await TempFolder.create({ "outbox.sqlite-wal": "x".repeat(5000) });
    const error = await wreck(folder, async (path) => rm(path, { force: true }));
    expect(error.code).toBe("damaged");
    expect(error.message).toContain("it is gone or empty, while ");
    expect((await stat(folder.at("outbox.sqlite-wal"))).size).toBe(5000);
  });

  test("another program's", async () => {
    await using folder = await TempFolder.create();
    const error = await wreck(folder, async (path) => {
      using database = new Database(path, { create: true });
      database.run("PRAGMA journal_mode = WAL");
      database.run("CREATE TABLE players (name TEXT)");
    });
    expect(error.code).toBe("damaged");
    expect(error.message).toContain("it is another program's database");
  });

  test("with counts that are not what is there", async () => {
    await using folder = await filled(3);
    const error = await wreck(folder, async (path) => {
      using database = new Database(path);
      database.run("UPDATE queues SET last_seq = 2");
    });
    expect(error.code).toBe("damaged");
    expect(error.message).toContain('what is counted of the queue "q" is not what waits in it');
  });

  test("without one of its tables", async () => {
    await using folder = await filled(3);
    const error = await wreck(folder, async (path) => {
      using database = new Database(path);
      database.run("DROP TABLE entries_1");
    });
    expect(error.code).toBe("damaged");
  });
});

test("a file of a later version is refused", async () => {
  await using folder = await filled(3);
  {
    using database = new Database(folder.at("outbox.sqlite"));
    database.run("PRAGMA user_version = 7");
  }
  const error = errorOf(() => openOutbox(folder.path));
  expect(error.code).toBe("too_new");
  expect(error.message).toBe(
    `${folder.at("outbox.sqlite")} was written by a later version (format 7, and this one reads 1). ` +
      "Start that version again, or name another folder",
  );
});

test("what a crash leaves behind is read, to the last whole commit", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path);
  const queue = outbox.queue("q", PLENTY);
  await appendAll(queue, ["a"]);
  await appendAll(queue, ["b"]);
  // As a machine that lost its power would: the file, and the log with half a commit at its end.
  await using crashed = await TempFolder.create({ "outbox.sqlite-shm": "left behind" });
  await copyFile(folder.at("outbox.sqlite"), crashed.at("outbox.sqlite"));
  const log = await readFile(folder.at("outbox.sqlite-wal"));
  await appendAll(queue, ["c"]);
  const longer = await readFile(folder.at("outbox.sqlite-wal"));
  expect(longer.length).toBeGreaterThan(log.length + 4096);
  for (const end of [log.length, log.length + 30, log.length + 4096, longer.length - 1]) {
    await writeFile(crashed.at("outbox.sqlite-wal"), longer.subarray(0, end));
    await using again = openOutbox(crashed.path);
    expect(contents(again.queue("q", PLENTY))).toEqual(["1:a", "2:b"]);
    await again.close();
    await copyFile(folder.at("outbox.sqlite"), crashed.at("outbox.sqlite"));
  }
});

test("every commit is on the disk: nothing less than FULL, with the log that it needs", async () => {
  await using folder = await TempFolder.create();
  const file = OutboxFile.open({ folder: folder.path, fileBytesMax: 1_000_000 });
  const answer = (sql: string) => file.prepare<object, []>(sql).values()[0]?.[0];
  expect(answer("PRAGMA synchronous")).toBe(2);
  expect(answer("PRAGMA journal_mode")).toBe("wal");
  expect(answer("PRAGMA locking_mode")).toBe("exclusive");
  expect(answer("PRAGMA auto_vacuum")).toBe(2);
  expect(answer("PRAGMA max_page_count")).toBe(244);
  file.close();
});

test("a transaction that throws leaves nothing, and the next one works", async () => {
  await using folder = await TempFolder.create();
  const file = OutboxFile.open({ folder: folder.path, fileBytesMax: 1_000_000 });
  const count = file.prepare<{ readonly records: number }, []>(
    "SELECT count(*) AS records FROM records",
  );
  const insert = (key: string) => file.run(`INSERT INTO records VALUES ('${key}', '')`);
  const error = errorOf(() =>
    file.transact(() => {
      insert("a");
      insert("a");
    }),
  );
  expect(error.code).toBe("io_failed");
  expect(count.get()?.records).toBe(0);
  file.transact(() => insert("b"));
  expect(count.get()?.records).toBe(1);
  file.close();
});
