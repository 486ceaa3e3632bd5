/** The plugins that come with the node, by name. */
export const BUILT_IN_NAMES = ["bus", "game", "chat", "collectors"] as const;
export type BuiltInName = (typeof BUILT_IN_NAMES)[number];

export function isBuiltInName(name: string): name is BuiltInName {
  return BUILT_IN_NAMES.some((known) => known === name);
}
