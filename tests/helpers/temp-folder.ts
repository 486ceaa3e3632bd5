import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder outside the project, with no `node_modules` above it, that goes with its owner. */
export class TempFolder implements AsyncDisposable {
  readonly path: string;

  static async create(files: Readonly<Record<string, string>> = {}): Promise<TempFolder> {
    const folder = new TempFolder(await realpath(await mkdtemp(join(tmpdir(), "ccp-mesh-"))));
    for (const [name, text] of Object.entries(files)) await folder.write(name, text);
    return folder;
  }

  private constructor(path: string) {
    this.path = path;
  }

  /** The path of what is so named in it. */
  at(name: string): string {
    return join(this.path, name);
  }

  async write(name: string, text: string): Promise<void> {
    await mkdir(dirname(this.at(name)), { recursive: true });
    await writeFile(this.at(name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
