import { ANY_REST, ANY_TOKEN } from "./topic.ts";

/**
 * Entries by the tokens of their patterns. A search visits only what agrees with the topic so far,
 * so that patterns for other topics cost it nothing. Its depth and size are bounded by what is put
 * into it: each pattern adds a node for each of its tokens at most.
 */
export class PatternTrie<Entry> {
  readonly #root = new TrieNode<Entry>();

  add(pattern: string, entry: Entry): void {
    this.#root.add(pattern.split("."), entry);
  }

  remove(pattern: string, entry: Entry): void {
    this.#root.remove(pattern.split("."), entry);
  }

  /** The entries whose patterns match the topic, in no particular order. */
  find(topic: string): Entry[] {
    const found: Entry[] = [];
    this.#root.find(topic.split("."), found);
    return found;
  }
}

/** Most nodes have either children or entries, so each is made only when it is needed. */
class TrieNode<Entry> {
  #children: Map<string, TrieNode<Entry>> | undefined;
  /** Of the patterns that end here. */
  #entries: Set<Entry> | undefined;

  get isEmpty(): boolean {
    return this.#children === undefined && this.#entries === undefined;
  }

  add(tokens: readonly string[], entry: Entry, at = 0): void {
    const token = tokens[at];
    if (token === undefined) {
      (this.#entries ??= new Set()).add(entry);
      return;
    }
    this.#children ??= new Map();
    const child = this.#children.get(token) ?? new TrieNode<Entry>();
    this.#children.set(token, child);
    child.add(tokens, entry, at + 1);
  }

  remove(tokens: readonly string[], entry: Entry, at = 0): void {
    const token = tokens[at];
    if (token === undefined) {
      this.#removeEntry(entry);
      return;
    }
    const child = this.#children?.get(token);
    child?.remove(tokens, entry, at + 1);
    if (child?.isEmpty === true) this.#removeChild(token);
  }

  find(tokens: readonly string[], found: Entry[], at = 0): void {
    const token = tokens[at];
    if (token === undefined) {
      this.#collect(found);
      return;
    }
    if (this.#children === undefined) return;
    // It has no children, so the search ends there, whatever is left of the topic.
    this.#children.get(ANY_REST)?.find(tokens, found, tokens.length);
    this.#children.get(ANY_TOKEN)?.find(tokens, found, at + 1);
    this.#children.get(token)?.find(tokens, found, at + 1);
  }

  #collect(found: Entry[]): void {
    for (const entry of this.#entries ?? []) found.push(entry);
  }

  #removeEntry(entry: Entry): void {
    this.#entries?.delete(entry);
    if (this.#entries?.size === 0) this.#entries = undefined;
  }

  #removeChild(token: string): void {
    this.#children?.delete(token);
    if (this.#children?.size === 0) this.#children = undefined;
  }
}
