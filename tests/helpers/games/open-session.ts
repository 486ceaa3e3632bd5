import type { GameAdapter, GameSession } from "../../../mesh/plugins/games/adapter.ts";
import { SessionLog } from "./session-log.ts";

/** A session that is logged, and closed whatever becomes of its test. */
export class OpenSession implements AsyncDisposable {
  readonly log: SessionLog;
  readonly session: GameSession;

  constructor(adapter: GameAdapter) {
    const { log, session } = SessionLog.open(adapter);
    this.log = log;
    this.session = session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.session.close();
  }
}
