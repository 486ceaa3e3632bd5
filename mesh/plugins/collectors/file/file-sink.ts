/** `file:///path/events.ndjson`: each event a line of JSON in a file of this machine. */

import { normalize } from "node:path";
import { fileURLToPath } from "node:url";
import type { SettingsReader } from "../../../index.ts";
import { Deadline, unlessAborted } from "../deadline.ts";
import { readSendTimeout } from "../send-timeout.ts";
import type { Batch, SendResult, Sink, SinkKind, SinkOptions } from "../sink.ts";
import { Turns } from "../turns.ts";
import { AppendFile, type AppendFileOptions, filesOf } from "./append-file.ts";
import { fileTrouble } from "./file-trouble.ts";
import { holdPath, releasePath } from "./held-paths.ts";
import { lackingFile } from "./lacking-file.ts";
import { CLOSE_TIMEOUT_MS, ROTATE_BYTES, ROTATE_KEEP, ROTATE_KEEP_MAX } from "./limits.ts";

export const FILE_SINK: SinkKind = {
  schemes: ["file"],
  examples: ["file:///events.ndjson"],
  create: createFile,
};

/** A disk that does not answer holds up what is written to it, but nobody who waits for that. */
class FileSink implements Sink {
  readonly where: string;
  readonly files: readonly string[];
  readonly #path: string;
  readonly #file: AppendFile;
  readonly #timeoutMs: number;
  readonly #turns = new Turns();
  #isClosed = false;

  constructor(options: AppendFileOptions, timeoutMs: number) {
    this.#path = options.path;
    this.where = options.path;
    this.files = filesOf(options);
    this.#file = new AppendFile(options);
    this.#timeoutMs = timeoutMs;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    const lines = Buffer.from(batch.events.map(({ json }) => `${json}\n`).join(""));
    using deadline = new Deadline(this.#timeoutMs, signal);
    const written = this.#turns.run(() => this.#append(lines, deadline.signal));
    const result = await unlessAborted(written, deadline.signal);
    return result ?? this.#retry(`${this.#path}: the disk takes it too slowly, or not at all`);
  }

  async lacks(): Promise<readonly string[]> {
    return await lackingFile(this.#path);
  }

  async close(): Promise<void> {
    using deadline = new Deadline(CLOSE_TIMEOUT_MS);
    const closed = this.#turns.run(async () => {
      this.#isClosed = true;
      await this.#file.close();
      releasePath(this.#path, this);
    });
    await unlessAborted(closed, deadline.signal);
  }

  async #append(lines: Uint8Array, signal: AbortSignal): Promise<SendResult> {
    // It was given up while it waited for its turn.
    if (signal.aborted || this.#isClosed) return this.#retry(`${this.#path}: given up`);
    if (!holdPath(this.#path, this)) {
      const text = `${this.#path}: another collector of this node writes to this file; give each its own`;
      return this.#retry(text);
    }
    try {
      await this.#file.append(lines);
      return { kind: "delivered" };
    } catch (error) {
      return this.#retry(fileTrouble(this.#path, error));
    }
  }

  #retry(text: string): SendResult {
    return { kind: "retry", text };
  }
}

function createFile({ url, settings }: SinkOptions): Sink {
  const options: AppendFileOptions = {
    path: readPath(url, settings),
    sync: settings.isOn("sync", true),
    rotateBytes: readRotateBytes(settings),
    rotateKeep: settings.whole("rotate_keep", ROTATE_KEEP, { min: 1, max: ROTATE_KEEP_MAX }),
  };
  return new FileSink(options, readSendTimeout(settings));
}

function readPath(url: URL, settings: SettingsReader): string {
  const refuse = (): string => {
    const text =
      "must name a file of this machine with its whole path, as file:///var/log/events.ndjson";
    settings.problem("url", text);
    return "/";
  };
  if (url.host !== "" || url.search !== "" || url.hash !== "" || url.pathname.endsWith("/")) {
    return refuse();
  }
  try {
    const path = fileURLToPath(url);
    return path.includes("\0") ? refuse() : normalize(path);
  } catch {
    return refuse();
  }
}

/** 0 is for who rotates by other means, or never. */
function readRotateBytes(settings: SettingsReader): number {
  return settings.whole("rotate_bytes", ROTATE_BYTES, { min: 0, max: Number.MAX_SAFE_INTEGER });
}
