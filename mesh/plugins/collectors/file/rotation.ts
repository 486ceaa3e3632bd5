import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../socket-trouble.ts";

/** `events.ndjson` becomes `events.ndjson.1`, that becomes `.2`, and so on; beyond `keep` the oldest goes. */
export async function rotate(path: string, keep: number): Promise<void> {
  await rm(`${path}.${keep}`, { force: true });
  for (let number = keep - 1; number >= 1; number--) {
    await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
  }
  await rename(path, `${path}.1`);
}

/** A new name lasts through a power cut only once its folder is on the disk. */
export async function syncFolderOf(path: string): Promise<void> {
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // A gap: a rotation was cut off here, or someone has taken the file away.
    if (errorCode(error) !== "ENOENT") throw error;
  }
}
