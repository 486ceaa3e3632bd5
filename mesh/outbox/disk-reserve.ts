import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs";

const MiB = 1024 * 1024;

/**
 * Room on the disk that is given up when the disk is full. To take entries out, SQLite must first write; without this,
 * a disk that the outbox itself has filled would stay full for ever.
 */
export class DiskReserve {
  readonly #path: string;
  readonly #bytes: number;

  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#bytes = bytes;
  }

  /** Answers whether the room is there. */
  take(): boolean {
    if (this.#bytes === 0) return true;
    try {
      if (statSync(this.#path, { throwIfNoEntry: false })?.size !== this.#bytes) this.#write();
      return true;
    } catch {
      this.giveUp();
      return false;
    }
  }

  giveUp(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // A disk that fails here fails elsewhere too, and is reported there.
    }
  }

  #write(): void {
    const file = openSync(this.#path, "w");
    try {
      // Some file systems keep no room for zeros.
      const filler = randomBytes(Math.min(this.#bytes, MiB));
      for (let left = this.#bytes; left > 0; ) {
        const written = writeSync(file, filler, 0, Math.min(left, filler.length));
        if (written === 0) throw new Error("nothing was written");
        left -= written;
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
