/** Programs of the project, run as their users run them: what they print as events, their end certain. */

import { join } from "node:path";
import type { Subprocess } from "bun";
import * as v from "valibot";
import type { TempFolder } from "./temp-folder.ts";

export const ROOT: string = join(import.meta.dir, "..", "..");
export const NODE: string = join(ROOT, "node.ts");

/** Below the time a test has, so that what it started is ended in any case. */
const WAIT_MS = 10_000;

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs it. Default: Bun. */
  readonly interpreter?: string;
}

export interface Finished {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A child process that runs a file of TypeScript, or of another interpreter's language. */
export class Program implements AsyncDisposable {
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #drained: Promise<unknown>;
  #stdout = "";
  #stderr = "";
  /** How much of standard output has been matched. */
  #matchedTo = 0;
  #news: PromiseWithResolvers<void> = Promise.withResolvers();

  static start(args: readonly string[], options: ProgramOptions = {}): Program {
    return new Program(args, options);
  }

  /** Runs to the end. */
  static async run(args: readonly string[], options: ProgramOptions = {}): Promise<Finished> {
    await using program = new Program(args, options);
    return await program.finished();
  }

  protected constructor(args: readonly string[], options: ProgramOptions) {
    const { cwd = ROOT, env = {}, interpreter = process.execPath } = options;
    this.#child = Bun.spawn([interpreter, ...args], {
      cwd,
      // Nobody listens there, so that no test depends on a registry.
      env: { ...process.env, BUN_CONFIG_REGISTRY: "http://127.0.0.1:9/", ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#drained = Promise.all([
      this.#drain(this.#child.stdout, (text) => {
        this.#stdout += text;
      }),
      this.#drain(this.#child.stderr, (text) => {
        this.#stderr += text;
      }),
    ]);
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Types a line. */
  type(line: string): void {
    void this.#child.stdin.write(`${line}\n`);
    void this.#child.stdin.flush();
  }

  /** Closes its standard input. */
  async endInput(): Promise<void> {
    await this.#child.stdin.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The next place on standard output, after the last one awaited, that matches. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    return await this.#until(`it printed ${pattern}`, () => {
      const match = pattern.exec(this.#stdout.slice(this.#matchedTo));
      if (match !== null) this.#matchedTo += match.index + match[0].length;
      return match ?? undefined;
    });
  }

  /** Its exit code and all it printed, once it has ended by itself. */
  async finished(): Promise<Finished> {
    await this.#until(
      "it ended",
      () => this.#child.exitCode ?? this.#child.signalCode ?? undefined,
    );
    await this.#drained;
    return { exitCode: await this.#child.exited, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Tells it to stop, and answers its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.kill(signal);
    return (await this.finished()).exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  /** The first answer of `look`, which is asked again whenever something happened. */
  async #until<Answer>(what: string, look: () => Answer | undefined): Promise<Answer> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), WAIT_MS);
    const ended = this.#child.exited.then(() => this.#drained);
    try {
      for (;;) {
        const answer = look();
        if (answer !== undefined) return answer;
        const happened = await Promise.race([
          this.#news.promise,
          ended.then(() => "ended"),
          late.promise,
        ]);
        if (happened === undefined) continue;
        const last = look();
        if (last !== undefined) return last;
        throw new Error(
          `waited in vain until ${what} (${happened}). It printed:\n${this.#stdout}${this.#stderr}`,
        );
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #drain(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      take(decoder.decode(chunk, { stream: true }));
      this.#news.resolve();
      this.#news = Promise.withResolvers();
    }
  }

  protected until<Answer>(what: string, look: () => Answer | undefined): Promise<Answer> {
    return this.#until(what, look);
  }
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

const LoggedLine = v.looseObject({ level: v.string(), message: v.string() });
const Listening = v.object({ ccp: v.string(), admin: v.string() });

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A node that logs JSON, started on the config `node.ini` in a folder. */
export class NodeProcess extends Program {
  readonly #seen = new Set<number>();
  port = 0;
  adminUrl = "";

  /** Starts on free ports and waits until it listens. */
  static async listening(folder: TempFolder, ...args: string[]): Promise<NodeProcess> {
    const all = [NODE, "--config", folder.at("node.ini"), "--port", "0", "--admin-port", "0"];
    const node = new NodeProcess([...all, ...args], { cwd: folder.path });
    try {
      const { ccp, admin } = v.parse(Listening, await node.logged("listening"));
      node.port = Number(/\d+$/.exec(ccp)?.[0]);
      node.adminUrl = admin;
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
    return node;
  }

  /** As `listening`, and waits until every plugin was tried. */
  static async ready(folder: TempFolder, ...args: string[]): Promise<NodeProcess> {
    const node = await NodeProcess.listening(folder, ...args);
    try {
      await node.logged("ready; ");
    } catch (error) {
      await node[Symbol.asyncDispose]();
      throw error;
    }
    return node;
  }

  /** All lines so far. */
  get log(): LogLine[] {
    const lines = this.stdout.split("\n").slice(0, -1);
    return lines.map((line) => v.parse(LoggedLine, JSON.parse(line)));
  }

  /** A line whose message contains `text` and that was not awaited before, now or when it comes. */
  async logged(text: string): Promise<LogLine> {
    return await this.until(`it logged "${text}"`, () => {
      const { log } = this;
      const index = log.findIndex((line, at) => line.message.includes(text) && !this.#seen.has(at));
      if (index === -1) return undefined;
      this.#seen.add(index);
      return log[index];
    });
  }

  async get(path: string): Promise<Answer> {
    const response = await fetch(this.adminUrl + path);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    const body: unknown = isJson ? JSON.parse(text) : text;
    return { status: response.status, body };
  }

  /** `POST /api/plugins`. */
  async act(action: "load" | "unload" | "reload", plugin: string): Promise<Answer> {
    const response = await fetch(`${this.adminUrl}/api/plugins`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ action, plugin }),
    });
    return { status: response.status, body: await response.json() };
  }
}
