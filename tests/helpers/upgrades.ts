import type { Endpoint, Registration, SecureTransport, UpgradeTls } from "../../src/index.ts";
import { dialUpgrade } from "../../src/index.ts";
import type { UpgradedConnection, UpgradedHandler } from "../../src/upgrades.ts";
import { SELF_SIGNED } from "./tls.ts";
import { until } from "./turns.ts";

/** Notes what happens on one upgraded connection. */
export class UpgradedEnd implements UpgradedHandler {
  readonly log: string[] = [];
  readonly transport: SecureTransport;
  #received = Buffer.alloc(0);

  constructor(transport: SecureTransport) {
    this.transport = transport;
  }

  get received(): Buffer {
    return this.#received;
  }

  get closed(): boolean {
    return this.log.includes("close");
  }

  /** Binds this connection, and no other. */
  get exporter(): string {
    const bytes = this.transport.exportKeyingMaterial(32, "EXPORTER-Channel-Binding");
    return Buffer.from(bytes).toString("hex");
  }

  send(data: Uint8Array | string): void {
    const bytes = Buffer.from(data);
    const taken = this.transport.write(bytes, 0, bytes.length);
    if (taken !== bytes.length) throw new Error(`took only ${taken} of ${bytes.length} bytes`);
  }

  /** Waits until exactly this has arrived since the beginning. */
  async expect(text: string): Promise<void> {
    await until(() => this.#received.length >= text.length);
    const received = this.#received.toString();
    if (received !== text) throw new Error(`received ${received}`);
  }

  onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
  }

  onDrain(): void {}

  onEnd(): void {
    this.log.push("end");
  }

  onStartTimeout(): void {
    this.log.push("timeout");
  }

  onClose(): void {
    this.log.push("close");
  }
}

export interface AcceptedEnd {
  readonly connection: UpgradedConnection;
  readonly end: UpgradedEnd;
}

/** Registers upgrades of "mesh" and keeps each that comes; `establish` does so at once. */
export function upgrading(
  endpoint: Endpoint,
  { tls = SELF_SIGNED, establish = true }: { tls?: UpgradeTls; establish?: boolean } = {},
): { readonly accepted: AcceptedEnd[]; readonly registration: Registration } {
  const accepted: AcceptedEnd[] = [];
  const registration = endpoint.onUpgrade(
    "mesh",
    {
      tls,
      open: (connection) => {
        const end = new UpgradedEnd(connection.transport);
        accepted.push({ connection, end });
        if (establish) connection.established();
        return end;
      },
    },
    "the mesh",
  );
  return { accepted, registration };
}

/** Dials "mesh" on this machine. */
export async function dialEnd(port: number, tls?: UpgradeTls): Promise<UpgradedEnd> {
  let end: UpgradedEnd | undefined;
  await dialUpgrade({
    host: "127.0.0.1",
    port,
    plugin: "mesh",
    tls,
    timeoutMs: 2000,
    open: (transport) => {
      end = new UpgradedEnd(transport);
      return end;
    },
  });
  if (end === undefined) throw new Error("it was not opened");
  return end;
}

/** Both ends of one upgraded connection. */
export async function upgradedPair(
  port: number,
  accepted: readonly AcceptedEnd[],
): Promise<AcceptedEnd & { readonly client: UpgradedEnd }> {
  const before = accepted.length;
  const client = await dialEnd(port);
  await until(() => accepted.length > before);
  const last = accepted.at(-1);
  if (last === undefined) throw new Error("nothing was accepted");
  return { client, ...last };
}
