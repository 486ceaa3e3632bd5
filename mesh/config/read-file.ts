/** Reads the files that a config is made of, and says what to do where one cannot be read. */

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
  const file = await readBoundedText(path, FILE_BYTES_MAX);
  return "fault" in file ? failure(path, file) : file;
}

export type TextFault =
  | "missing"
  | "folder"
  | "forbidden"
  | "too_large"
  | "not_text"
  | "unreadable";

interface Unreadable {
  readonly fault: TextFault;
  /** What the system said, if it did. */
  readonly error?: unknown;
}

/** The text of a file of at most `bytesMax`, or why there is none. */
export async function readBoundedText(
  path: string,
  bytesMax: number,
): Promise<{ readonly text: string } | Unreadable> {
  let bytes: Uint8Array;
  try {
    await using file = await open(path);
    bytes = await readBounded(file, bytesMax);
  } catch (error) {
    return { fault: faultOf(error), error };
  }
  if (bytes.length > bytesMax) return { fault: "too_large" };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { fault: "not_text" };
  }
}

/** Up to one byte more than is allowed. Pipes have no size to ask for, and read in pieces. */
async function readBounded(file: FileHandle, bytesMax: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(bytesMax + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0) {
      return buffer.subarray(0, length);
    }
  }
}

function faultOf(error: unknown): TextFault {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "missing";
    case "EISDIR":
      return "folder";
    case "EACCES":
      return "forbidden";
    default:
      return "unreadable";
  }
}

function failure(path: string, { fault, error }: Unreadable): ConfigFile {
  switch (fault) {
    case "missing":
      return {
        code: "not_found",
        problem: `${path} does not exist. Copy config/node.ini from the project, or ${OTHER_FILE}.`,
      };
    case "folder":
      return { code: "unreadable", problem: `${path} is a folder; ${OTHER_FILE}.` };
    case "forbidden":
      return {
        code: "unreadable",
        problem: `${path} may not be read by the user that runs the node; change its permissions.`,
      };
    case "too_large": {
      const problem = `${path} is larger than 1 MiB, so it is probably no config; ${OTHER_FILE}.`;
      return { code: "too_large", problem };
    }
    case "not_text":
      return { code: "not_text", problem: `${path} is not UTF-8 text; save it as UTF-8.` };
    case "unreadable":
      return { code: "unreadable", problem: `${path} cannot be read: ${errorText(error)}` };
  }
}
