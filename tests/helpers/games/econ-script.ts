/** A console session whose server is a test: it sees what the session sends, and answers what it likes. */

import type { EconError } from "../../../mesh/plugins/games/econ/econ-error.ts";
import type { EconEvent } from "../../../mesh/plugins/games/econ/econ-event.ts";
import { EconSession } from "../../../mesh/plugins/games/econ/econ-session.ts";
import type { Overrides } from "../../../mesh/plugins/games/text-reading.ts";

export interface ScriptedState {
  readonly map?: string;
  readonly outputLevel?: number;
  readonly names: Readonly<Record<number, string>>;
}

export class EconScript {
  readonly session: EconSession;
  readonly events: EconEvent[] = [];
  readonly errors: EconError[] = [];
  deadlineMs = 0;
  hasRoom = true;
  #sent = "";

  /** Lines, and whether they were understood. */
  readonly lines: [line: string, isUnderstood: boolean][] = [];

  constructor(password = "secret", overrides?: Overrides) {
    this.session = new EconSession(
      { password, where: "game.example port 8304", overrides },
      {
        send: (text) => {
          if (this.hasRoom) this.#sent += text;
          return this.hasRoom;
        },
        setDeadline: (afterMs) => {
          this.deadlineMs = afterMs;
        },
        onEvent: (event) => this.events.push(event),
        onLine: (line, isUnderstood) => this.lines.push([line, isUnderstood]),
        onFailed: (error) => this.errors.push(error),
      },
    );
  }

  /** Up to `ready`, with what the server then is. */
  static ready(state: ScriptedState, overrides?: Overrides): EconScript {
    const script = new EconScript("secret", overrides);
    script.greets();
    script.answers(state);
    script.events.length = 0;
    return script;
  }

  /** What was sent since this was last asked. */
  get sent(): string {
    const sent = this.#sent;
    this.#sent = "";
    return sent;
  }

  /** Whether questions wait for their answers. */
  get isAsked(): boolean {
    return this.#sent.endsWith("-end\n");
  }

  greets(): void {
    this.tells("Enter password:");
    if (this.sent !== "secret\n") throw new Error("the session sent no password");
    this.tells("Authentication successful. External console access granted.");
  }

  tells(...lines: readonly string[]): void {
    this.session.onData(Buffer.from(lines.map((line) => `${line}\n\0\0`).join("")));
  }

  /** Answers the questions that the session has sent. */
  answers(state: ScriptedState): void {
    const asked = this.sent.trimEnd().split("\n");
    if (!asked.at(-1)?.endsWith("-end")) throw new Error("the session asked nothing");
    for (const command of asked) this.#answer(command, state);
  }

  #answer(command: string, { names, map = "dm1", outputLevel = 1 }: ScriptedState): void {
    this.tells(`[1][server]: cid=0 cmd='${command}'`);
    if (command.startsWith("echo ")) this.tells(`[1][Console]: ${command.slice(5)}`);
    if (command === "ec_output_level") this.tells(`[1][Console]: Value: ${outputLevel}`);
    if (command === "sv_map") this.tells(`[1][Console]: Value: ${map}`);
    if (command !== "status") return;
    for (const [id, name] of Object.entries(names)) {
      this.tells(`[1][server]: id=${id} addr=127.0.0.1:1 client=705 name='${name}' score=0 `);
    }
  }
}
