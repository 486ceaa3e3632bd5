import type { ByteStream } from "../../../mesh/plugins/games/rcon/byte-stream.ts";
import { type RconDialect, SOURCE } from "../../../mesh/plugins/games/rcon/dialect.ts";
import { RCON_LIMITS, type RconLimits } from "../../../mesh/plugins/games/rcon/limits.ts";
import { Session } from "../../../mesh/plugins/games/rcon/session.ts";
import { ManualClock } from "../../mesh/manual-clock.ts";

/** Remembers what was written; takes all of it, or nothing while it is stalled. */
export class RecordingStream implements ByteStream {
  readonly written: Buffer[] = [];
  busy = false;
  isClosed = false;

  write(bytes: Uint8Array): void {
    this.written.push(Buffer.from(bytes));
  }

  close(): void {
    this.isClosed = true;
  }

  /** Id, type and body of each packet that was written, and forgets them. */
  packets(): { id: number; type: number; body: string }[] {
    const bytes = Buffer.concat(this.written.splice(0));
    const packets = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readInt32LE(at)) {
      const end = at + 4 + bytes.readInt32LE(at);
      const body = bytes.toString("utf8", at + 12, end - 2);
      packets.push({ id: bytes.readInt32LE(at + 4), type: bytes.readInt32LE(at + 8), body });
    }
    return packets;
  }
}

/** A session on a stream and a clock that the test holds. */
export class SessionBench {
  readonly stream: RecordingStream = new RecordingStream();
  readonly clock: ManualClock = new ManualClock();
  readonly session: Session;

  constructor(dialect: RconDialect = SOURCE, limits: Partial<RconLimits> = {}) {
    const { stream, clock } = this;
    const where = "10.0.0.7:27015";
    const all = { ...RCON_LIMITS, ...limits };
    this.session = new Session({ stream, where, dialect, limits: all, clock });
  }

  /** Begins to log in; answers the id of the packet and the promise. */
  beginLogin(password = "secret word"): { id: number; done: Promise<void> } {
    const done = this.session.login(Buffer.from(password));
    const [packet] = this.stream.packets();
    if (packet === undefined) throw new Error("it did not send the password");
    return { id: packet.id, done };
  }

  receive(...packets: readonly Uint8Array[]): void {
    this.session.onData(Buffer.concat(packets));
  }
}
