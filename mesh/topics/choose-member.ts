/** The local node, where a group has members on several nodes. */
export const LOCAL: unique symbol = Symbol("the local node");

export interface GroupNodes<Peer> {
  /** The peers with members. */
  readonly peers: readonly Peer[];
  /** Whether the local node has members. */
  readonly hasLocal: boolean;
}

/**
 * The node whose member gets a message for a group: each as likely as any other, whatever the
 * number of its members, which nodes do not tell each other. `undefined` if none has members.
 * `random` is as `Math.random`.
 */
export function chooseMember<Peer>(
  { peers, hasLocal }: GroupNodes<Peer>,
  random: () => number,
): Peer | typeof LOCAL | undefined {
  const at = chooseIndex(peers.length + (hasLocal ? 1 : 0), random);
  return hasLocal && at === peers.length ? LOCAL : peers[at];
}

/** One of several, each as likely as any other: among the members on one node. */
export function chooseOne<Item>(items: readonly Item[], random: () => number): Item | undefined {
  return items[chooseIndex(items.length, random)];
}

function chooseIndex(count: number, random: () => number): number {
  return Math.floor(random() * count);
}
