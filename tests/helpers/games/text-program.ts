/** A program of a test that is a game: a few lines for Bun, in a folder of its own. */

import type { TempFolder } from "../temp-folder.ts";

/** The words that run it. */
export async function programOf(
  folder: TempFolder,
  source: string,
): Promise<readonly [string, ...string[]]> {
  await folder.write("game.ts", source);
  return [process.execPath, folder.at("game.ts")];
}

/** Whether there is such a process. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
