/** Who this node is to others: its name, and what tells one of its starts from another. */

import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readBoundedText } from "./config/read-file.ts";
import { errorText } from "./error-text.ts";
import type { NodeIdentity } from "./link/setup.ts";
import { NodeError } from "./node-error.ts";

const INSTANCE_BYTES = 16;
/** In the data folder: the incarnation of the last start, in decimal digits. */
const FILE_NAME = "incarnation";
/** The longest number there is has 16 digits. */
const FILE_BYTES_MAX = 64;

export interface IdentityOptions {
  readonly name: string;
  /** Made where there is none; relative to the working folder. */
  readonly dataFolder: string;
  /** Milliseconds since 1970. Replaced by tests alone. */
  readonly now?: () => number;
}

export interface CreatedIdentity {
  readonly identity: NodeIdentity;
  /** For the log: what was wrong with the file that has now been written anew. */
  readonly warning: string | undefined;
}

/**
 * The identity of one start. The incarnation is the time, or one more than the last where the clock was
 * set back: with a smaller one the others would take the node for its own past, and refuse it.
 *
 * @throws {NodeError} `data_unusable` when it cannot be kept for the next start
 */
export async function createIdentity(options: IdentityOptions): Promise<CreatedIdentity> {
  const { name, dataFolder, now = Date.now } = options;
  const path = join(dataFolder, FILE_NAME);
  const instance = randomBytes(INSTANCE_BYTES).toString("hex");
  const last = await readLast(path);
  const incarnation = Math.max(now(), (last.incarnation ?? 0) + 1);
  try {
    await mkdir(dataFolder, { recursive: true });
    await writeWhole(path, `${path}.${instance}`, `${incarnation}\n`);
  } catch (cause) {
    throw new NodeError(
      "data_unusable",
      `[node] data: the folder ${dataFolder} cannot be written to (${errorText(cause)}); ` +
        "give the user that runs the node the right to, or name another folder",
      { cause },
    );
  }
  const warning =
    last.problem &&
    `${path} ${last.problem}, and was written anew; if the clock was set back, other nodes may refuse this one`;
  return { identity: { name, instance, incarnation }, warning };
}

interface Last {
  readonly incarnation?: number;
  readonly problem?: string;
}

async function readLast(path: string): Promise<Last> {
  const file = await readBoundedText(path, FILE_BYTES_MAX);
  if ("fault" in file) {
    return file.fault === "missing" ? {} : { problem: "could not be read" };
  }
  const text = file.text.trim();
  const incarnation = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  // There must be a greater one.
  if (!(incarnation < Number.MAX_SAFE_INTEGER)) return { problem: "held no number" };
  return { incarnation };
}

/** A crash leaves the old file or the new one, never half of one. */
async function writeWhole(path: string, temporary: string, text: string): Promise<void> {
  try {
    await using file = await open(temporary, "w");
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await rename(temporary, path).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
}
