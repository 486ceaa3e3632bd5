/** Folders for what a run keeps on the disk. The parent has one for all of them, which goes with it. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How children know the parent's: they are killed, and could not take away one of their own. */
export const SCRATCH_VARIABLE = "CCP_MESH_BENCH_SCRATCH";

/** On many systems `/tmp` lies in memory, where nothing waits for a disk. */
const ON_DISK = "/var/tmp";

let root = process.env[SCRATCH_VARIABLE];

export function scratchRoot(): string {
  if (root !== undefined) return root;
  const made = mkdtempSync(join(parentFolder(), "ccp-mesh-bench-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  root = made;
  return made;
}

/** An empty folder; disposing of it takes it away with what is in it. */
export class ScratchFolder implements Disposable {
  readonly path: string = mkdtempSync(join(scratchRoot(), "run-"));

  at(name: string): string {
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function parentFolder(): string {
  return process.env["TMPDIR"] ?? (existsSync(ON_DISK) ? ON_DISK : tmpdir());
}
