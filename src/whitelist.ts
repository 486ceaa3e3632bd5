/** Who may connect: addresses, ranges, and host names that are resolved again from time to time. */

import { normalizeHost, parseIp } from "./address.ts";
import { CcpError } from "./errors.ts";
import { limitRange } from "./limits.ts";
import { type AddressRange, inRange, parseWhitelistEntry } from "./whitelist-entry.ts";
import { type Resolve, WhitelistName } from "./whitelist-name.ts";

/** Every range is tried for every stranger, so this also bounds the work of refusing one. */
const ENTRIES_MAX = 1024;

/** Names of dynamic DNS live for 1 to 5 minutes, and no resolver minds 12 questions an hour. */
const REFRESH_MS = 300_000;

/** Faster than a question a second is no way to treat a name server. */
const REFRESH_MS_MIN = 1000;

export interface WhitelistOptions {
  /** Time between two resolutions of the host names, at least a second; 5 minutes by default. */
  readonly refreshMs?: number;
  /**
   * Called when a host name stops resolving or never has: once, and again only after it has resolved
   * in between. The error's code is `host_not_found`. It must not throw.
   */
  readonly onUnresolved?: (host: string, error: CcpError) => void;
  /** All addresses of a host name; by default the system is asked. */
  readonly resolve?: Resolve;
}

/**
 * A list of those who may connect.
 *
 * ```ts
 * const whitelist = await Whitelist.create(["localhost", "10.0.0.0/8", "panel.example"]);
 * whitelist.allows("::ffff:10.1.2.3"); // true
 * ```
 */
export class Whitelist {
  readonly #fixed = new Set<string>();
  readonly #ranges: AddressRange[] = [];
  readonly #names = new Map<string, WhitelistName>();
  readonly #onUnresolved: WhitelistOptions["onUnresolved"];
  /** The fixed addresses and those that the host names had last. */
  #allowed: ReadonlySet<string> = this.#fixed;
  #refreshing: Promise<void> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  private constructor(entries: readonly string[], options: WhitelistOptions, refreshMs: number) {
    this.#onUnresolved = options.onUnresolved;
    const nameOptions = { ...options, retryMs: refreshMs };
    for (const text of entries) {
      const entry = parseWhitelistEntry(text);
      switch (entry.kind) {
        case "addresses":
          entry.addresses.forEach((address) => this.#fixed.add(address));
          break;
        case "range":
          this.#ranges.push(entry.range);
          break;
        case "name":
          this.#names.set(entry.name, new WhitelistName(entry.name, nameOptions));
          break;
      }
    }
  }

  /**
   * A whitelist whose host names have been resolved once. A name that does not resolve is reported to
   * `onUnresolved` and stops nothing.
   *
   * @throws {CcpError} `invalid_option` that names the entry or the option, and what is accepted
   */
  static async create(
    entries: readonly string[],
    options: WhitelistOptions = {},
  ): Promise<Whitelist> {
    if (entries.length > ENTRIES_MAX) {
      throw new CcpError(
        "invalid_option",
        `whitelist: ${entries.length} entries are more than ${ENTRIES_MAX}; join addresses into ranges`,
      );
    }
    const refreshMs = checkedRefreshMs(options.refreshMs ?? REFRESH_MS);
    const whitelist = new Whitelist(entries, options, refreshMs);
    await whitelist.refresh();
    whitelist.#startTimer(refreshMs);
    return whitelist;
  }

  /** The host names that did not resolve when they were last tried. */
  get unresolved(): readonly string[] {
    return [...this.#names.values()].filter(({ resolves }) => !resolves).map(({ name }) => name);
  }

  /** Whether this IP address may connect, in whatever way it is written. It never throws. */
  allows(address: string): boolean {
    const host = normalizeHost(address);
    return this.#allowed.has(host) || this.#isInRange(host);
  }

  /**
   * Resolves all host names once; calls that overlap share one resolution. A name that fails keeps
   * the addresses it had, so that an outage of DNS locks nobody out.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** Ends the resolving of host names for good. What is allowed stays as it is. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #isInRange(host: string): boolean {
    const ip = this.#ranges.length === 0 ? undefined : parseIp(host);
    return ip !== undefined && this.#ranges.some((range) => inRange(ip, range));
  }

  #startTimer(refreshMs: number): void {
    if (this.#names.size > 0) {
      this.#timer = setInterval(() => void this.refresh(), refreshMs);
      // A process that has nothing else to do may end.
      this.#timer.unref();
    }
  }

  async #refresh(): Promise<void> {
    if (this.#closed) {
      return;
    }
    const names = [...this.#names.values()];
    const failures = await Promise.all(names.map((name) => name.refresh()));
    if (this.#closed) {
      return;
    }
    this.#allowed = new Set([...this.#fixed, ...names.flatMap(({ addresses }) => addresses)]);
    for (const [index, { name }] of names.entries()) {
      const failure = failures[index];
      if (failure !== undefined) {
        this.#onUnresolved?.(name, failure);
      }
    }
  }
}

function checkedRefreshMs(refreshMs: number): number {
  const { max } = limitRange("refreshMs");
  if (!Number.isInteger(refreshMs) || refreshMs < REFRESH_MS_MIN || refreshMs > max) {
    throw new CcpError(
      "invalid_option",
      `whitelist: refreshMs must be a whole number from ${REFRESH_MS_MIN} to ${max}, not ${refreshMs}`,
    );
  }
  return refreshMs;
}
