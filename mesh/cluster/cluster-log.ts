import { formatAddress } from "../../src/index.ts";
import type { AttemptFailure, LinkAttempt, LinkDown } from "../link/peer-link.ts";
import type { LogFields, Logger } from "../log.ts";
import { type LimitedLogger, limited } from "../log-limit.ts";
import { LINK_LINES_MAX, LINK_LINES_PER_SECOND, LOG_EVERY_MS, LOG_KEYS_MAX } from "./limits.ts";
import type { LiveLink } from "./live-link.ts";
import { TokenBucket } from "./token-bucket.ts";

/** What is told of a link. */
interface LoggedLink {
  readonly peer: Pick<LiveLink["peer"], "name">;
  readonly link: Pick<LiveLink["link"], "direction" | "address">;
}

/** What an operator reads of links. Whatever goes wrong again and again is one line of its kind a minute for each address. */
export class ClusterLog {
  readonly limited: LimitedLogger;
  readonly #log: Logger;
  readonly #selves = new Set<string>();
  readonly #linkLines: TokenBucket;
  /** Lines of links that were too many. */
  #leftOut = 0;

  constructor(log: Logger, now: () => number) {
    this.#log = log;
    this.#linkLines = new TokenBucket({
      max: LINK_LINES_MAX,
      perSecond: LINK_LINES_PER_SECOND,
      now,
    });
    this.limited = limited(log, { everyMs: LOG_EVERY_MS, keysMax: LOG_KEYS_MAX, now });
  }

  linkUp({ peer, link }: LoggedLink): void {
    const address = formatAddress(link.address);
    this.#ofLink("info", "link up", { peer: peer.name, address, direction: link.direction });
  }

  linkDown({ peer, link }: LoggedLink, { reason, text, gone }: LinkDown): void {
    const fields = { peer: peer.name, address: formatAddress(link.address) };
    if (gone?.code === "stopping") {
      this.#ofLink("info", "a peer stops", fields);
    } else if (gone?.code === "duplicate_name") {
      this.duplicateName(fields.address, gone.text);
    } else {
      this.#ofLink("warn", "link lost", { ...fields, reason, why: text });
    }
  }

  replaced({ peer, link }: LiveLink, { text }: LinkDown): void {
    const address = formatAddress(link.address);
    this.#log.debug("link replaced", { peer: peer.name, address, why: text });
  }

  duplicateName(key: string, text: string): void {
    this.limited.error(`name ${key}`, text);
  }

  tooManyListed(nodesMax: number): void {
    const text = "peers know more nodes than mesh_nodes_max allows; the others are left out";
    this.limited.warn("too many", text, { meshNodesMax: nodesMax });
  }

  failed({ direction, address: { host, port } }: LinkAttempt, failure: AttemptFailure): void {
    // Who dials has another port each time.
    const address = direction === "dialled" ? formatAddress({ host, port }) : host;
    if (failure.kind === "refused") this.#refused(address, direction, failure);
    else this.#failed(address, direction, failure);
  }

  /** A peer that comes and goes without end must not fill the log. */
  #ofLink(level: "info" | "warn", text: string, fields: LogFields): void {
    if (!this.#linkLines.take()) {
      this.#leftOut += 1;
      return;
    }
    this.#log[level](text, { ...fields, ...(this.#leftOut > 0 && { leftOut: this.#leftOut }) });
    this.#leftOut = 0;
  }

  #refused(
    address: string,
    direction: LinkAttempt["direction"],
    { code, text, by }: AttemptFailure & { readonly kind: "refused" },
  ): void {
    switch (code) {
      case "unauthenticated":
        this.#unauthenticated(address);
        return;
      case "other_cluster":
        this.limited.warn(`cluster ${address}`, "a node of another cluster", {
          address,
          why: text,
        });
        return;
      case "self":
        if (direction === "dialled") this.#self(address);
        return;
      case "duplicate_name":
        this.duplicateName(address, text);
        return;
      case "duplicate_link":
        this.#log.debug("one link is enough", { address, by });
        return;
      case "too_many_nodes":
      case "stopping":
        this.limited.warn(`refused ${address}`, "link refused", { address, by, why: text });
        return;
    }
  }

  #failed(
    address: string,
    direction: LinkAttempt["direction"],
    { reason, text }: AttemptFailure & { readonly kind: "failed" },
  ): void {
    if (reason === "wrong_proof") {
      this.#unauthenticated(address);
    } else if (direction === "dialled") {
      this.limited.warn(`failed ${address}`, "no link", { address, reason, why: text });
    } else {
      this.limited.debug(`failed ${address}`, "no link", { address, reason, why: text });
    }
  }

  #unauthenticated(address: string): void {
    const text = "authentication failed; is the cluster secret the same on both?";
    this.limited.warn(`secret ${address}`, text, { address });
  }

  #self(address: string): void {
    if (this.#selves.has(address) || this.#selves.size >= LOG_KEYS_MAX) return;
    this.#selves.add(address);
    this.#log.info("this node is its own peer; the address may stay in the config", { address });
  }
}
