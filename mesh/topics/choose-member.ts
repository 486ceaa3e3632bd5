/** The local node, where a group has members on several nodes. */
export const LOCAL: unique symbol = Symbol("the local node");

export interface GroupNodes<Peer> {
  /** The peers with members. */
  readonly peers: readonly Peer[];
  /** Whether the local node has members. */
  readonly hasLocal: boolean;
}

export interface ChooseOptions {
  /** At least 0 and below 1, as `Math.random`, which is the default. */
  readonly random?: () => number;
  /** Takes the local node whenever it has members, which saves the way. Default: false. */
  readonly preferLocal?: boolean;
}

/**
 * The node whose member gets a message for a group: each as likely as any other, whatever the
 * number of its members, which nodes do not tell each other. `undefined` if none has members.
 */
export function chooseMember<Peer>(
  { peers, hasLocal }: GroupNodes<Peer>,
  { random = Math.random, preferLocal = false }: ChooseOptions = {},
): Peer | typeof LOCAL | undefined {
  if (hasLocal && preferLocal) return LOCAL;
  const at = chooseIndex(peers.length + (hasLocal ? 1 : 0), random);
  return hasLocal && at === peers.length ? LOCAL : peers[at];
}

/** One of several, each as likely as any other: among the members on one node. */
export function chooseOne<Item>(
  items: readonly Item[],
  random: () => number = Math.random,
): Item | undefined {
  return items[chooseIndex(items.length, random)];
}

function chooseIndex(count: number, random: () => number): number {
  return Math.floor(random() * count);
}
