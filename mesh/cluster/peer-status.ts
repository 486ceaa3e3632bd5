import { type Address, formatAddress } from "../../src/index.ts";
import type { LinkCounters, LinkDirection } from "../link/peer-link.ts";
import { identityOf, type NodeIdentity } from "../link/setup.ts";
import type { DialError, DialTarget } from "./dial-target.ts";
import type { LiveLink } from "./live-link.ts";
import type { ReachableNode } from "./reachable-node.ts";

/**
 * | state | it means |
 * |---|---|
 * | `up` | there is a link |
 * | `carried` | there is none, but a peer carries |
 * | `connecting` | it is being dialled |
 * | `waiting` | it will be dialled again, or has to dial this node |
 */
export type PeerState = "up" | "carried" | "connecting" | "waiting";

/** Another node, or an address that nobody has answered at yet. */
export interface PeerStatus {
  readonly name: string | undefined;
  readonly instance: string | undefined;
  readonly incarnation: number | undefined;
  readonly state: PeerState;
  /** `host:port`. */
  readonly address: string | undefined;
  readonly direction: LinkDirection | undefined;
  readonly rttMs: number | undefined;
  /** The name of the node that carries. */
  readonly via: string | undefined;
  readonly upForMs: number | undefined;
  readonly retryInMs: number | undefined;
  readonly queuedBytes: number;
  /** Of the link. */
  readonly counters: Readonly<LinkCounters> | undefined;
  readonly lastError: DialError | undefined;
}

/** What the status is made of. */
export interface PeersParts {
  /** By instance. */
  readonly links: ReadonlyMap<string, LiveLink>;
  /** Others that could be dialled, linked ones perhaps among them. */
  readonly known: readonly {
    readonly identity: NodeIdentity;
    readonly addresses: readonly Address[];
  }[];
  readonly targets: readonly DialTarget[];
  readonly nodeOf: (instance: string) => ReachableNode | undefined;
  readonly nowMs: number;
}

/** Each node once, and each seed at which no other has answered. */
export function peersStatus({ links, known, targets, nodeOf, nowMs }: PeersParts): PeerStatus[] {
  const partsOf = (instance: string): StatusParts => ({
    node: nodeOf(instance),
    target: targets.find((target) => target.instance === instance),
    nowMs,
  });
  const linked = [...links.values()].map((live) => linkedStatus(live, partsOf(live.instance)));
  const unlinked = known
    .filter(({ identity: { instance } }) => !links.has(instance))
    .map(({ identity, addresses }) =>
      unlinkedStatus(identity, { ...partsOf(identity.instance), addresses }),
    );
  const instances = new Set([...links.keys(), ...known.map(({ identity }) => identity.instance)]);
  const isKnown = (instance = ""): boolean => instances.has(instance);
  const unknown = targets
    .filter(({ instance, claimed, isSelf }) => !isSelf && !isKnown(instance) && !isKnown(claimed))
    .map((target) => {
      const { addresses } = target;
      return unlinkedStatus(undefined, { node: undefined, target, addresses, nowMs });
    });
  return [...linked, ...unlinked, ...unknown];
}

function linkedStatus(live: LiveLink, { node, target, nowMs }: StatusParts): PeerStatus {
  const { link, peer } = live;
  return {
    ...identityOf(peer),
    state: "up",
    address: formatAddress(link.address),
    direction: link.direction,
    rttMs: link.rttMs,
    via: node?.via,
    upForMs: nowMs - live.upSinceMs,
    retryInMs: undefined,
    queuedBytes: link.queuedBytes + (node?.via === undefined ? 0 : node.queuedBytes),
    counters: { ...link.counters },
    lastError: target?.lastError,
  };
}

interface StatusParts {
  readonly node: ReachableNode | undefined;
  readonly target: DialTarget | undefined;
  readonly nowMs: number;
}

/** Of a node or an address without a link. */
function unlinkedStatus(
  identity: NodeIdentity | undefined,
  parts: StatusParts & { readonly addresses: readonly Address[] },
): PeerStatus {
  const { node, target, addresses, nowMs } = parts;
  const [address] = addresses;
  const dialState = target?.state;
  const isConnecting = dialState?.name === "connecting" || dialState?.name === "queued";
  return {
    name: identity?.name,
    instance: identity?.instance,
    incarnation: identity?.incarnation,
    state: node !== undefined ? "carried" : isConnecting ? "connecting" : "waiting",
    address: address && formatAddress(address),
    direction: undefined,
    rttMs: undefined,
    via: node?.via,
    upForMs: undefined,
    retryInMs: dialState?.name === "waiting" ? Math.max(0, dialState.untilMs - nowMs) : undefined,
    queuedBytes: node?.queuedBytes ?? 0,
    counters: undefined,
    lastError: target?.lastError,
  };
}
