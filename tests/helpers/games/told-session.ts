import type {
  SessionEnd,
  SessionEvent,
  SessionEvents,
  SessionStart,
} from "../../../mesh/plugins/games/adapter.ts";
import { until } from "../turns.ts";

/** What the session of a game has told, and that it kept to the order it must. */
export class ToldSession implements SessionEvents {
  readonly starts: SessionStart[] = [];
  readonly events: SessionEvent[] = [];
  readonly understood: string[] = [];
  readonly notUnderstood: string[] = [];
  readonly troubles: (SessionEnd | undefined)[] = [];
  readonly ends: SessionEnd[] = [];

  onUp(start: SessionStart): void {
    if (this.starts.length > 0 || this.ends.length > 0) throw new Error("it was up already");
    this.starts.push(start);
  }

  onEvent(event: SessionEvent): void {
    if (this.starts.length === 0 || this.ends.length > 0) throw new Error("it is not up");
    this.events.push(event);
  }

  onUnderstood(line: string): void {
    this.understood.push(line);
  }

  onNotUnderstood(line: string): void {
    this.notUnderstood.push(line);
  }

  onTrouble(end: SessionEnd | undefined): void {
    this.troubles.push(end);
  }

  onOver(end: SessionEnd): void {
    if (this.ends.length > 0) throw new Error("it was over already");
    this.ends.push(end);
  }

  async up(): Promise<SessionStart> {
    await until(() => this.starts.length > 0 || this.ends.length > 0);
    const [start] = this.starts;
    if (start === undefined) throw new Error(`it is not up: ${JSON.stringify(this.ends)}`);
    return start;
  }

  async end(): Promise<SessionEnd> {
    await until(() => this.ends.length > 0);
    const [end] = this.ends;
    if (end === undefined) throw new Error("it is not over");
    return end;
  }

  /** Once so many events have come, all of them. */
  async eventsOf(count: number): Promise<SessionEvent[]> {
    await until(() => this.events.length >= count);
    return this.events;
  }
}
