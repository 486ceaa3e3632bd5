import type { LogFields, Logger, LogLevel } from "../../mesh/log.ts";

export interface LoggedLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger whose lines can be read, and awaited. */
export class RecordingLogger implements Logger {
  readonly lines: LoggedLine[];
  readonly #inherited: LogFields;
  readonly #waiting: Set<() => void>;

  constructor(parent?: RecordingLogger, inherited: LogFields = {}) {
    this.lines = parent?.lines ?? [];
    this.#waiting = parent === undefined ? new Set() : parent.#waiting;
    this.#inherited = inherited;
  }

  debug(message: string, fields?: LogFields): void {
    this.#add("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#add("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#add("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#add("error", message, fields);
  }

  child(fields: LogFields): RecordingLogger {
    return new RecordingLogger(this, { ...this.#inherited, ...fields });
  }

  /** The messages of the lines of this level. */
  messages(level: LogLevel): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  /** Resolves with the first line of this message, now or when it comes. */
  async logged(message: string): Promise<LoggedLine> {
    for (;;) {
      const line = this.lines.find((candidate) => candidate.message === message);
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #add(level: LogLevel, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#inherited, ...fields } });
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
