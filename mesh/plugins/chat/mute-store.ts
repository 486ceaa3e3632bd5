/** The mutes in a file, so that they are there after a restart. */

import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../../index.ts";
import { MUTE_FILE_BYTES_MAX } from "./limits.ts";
import { type MuteEntry, type ParsedMutes, parseMutes } from "./mute-entry.ts";

const FILE_NAME = "mutes.json";
const FILE_VERSION = 1;

export interface MuteStoreOptions {
  /** Made where there is none. */
  readonly folder: string;
  readonly log: Logger;
}

export interface OpenedMutes {
  readonly store: MuteStore;
  /** What the file held. */
  readonly entries: readonly MuteEntry[];
}

/** Reads the file. One that is not right is set aside and told as an error; what is right in it is kept. */
export async function openMutes({ folder, log }: MuteStoreOptions): Promise<OpenedMutes> {
  const path = join(folder, FILE_NAME);
  const read = await readMutes(path);
  const store = new MuteStore({ folder, log });
  if (read.problem !== undefined) {
    await setAside(path, read, log);
    if (read.entries.length > 0) store.save(() => read.entries);
  }
  return { store, entries: read.entries };
}

/**
 * Writes one file after the other, each whole: a crash leaves the last one or the new one. What changes while one is
 * written comes into the next, so that many changes are few files.
 */
export class MuteStore {
  readonly #folder: string;
  readonly #log: Logger;
  #waiting: (() => readonly MuteEntry[]) | undefined;
  #writing: Promise<void> | undefined;
  #isFailing = false;

  constructor({ folder, log }: MuteStoreOptions) {
    this.#folder = folder;
    this.#log = log;
  }

  /** Has the file written soon; `entries` is asked when it is. */
  save(entries: () => readonly MuteEntry[]): void {
    this.#waiting = entries;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all that was to be saved is in the file, or could not be. */
  async saved(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // What changes in the same turn comes along.
    await Promise.resolve();
    while (this.#waiting !== undefined) {
      const entries = this.#waiting();
      this.#waiting = undefined;
      await this.#write(entries);
    }
    this.#writing = undefined;
  }

  async #write(entries: readonly MuteEntry[]): Promise<void> {
    const path = join(this.#folder, FILE_NAME);
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeWhole(path, textOf(entries));
      await syncFolder(this.#folder);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error(notWritten(path), { error });
      this.#isFailing = true;
    }
  }
}

function notWritten(path: string): string {
  return `mutes are not kept: ${path} cannot be written; give the user that runs the node the right to`;
}

function textOf(entries: readonly MuteEntry[]): string {
  return `${JSON.stringify({ v: FILE_VERSION, mutes: entries }, undefined, 1)}\n`;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  {
    await using file = await open(temporary, "w");
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
}

/** So that the new name is there after a power cut, too. Not every system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder);
    await handle.sync();
  } catch {
    // The file itself is written.
  }
}

interface ReadMutes {
  readonly entries: readonly MuteEntry[];
  /** What is wrong with the file, to follow its name. */
  readonly problem?: string;
  readonly error?: unknown;
}

async function readMutes(path: string): Promise<ReadMutes> {
  try {
    await using file = await open(path);
    const text = await boundedText(file);
    if (text === undefined) return { entries: [], problem: "is too large" };
    return mutesIn(text);
  } catch (error) {
    if (isMissing(error)) return { entries: [] };
    return { entries: [], problem: "cannot be read", error };
  }
}

async function boundedText(file: FileHandle): Promise<string | undefined> {
  const { size } = await file.stat();
  if (size > MUTE_FILE_BYTES_MAX) return undefined;
  return new TextDecoder("utf-8", { fatal: true }).decode(await file.readFile());
}

function mutesIn(text: string): ReadMutes {
  const { entries, bad } = parsedFile(text);
  if (bad === 0) return { entries };
  return { entries, problem: `holds what is no mute, beside ${entries.length} that are kept` };
}

/** @throws {SyntaxError} where it is no JSON */
function parsedFile(text: string): ParsedMutes {
  const value: unknown = JSON.parse(text);
  const isFile = typeof value === "object" && value !== null && "v" in value && "mutes" in value;
  if (!isFile || value.v !== FILE_VERSION) return { entries: [], bad: 1 };
  return parseMutes(value.mutes);
}

async function setAside(path: string, { problem, error }: ReadMutes, log: Logger): Promise<void> {
  const aside = `${path}.bad`;
  const fields = error === undefined ? {} : { error };
  try {
    await rename(path, aside);
    log.error(
      `${path} ${problem}; it is now ${aside}, mend it, give it its old name and start again to have it read`,
      fields,
    );
  } catch (renameError) {
    log.error(`${path} ${problem}, and cannot be set aside as ${aside}`, {
      ...fields,
      renameError,
    });
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
