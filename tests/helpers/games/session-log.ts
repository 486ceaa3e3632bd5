/** What a session of an adapter tells, to be looked at and awaited. */

import type {
  GameAdapter,
  GameSession,
  Preset,
  SessionEnd,
  SessionEndKind,
  SessionEvent,
  SessionEvents,
  SessionStart,
} from "../../../mesh/plugins/games/adapter.ts";
import { SettingsReader, type WrittenSettings } from "../../../mesh/settings-reader.ts";
import { until } from "../turns.ts";

type Told = { readonly type: "session up"; readonly start: SessionStart } | SessionEvent | TheEnd;
type TheEnd = { readonly type: "session over"; readonly end: SessionEnd };

/** A busy machine starts games slowly. */
const WAIT_MS = 8000;

export class SessionLog implements SessionEvents {
  /** All but lines, in order. */
  readonly told: Told[] = [];
  readonly understood: string[] = [];
  readonly notUnderstood: string[] = [];
  readonly troubles: (SessionEnd | undefined)[] = [];

  /** Opens a session that is logged. */
  static open(adapter: GameAdapter): { readonly log: SessionLog; readonly session: GameSession } {
    const log = new SessionLog();
    return { log, session: adapter.open(log) };
  }

  get start(): SessionStart | undefined {
    const [first] = this.told;
    return first?.type === "session up" ? first.start : undefined;
  }

  get end(): SessionEnd | undefined {
    const last = this.told.at(-1);
    return last?.type === "session over" ? last.end : undefined;
  }

  onUp(start: SessionStart): void {
    this.told.push({ type: "session up", start });
  }

  onEvent(event: SessionEvent): void {
    this.told.push(event);
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
    this.told.push({ type: "session over", end });
  }

  async up(): Promise<void> {
    await until(() => this.start !== undefined || this.end !== undefined, WAIT_MS);
    if (this.start === undefined) throw new Error(`it did not go up: ${this.end?.text}`);
  }

  /** Why it was over. */
  async over(): Promise<SessionEnd> {
    await until(() => this.end !== undefined, WAIT_MS);
    return this.end ?? { kind: "failed", text: "" };
  }

  /** The first such trouble with what it is spoken to by. */
  async troubled(kind: SessionEndKind): Promise<SessionEnd> {
    const isMeant = (end: SessionEnd | undefined): boolean => end?.kind === kind;
    await until(() => this.troubles.some(isMeant), WAIT_MS);
    return this.troubles.find(isMeant) ?? { kind, text: "" };
  }

  /** Resolves once there was an event of which all that is given holds. */
  async heard(expected: Partial<SessionEvent>): Promise<void> {
    try {
      await until(() => this.told.some((event) => Bun.deepMatch(expected, event)), WAIT_MS);
    } catch {
      throw new Error(`${JSON.stringify(expected)} is not in ${JSON.stringify(this.told)}`);
    }
  }
}

/** The adapter of these settings; wrong ones are an error of the test. */
export function adapterOf(preset: Preset, written: WrittenSettings): GameAdapter {
  const settings = new SettingsReader(written);
  const adapter = preset.create(settings);
  settings.refuseUnknown("[game]");
  if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems));
  return adapter;
}

/** What is wrong with the settings, a line each. */
export function problemsOf(preset: Preset, written: WrittenSettings): string[] {
  const settings = new SettingsReader(written);
  preset.create(settings);
  settings.refuseUnknown("[game]");
  return settings.problems.map(({ key, text }) => `${key} ${text}`);
}
