import { constants, type FileHandle, open, stat } from "node:fs/promises";
import { type Cancel, type Clock, SYSTEM_CLOCK } from "../../../index.ts";
import type { SessionEnd } from "../adapter.ts";
import {
  FILE_BEHIND_BYTES_MAX,
  FILE_BUSY_POLL_MS,
  FILE_KNOWN_BYTES,
  FILE_POLL_MS,
  FILE_READ_BYTES_MAX,
} from "./limits.ts";
import { LineReader } from "./line-reader.ts";
import type { Feed, FeedEvents, Part } from "./parts.ts";

export interface FileFeedOptions {
  readonly path: string;
  readonly clock?: Clock;
}

/**
 * A log that the game writes: what is added to it from now on, and then what stands in the file that takes its
 * place. It is looked at ten times a second, which works on every file system. What is added while it is closed is
 * read when it is opened again, but not of a file whose place another has taken by then.
 */
export class FileFeed implements Feed {
  readonly where: string;
  readonly #options: FileFeedOptions;
  readonly #mark: Mark = { left: undefined };

  constructor(options: FileFeedOptions) {
    this.where = options.path;
    this.#options = options;
  }

  open(events: FeedEvents): Part {
    return new FileTail({ ...this.#options, mark: this.#mark }, events);
  }
}

/** Where the last line that was read of a file has its end. */
interface Place {
  readonly ino: number;
  readonly dev: number;
  readonly at: number;
  readonly known: Buffer;
}

/** What one tail leaves to the next. */
interface Mark {
  left: Place | "no file" | undefined;
}

interface FileTailOptions extends FileFeedOptions {
  readonly mark: Mark;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly ino: number;
  readonly dev: number;
  /** Up to here it is read. */
  at: number;
  /** What stands before that, the last of it: where something else does, the file was written anew. */
  known: Buffer;
}

const NEWLINE = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

class FileTail implements Part {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #events: FeedEvents;
  readonly #lines: LineReader;
  readonly #mark: Mark;
  readonly #buffer: Buffer = Buffer.allocUnsafeSlow(FILE_KNOWN_BYTES + FILE_READ_BYTES_MAX);
  #file: OpenFile | undefined;
  #state: "starting" | "reading" | "closed" = "starting";
  #cancel: Cancel = () => undefined;
  /** The look that is being taken. */
  #look: Promise<void>;

  constructor({ path, clock = SYSTEM_CLOCK, mark }: FileTailOptions, events: FeedEvents) {
    this.#path = path;
    this.#mark = mark;
    this.#clock = clock;
    this.#events = events;
    this.#lines = new LineReader((line) => {
      if (!this.#isClosed()) events.onLine(line);
    });
    this.#look = this.#start();
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#cancel();
    await this.#look;
    await this.#closeFile();
  }

  async #start(): Promise<void> {
    await this.#guarded(async () => {
      const isThere = await this.#openFile(this.#mark.left ?? "end");
      if (!isThere) this.#mark.left ??= "no file";
      await this.#catchUp();
      if (this.#isClosed()) return;
      this.#state = "reading";
      this.#events.onReady();
      if (!isThere) this.#events.onUnread(`${this.#path} is not there yet; it is read once it is`);
      this.#again(FILE_POLL_MS);
    });
  }

  /** What was added while nobody read it comes first; no more of it than may be behind. */
  async #catchUp(): Promise<void> {
    for (let bytes = 0; bytes < FILE_BEHIND_BYTES_MAX; bytes += FILE_READ_BYTES_MAX) {
      if (this.#isClosed() || !(await this.#readSome())) return;
    }
  }

  #again(delayMs: number): void {
    if (this.#isClosed()) return;
    this.#cancel = this.#clock.after(delayMs, () => {
      this.#look = this.#guarded(async () => {
        const isMore = await this.#readSome();
        this.#again(isMore ? FILE_BUSY_POLL_MS : FILE_POLL_MS);
      });
    });
  }

  /** Answers whether there may be more to read at once. */
  async #readSome(): Promise<boolean> {
    const file = this.#file;
    if (file === undefined) return await this.#openFile("start");
    const isMore = await this.#readFrom(file);
    // What was written before another file took its place is read first.
    if (isMore || this.#isClosed() || !(await this.#isReplaced(file))) return isMore;
    if (await this.#readFrom(file)) return true;
    this.#lines.end();
    await this.#closeFile();
    return await this.#openFile("start");
  }

  /** Answers whether there may be more to read at once. */
  async #readFrom(file: OpenFile): Promise<boolean> {
    const { size } = await file.handle.stat();
    this.#skip(file, size);
    const bytes = (await this.#read(file)) ?? (await this.#readAnew(file));
    if (this.#isClosed()) return false;
    const ended = bytes.lastIndexOf(NEWLINE) + 1;
    if (ended > 0) this.#leave(file, lastOf(file.known, bytes.subarray(0, ended)), ended);
    file.at += bytes.length;
    file.known = lastOf(file.known, bytes);
    this.#lines.push(bytes);
    return bytes.length === FILE_READ_BYTES_MAX;
  }

  /** What follows, `undefined` if what was read before is not there any more. */
  async #read({ handle, at, known }: OpenFile): Promise<Buffer | undefined> {
    // With one read, so that it is one file of which both are.
    const from = at - known.length;
    const length = known.length + FILE_READ_BYTES_MAX;
    const { bytesRead } = await handle.read(this.#buffer, 0, length, from);
    const isKnown = this.#buffer.subarray(0, Math.min(known.length, bytesRead)).equals(known);
    return isKnown ? this.#buffer.subarray(known.length, bytesRead) : undefined;
  }

  /** It was emptied, and is written from its beginning again, perhaps already further than before. */
  async #readAnew(file: OpenFile): Promise<Buffer> {
    this.#lines.reset();
    file.at = 0;
    file.known = NOTHING;
    this.#leave(file, NOTHING);
    return (await this.#read(file)) ?? NOTHING;
  }

  /** The game writes faster than lines are read: what is newest matters. */
  #skip(file: OpenFile, size: number): void {
    if (size - file.at <= FILE_BEHIND_BYTES_MAX) return;
    const skipped = size - file.at - FILE_READ_BYTES_MAX;
    file.at += skipped;
    file.known = NOTHING;
    this.#lines.skipToNext();
    this.#events.onUnread(`${skipped} bytes of ${this.#path} were skipped: they came too fast`);
  }

  async #isReplaced({ ino, dev }: OpenFile): Promise<boolean> {
    const other = await ifThere(stat(this.#path));
    return other !== undefined && (other.ino !== ino || other.dev !== dev);
  }

  /** The next tail begins there, so many bytes further on. */
  #leave({ ino, dev, at }: OpenFile, known: Buffer, bytes = 0): void {
    this.#mark.left = { ino, dev, at: at + bytes, known };
  }

  /** Answers whether it is there. */
  async #openFile(from: "start" | "end" | "no file" | Place): Promise<boolean> {
    // Where it is a pipe, opening it must not wait for who writes.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK;
    const handle = await ifThere(open(this.#path, flags));
    if (handle === undefined) return false;
    const found = await handle.stat();
    const { ino, dev, size } = found;
    this.#file = { handle, ino, dev, at: 0, known: NOTHING };
    if (!found.isFile()) throw new Error("it is no file");
    if (from === "end") {
      this.#file.at = size;
      this.#file.known = await bytesBefore(handle, size);
    } else if (typeof from === "object" && from.ino === ino && from.dev === dev) {
      this.#file.at = from.at;
      this.#file.known = from.known;
    }
    // The rest of a line whose beginning is not known is no line.
    if (!endsLine(this.#file.known)) this.#lines.skipToNext();
    this.#leave(this.#file, this.#file.known);
    return true;
  }

  async #closeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close();
  }

  async #guarded(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (cause) {
      if (this.#isClosed()) return;
      this.#state = "closed";
      this.#events.onOver(failure(this.#path, cause));
    }
  }

  // A method, because the compiler does not expect it to be closed meanwhile.
  #isClosed(): boolean {
    return this.#state === "closed";
  }
}

async function bytesBefore(handle: FileHandle, at: number): Promise<Buffer> {
  const known = Buffer.alloc(Math.min(at, FILE_KNOWN_BYTES));
  const { bytesRead } = await handle.read(known, 0, known.length, at - known.length);
  return known.subarray(0, bytesRead);
}

/** A copy of the last of both, of as much as is kept. */
function lastOf(before: Buffer, bytes: Buffer): Buffer {
  return Buffer.concat([before, bytes.subarray(-FILE_KNOWN_BYTES)]).subarray(-FILE_KNOWN_BYTES);
}

function endsLine(bytes: Buffer): boolean {
  return bytes.length === 0 || bytes.at(-1) === NEWLINE;
}

async function ifThere<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function failure(path: string, cause: unknown): SessionEnd {
  const code = codeOf(cause);
  const why = code === "" && cause instanceof Error ? cause.message : code;
  const text = `${path} cannot be read (${why}); is it the game's log, and may this user read it?`;
  return { kind: "failed", text };
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}
