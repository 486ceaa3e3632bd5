import type { IncomingReply } from "./call-frames.ts";
import type { Caller, OutgoingRequest, Reply, Sent, Target } from "./calls.ts";
import type { Payload } from "./payload.ts";
import type { RequestServer } from "./request-server.ts";

export interface LocalCallsOptions {
  readonly schedule: (task: () => void) => void;
  readonly server: RequestServer;
  readonly onReply: (reply: IncomingReply) => void;
}

/**
 * Requests of this node to itself. All is as with another node: the service is called later, and neither side can change
 * what the other holds.
 */
export class LocalCalls implements Target, Caller {
  readonly name: string;
  readonly #options: LocalCallsOptions;

  constructor(name: string, options: LocalCallsOptions) {
    this.name = name;
    this.#options = options;
  }

  ask({ id, service, timeoutMs, payload }: OutgoingRequest): Sent {
    const { kind } = payload;
    const request = { id, service, timeoutMs, kind, payload: copyOf(payload) };
    const { schedule, server } = this.#options;
    schedule(() => server.onRequest(this, request));
    return "sent";
  }

  cancel({ id }: OutgoingRequest): void {
    const { schedule, server } = this.#options;
    // Behind the request, which may not have been called yet.
    schedule(() => server.onCancel(this, id));
  }

  reply(id: number, { status, payload }: Reply): void {
    this.#options.onReply({ id, status, kind: payload.kind, payload: copyOf(payload) });
  }
}

function copyOf({ bytes }: Payload): { chunk: Buffer; start: number; end: number } {
  const chunk = Buffer.allocUnsafeSlow(bytes.length);
  chunk.set(bytes);
  return { chunk, start: 0, end: chunk.length };
}
