import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { errorCode } from "../socket-trouble.ts";
import { rotate, syncFolderOf } from "./rotation.ts";

export interface AppendFileOptions {
  readonly path: string;
  /** Whether what was appended is on the disk when `append` resolves. */
  readonly sync: boolean;
  /** The size that no more is appended beyond; 0 for any size. */
  readonly rotateBytes: number;
  readonly rotateKeep: number;
}

/** The one that grows, and those that it becomes. */
export function filesOf({ path, rotateBytes, rotateKeep }: AppendFileOptions): readonly string[] {
  const kept = rotateBytes === 0 ? 0 : rotateKeep;
  return [path, ...Array.from({ length: kept }, (_, at) => `${path}.${at + 1}`)];
}

/** What stands at the path is no file, so that lines cannot be kept in it. */
export class NoFileError extends Error {
  override readonly name = "NoFileError";
}

const NEWLINE = 0x0a;

/** Not for waiting: at a pipe without a reader an open would. */
const FLAGS =
  constants.O_RDWR |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;

/** A file of lines that grows, and gives way to a new one. To be used by one at a time. */
export class AppendFile {
  readonly #options: AppendFileOptions;
  #file: FileHandle | undefined;
  #bytes = 0;

  constructor(options: AppendFileOptions) {
    this.#options = options;
  }

  /** Appends whole lines, all of them or none; rejects with what the system says. */
  async append(lines: Uint8Array): Promise<void> {
    try {
      await this.#leaveIfMoved();
      await this.#rotateIfFull(lines.length);
      const file = this.#file ?? (await this.#open());
      await this.#write(file, lines);
      if (this.#options.sync) await file.datasync();
    } catch (error) {
      // What the system holds of it is not known; the next one begins with a look.
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    try {
      await file?.close();
    } catch {
      // What it had to say, it said when it was written to.
    }
  }

  async #open(): Promise<FileHandle> {
    const { path, sync } = this.#options;
    await assertFile(path);
    const file = await open(path, FLAGS, 0o640);
    this.#file = file;
    this.#bytes = (await file.stat()).size;
    if (this.#bytes === 0) {
      if (sync) await syncFolderOf(path);
    } else if (!(await endsLine(file, this.#bytes))) {
      // Whoever wrote it was stopped in the middle of a line. What that was is in the outbox, and comes again.
      await this.#write(file, Uint8Array.of(NEWLINE));
    }
    return file;
  }

  /** Someone else may have renamed or removed it, as logrotate does. */
  async #leaveIfMoved(): Promise<void> {
    if (this.#file === undefined) return;
    const own = await this.#file.stat();
    const named = await statIfThere(this.#options.path);
    this.#bytes = own.size;
    if (named?.ino !== own.ino || named.dev !== own.dev) await this.close();
  }

  async #rotateIfFull(bytes: number): Promise<void> {
    const { path, sync, rotateBytes, rotateKeep } = this.#options;
    if (rotateBytes === 0) return;
    if (this.#file === undefined) await this.#open();
    if (this.#bytes === 0 || this.#bytes + bytes <= rotateBytes) return;
    await this.close();
    await rotate(path, rotateKeep);
    if (sync) await syncFolderOf(path);
  }

  /** Where not all fits, nothing stays, so that no line is cut. */
  async #write(file: FileHandle, bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
      }
    } catch (error) {
      if (written > 0) await file.truncate(this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }
}

/** @throws {NoFileError} */
export async function assertFile(path: string): Promise<void> {
  const there = await statIfThere(path);
  if (there !== undefined && !there.isFile()) throw new NoFileError(`${path} is no ordinary file`);
}

export async function statIfThere(
  path: string,
): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function endsLine(file: FileHandle, bytes: number): Promise<boolean> {
  const last = new Uint8Array(1);
  await file.read(last, 0, 1, bytes - 1);
  return last[0] === NEWLINE;
}
