import {
  type Address,
  CcpError,
  dialUpgrade,
  type Endpoint,
  type Registration,
  type UpgradedConnection,
  type UpgradedHandler,
  type UpgradeTls,
} from "../../src/index.ts";
import { SYSTEM_CLOCK } from "../clock.ts";
import { errorText } from "../error-text.ts";
import { createCertificate } from "./certificate.ts";
import { LinkSetup, type LinkSetupContext, type LinkSetupOptions } from "./link-setup.ts";
import type { LinkAttempt, LinkConnector } from "./peer-link.ts";
import { QueueBudget } from "./queue-budget.ts";
import { type FailureReason, failure, type SetupFailed } from "./setup.ts";

/** The plugin name that is reserved for links. [MESH-1.1] */
const MESH_PLUGIN = "mesh";

export interface TlsLinkConnectorOptions extends Omit<LinkSetupContext, "clock" | "budget"> {
  /** A certificate of an authority that both sides check. Default: one of its own making, which nobody does. [MESH-1.2] */
  readonly tls: UpgradeTls | undefined;
  /** Replaced by tests alone. */
  readonly clock?: LinkSetupContext["clock"];
}

/** Makes links over connections that go on as TLS: dials other nodes, and takes what they dial. */
export class TlsLinkConnector implements LinkConnector {
  readonly #tls: UpgradeTls | undefined;
  #context: LinkSetupContext;

  constructor({ tls, ...context }: TlsLinkConnectorOptions) {
    this.#tls = tls;
    const budget = new QueueBudget(context.limits.meshMemoryBytesMax);
    this.#context = { clock: SYSTEM_CLOCK, ...context, budget };
  }

  /** 1 to 4, checked beforehand; they hold from the next attempt on. Links that are up stay. [MESH-1.5] */
  setSecrets(secrets: readonly string[]): void {
    this.#context = { ...this.#context, secrets };
  }

  /**
   * Takes links from now on. What is in the making when this is taken back is given up; links that are
   * up stay.
   *
   * @throws {CcpError} `name_taken`, and whatever else `onUpgrade` does
   */
  register(endpoint: Pick<Endpoint, "onUpgrade">): Registration {
    const inTheMaking = new Set<LinkSetup>();
    const registration = endpoint.onUpgrade(
      MESH_PLUGIN,
      {
        tls: this.#tls ?? createCertificate(),
        open: (connection) => this.#accept(connection, inTheMaking),
      },
      MESH_PLUGIN,
    );
    return {
      remove: () => {
        for (const setup of inTheMaking) setup.abort("cancelled");
        registration.remove();
      },
    };
  }

  dial(address: Address, signal: AbortSignal): LinkAttempt {
    const attempt: LinkAttempt = { direction: "dialled", address };
    queueMicrotask(() => void this.#dial(attempt, signal));
    return attempt;
  }

  #accept(connection: UpgradedConnection, inTheMaking: Set<LinkSetup>): UpgradedHandler {
    const { transport, address } = connection;
    const setup: LinkSetup = new LinkSetup({
      context: this.#context,
      attempt: { direction: "accepted", address },
      transport,
      seenAt: address,
      timeoutMs: this.#context.limits.meshSetupTimeoutMs,
      onUp: () => connection.established(),
      onOver: () => inTheMaking.delete(setup),
    });
    inTheMaking.add(setup);
    setup.start();
    return new AcceptedConnection(setup);
  }

  async #dial(attempt: LinkAttempt, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#context;
    const { host, port } = attempt.address;
    const timeoutMs = limits.meshSetupTimeoutMs;
    const deadlineMs = clock.now() + timeoutMs;
    let isOpen = false;
    try {
      await dialUpgrade({
        host,
        port,
        plugin: MESH_PLUGIN,
        tls: this.#tls,
        timeoutMs,
        signal,
        open: (transport, seenAt) => {
          isOpen = true;
          const leftMs = Math.max(0, deadlineMs - clock.now());
          const options = { attempt, transport, seenAt, timeoutMs: leftMs };
          return this.#open(options, signal).stream;
        },
      });
    } catch (error) {
      if (isOpen) this.#context.onInternalError(error);
      else this.#onUnreached(attempt, error);
    }
  }

  #open(options: Omit<LinkSetupOptions, "context" | "onOver">, signal: AbortSignal): LinkSetup {
    const onCancel = (): void => setup.abort("cancelled");
    const setup = new LinkSetup({
      ...options,
      context: this.#context,
      onOver: () => signal.removeEventListener("abort", onCancel),
    });
    signal.addEventListener("abort", onCancel, { once: true });
    setup.start();
    if (signal.aborted) onCancel();
    return setup;
  }

  #onUnreached(attempt: LinkAttempt, error: unknown): void {
    const { policy, onInternalError } = this.#context;
    try {
      policy.onFailed(attempt, unreached(error));
    } catch (thrown) {
      onInternalError(thrown);
    }
  }
}

/** The endpoint's own time for a start may be over before that of set-up is. */
class AcceptedConnection implements UpgradedHandler {
  readonly #setup: LinkSetup;

  constructor(setup: LinkSetup) {
    this.#setup = setup;
  }

  onData(chunk: Buffer): void {
    this.#setup.stream.onData(chunk);
  }

  onDrain(): void {
    this.#setup.stream.onDrain();
  }

  onEnd(): void {
    this.#setup.stream.onEnd();
  }

  onClose(): void {
    this.#setup.stream.onClose();
  }

  onStartTimeout(): void {
    this.#setup.abort("timeout");
  }
}

function unreached(error: unknown): SetupFailed {
  const reason: FailureReason = error instanceof CcpError ? reasonOf(error) : "internal";
  const hint =
    error instanceof CcpError && error.code === "nobody_home"
      ? "; has the config of that node a [mesh]?"
      : "";
  return failure(reason, `${errorText(error)}${hint}`);
}

function reasonOf({ code }: CcpError): FailureReason {
  return code === "tls_failed" || code === "cancelled" ? code : "unreachable";
}
