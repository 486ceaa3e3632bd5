/** Reads a config file, and says what to do where it cannot be read. */

import { type FileHandle, open } from "node:fs/promises";
import { errorText } from "../error-text.ts";
import type { ConfigErrorCode } from "./config-error.ts";

/** A hundred times a large config; without it `--config /dev/zero` would take all memory. */
const FILE_BYTES_MAX = 1024 * 1024;

const OTHER_FILE = "name another file with --config FILE";

export type ConfigFile =
  | { readonly text: string }
  | { readonly code: ConfigErrorCode; readonly problem: string };

export async function readConfigFile(path: string): Promise<ConfigFile> {
  try {
    await using file = await open(path);
    return decode(path, await readBounded(file));
  } catch (error) {
    return failure(path, error);
  }
}

/** Up to one byte more than is allowed. Pipes have no size to ask for, and read in pieces. */
async function readBounded(file: FileHandle): Promise<Uint8Array> {
  const buffer = new Uint8Array(FILE_BYTES_MAX + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0) {
      return buffer.subarray(0, length);
    }
  }
}

function decode(path: string, bytes: Uint8Array): ConfigFile {
  if (bytes.length > FILE_BYTES_MAX) {
    const problem = `${path} is larger than 1 MiB, so it is probably no config; ${OTHER_FILE}.`;
    return { code: "too_large", problem };
  }
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { code: "not_text", problem: `${path} is not UTF-8 text; save it as UTF-8.` };
  }
}

function failure(path: string, error: unknown): ConfigFile {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return {
        code: "not_found",
        problem: `${path} does not exist. Copy config/node.ini from the project, or ${OTHER_FILE}.`,
      };
    case "EISDIR":
      return { code: "unreadable", problem: `${path} is a folder; ${OTHER_FILE}.` };
    case "EACCES":
      return {
        code: "unreadable",
        problem: `${path} may not be read by the user that runs the node; change its permissions.`,
      };
    default: {
      const reason = errorText(error);
      return { code: "unreadable", problem: `${path} cannot be read: ${reason}` };
    }
  }
}
