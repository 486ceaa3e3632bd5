import {
  DEFAULT_OPENTTD_LIMITS,
  type OpenttdLimits,
} from "../../../../../mesh/plugins/games/openttd/limits.ts";
import type { OpenttdError } from "../../../../../mesh/plugins/games/openttd/openttd-error.ts";
import { Session } from "../../../../../mesh/plugins/games/openttd/session.ts";
import type { SpeechMode } from "../../../../../mesh/plugins/games/openttd/speech.ts";
import {
  type AdminPacket,
  adminPackets,
  server,
} from "../../../../helpers/games/openttd-packets.ts";
import { ManualClock } from "../../../manual-clock.ts";

export const PASSWORD = "open sesame";

export interface SessionHarnessOptions {
  readonly speech?: SpeechMode;
  readonly limits?: Partial<OpenttdLimits>;
  readonly password?: string;
}

/** A session whose server is the test. */
export class SessionHarness {
  readonly clock: ManualClock = new ManualClock();
  readonly session: Session;
  /** What it told, in order. */
  readonly told: unknown[] = [];
  readonly errors: OpenttdError[] = [];
  /** Whether the line takes what is sent. */
  takes = true;
  #sent: Buffer[] = [];

  /** One that is up, its server of the given version. */
  static up(options: SessionHarnessOptions & { readonly version?: string } = {}): SessionHarness {
    const harness = new SessionHarness(options);
    harness.session.start();
    harness.receive(server.protocol(), server.welcome(options.version));
    harness.receive(server.clientInfo(1, "Relay"), server.clientInfo(5, "Alice"), server.pong(1));
    harness.told.length = 0;
    harness.sent();
    return harness;
  }

  constructor({ speech = "auto", limits = {}, password = PASSWORD }: SessionHarnessOptions = {}) {
    this.session = new Session({
      password,
      where: "127.0.0.1:3977",
      speech,
      colour: "gold",
      limits: { ...DEFAULT_OPENTTD_LIMITS, ...limits },
      clock: this.clock,
      output: {
        send: (bytes) => {
          if (this.takes) this.#sent.push(bytes);
          return this.takes;
        },
      },
      handler: {
        onUp: (info) => this.told.push({ up: info.name }),
        onEvent: (event) => this.told.push(event),
        onDown: (error) => this.errors.push(error),
      },
    });
  }

  get error(): OpenttdError | undefined {
    return this.errors[0];
  }

  receive(...packets: readonly Buffer[]): void {
    this.session.receive(Buffer.concat(packets));
  }

  /** What it sent since the last call. */
  sent(): AdminPacket[] {
    const packets = adminPackets(Buffer.concat(this.#sent));
    this.#sent = [];
    return packets;
  }

  sentTypes(): number[] {
    return this.sent().map(({ type }) => type);
  }
}
