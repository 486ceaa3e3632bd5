import { TempFolder } from "../../helpers/temp-folder.ts";

/** Whether this user may mount a file system of their own, as root may outside most containers. */
export function canMount(): boolean {
  const script =
    'd=$(mktemp -d) && mount -t tmpfs -o size=64k none "$d" && umount "$d" && rmdir "$d"';
  return Bun.spawnSync(["sh", "-c", script]).success;
}

/** A small disk in memory. */
export class MountedFolder implements AsyncDisposable {
  readonly #folder: TempFolder;

  static async create({ bytes }: { readonly bytes: number }): Promise<MountedFolder> {
    const folder = await TempFolder.create();
    await run(["mount", "-t", "tmpfs", "-o", `size=${bytes}`, "none", folder.path]);
    return new MountedFolder(folder);
  }

  private constructor(folder: TempFolder) {
    this.#folder = folder;
  }

  get path(): string {
    return this.#folder.path;
  }

  at(name: string): string {
    return this.#folder.at(name);
  }

  async remount(options: string): Promise<void> {
    await run(["mount", "-o", `remount,${options}`, this.path]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a test that failed may have left a file open.
    await run(["umount", "-l", this.path]);
    await this.#folder[Symbol.asyncDispose]();
  }
}

async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], { stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${said}`);
}
