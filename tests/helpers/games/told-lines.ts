import type { SessionEnd } from "../../../mesh/plugins/games/adapter.ts";
import type { ConsoleEvents } from "../../../mesh/plugins/games/text/parts.ts";
import { until } from "../turns.ts";

/** What a part of a game has told. */
export class ToldLines implements ConsoleEvents {
  readonly lines: string[] = [];
  readonly unread: string[] = [];
  readonly troubles: (SessionEnd | undefined)[] = [];
  readonly ends: SessionEnd[] = [];
  readyCount = 0;

  onReady(): void {
    this.readyCount++;
  }

  onLine(line: string): void {
    this.lines.push(line);
  }

  onUnread(what: string): void {
    this.unread.push(what);
  }

  onTrouble(end: SessionEnd | undefined): void {
    this.troubles.push(end);
  }

  onOver(end: SessionEnd): void {
    this.ends.push(end);
  }

  async ready(): Promise<void> {
    await until(() => this.readyCount > 0 || this.ends.length > 0);
    if (this.readyCount === 0) throw new Error(`it is not ready: ${JSON.stringify(this.ends)}`);
  }

  async end(): Promise<SessionEnd> {
    await until(() => this.ends.length > 0);
    const [end] = this.ends;
    if (end === undefined) throw new Error("it is not over");
    return end;
  }

  /** Once so many lines have come, all of them. */
  async linesOf(count: number): Promise<string[]> {
    await until(() => this.lines.length >= count);
    return this.lines;
  }
}
