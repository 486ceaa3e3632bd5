import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { assertFile, statIfThere } from "./append-file.ts";
import { fileTrouble } from "./file-trouble.ts";

/** Why nothing could be appended at the path, as it is there now. */
export async function lackingFile(path: string): Promise<readonly string[]> {
  try {
    const there = await statIfThere(path);
    if (there === undefined) await stat(dirname(path));
    else if (there.isDirectory()) return [`url: ${fileTrouble(path, { code: "EISDIR" })}`];
    await assertFile(path);
    return [];
  } catch (error) {
    return [`url: ${fileTrouble(path, error)}`];
  }
}
