/** A host name of a whitelist, and the addresses that it had when it last resolved. */

import { lookup } from "node:dns/promises";
import { normalizeHost, parseIp } from "./address.ts";
import { CcpError } from "./errors.ts";

/** More than any one machine has; a name with thousands would be a mistake or an attack on DNS. */
const ADDRESSES_MAX = 64;

/** A resolver repeats a lost question after 5 s, and the repetition must have its chance. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** All addresses of a host name; rejects if it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export class WhitelistName {
  readonly name: string;
  readonly #resolve: Resolve;
  readonly #retryMs: number;
  #addresses: readonly string[] = [];
  #resolves = true;

  constructor(name: string, options: { readonly resolve?: Resolve; readonly retryMs: number }) {
    this.name = name;
    this.#resolve = options.resolve ?? resolveBySystem;
    this.#retryMs = options.retryMs;
  }

  /** Those of the last time it resolved. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Whether it resolved when it was last tried. */
  get resolves(): boolean {
    return this.#resolves;
  }

  /** Resolves the name once. It answers with an error if the name failed and had not failed before. */
  async refresh(): Promise<CcpError | undefined> {
    const resolvedBefore = this.#resolves;
    try {
      this.#addresses = await this.#ask();
      this.#resolves = true;
      return undefined;
    } catch (cause) {
      this.#resolves = false;
      return resolvedBefore ? this.#failure(cause) : undefined;
    }
  }

  async #ask(): Promise<readonly string[]> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new Error(`no answer in ${RESOLVE_TIMEOUT_MS / 1000} s`)),
      RESOLVE_TIMEOUT_MS,
    );
    timer.unref();
    try {
      const answer = await Promise.race([this.#resolve(this.name), timeout.promise]);
      const addresses = answer.filter((address) => parseIp(address) !== undefined);
      if (addresses.length === 0) {
        throw new Error("no address");
      }
      return addresses.slice(0, ADDRESSES_MAX).map(normalizeHost);
    } finally {
      clearTimeout(timer);
    }
  }

  #failure(cause: unknown): CcpError {
    const state =
      this.#addresses.length === 0
        ? `does not resolve (${reasonOf(cause)}); nobody is let in by it until it does`
        : `no longer resolves (${reasonOf(cause)}); the addresses it had stay allowed`;
    const text = `whitelist: "${this.name}" ${state}, and it is tried again every ${this.#retryMs / 1000} s`;
    return new CcpError("host_not_found", text, { cause });
  }
}

async function resolveBySystem(host: string): Promise<readonly string[]> {
  const answers = await lookup(host, { all: true });
  return answers.map(({ address }) => address);
}

/** `ENOTFOUND` and the like where there is one: it is what people search for. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
