import { PatternTrie } from "./pattern-trie.ts";
import { type Removable, removable } from "./removable.ts";
import { assertTopic, hasWildcard } from "./topic.ts";

export interface PatternIndexOptions<Value, Found> {
  /** Makes an answer of the values that match a topic, which come in the order of their adding. */
  readonly arrange: (values: readonly Value[]) => Found;
  /** Topics whose answers are remembered. */
  readonly cachedTopicsMax: number;
}

interface Entry<Value> {
  readonly value: Value;
  /** Grows from entry to entry. */
  readonly order: number;
}

/**
 * Finds by topic what was added by pattern, and remembers the answers. An answer is never changed
 * once given: whoever walks through one is not disturbed by what is added or removed meanwhile.
 * Whoever adds bounds how much.
 */
export class PatternIndex<Value, Found extends object> {
  readonly #arrange: (values: readonly Value[]) => Found;
  readonly #cachedTopicsMax: number;
  /** Most patterns are plain topics, and found without a search. */
  readonly #exact = new Map<string, Set<Entry<Value>>>();
  readonly #wildcards = new PatternTrie<Entry<Value>>();
  readonly #cache = new Map<string, Found>();
  #nextOrder = 0;

  constructor({ arrange, cachedTopicsMax }: PatternIndexOptions<Value, Found>) {
    this.#arrange = arrange;
    this.#cachedTopicsMax = cachedTopicsMax;
  }

  /** `pattern` must be valid. */
  add(pattern: string, value: Value): Removable {
    const entry = { value, order: this.#nextOrder };
    this.#nextOrder += 1;
    if (hasWildcard(pattern)) this.#wildcards.add(pattern, entry);
    else this.#addExact(pattern, entry);
    this.#forget(pattern);
    return removable(() => this.#remove(pattern, entry));
  }

  /**
   * A topic that is remembered was valid, and is not looked at again.
   *
   * @throws {MeshError} `invalid_topic`
   */
  find(topic: string): Found {
    return this.#cache.get(topic) ?? this.#search(topic);
  }

  #search(topic: string): Found {
    assertTopic(topic);
    const entries = this.#wildcards.find(topic);
    for (const entry of this.#exact.get(topic) ?? []) entries.push(entry);
    entries.sort((one, other) => one.order - other.order);
    const found = this.#arrange(entries.map(({ value }) => value));
    this.#remember(topic, found);
    return found;
  }

  /** The oldest gives way: to keep count of what is used would cost more than a search now and then. */
  #remember(topic: string, found: Found): void {
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size < this.#cachedTopicsMax) break;
      this.#cache.delete(oldest);
    }
    if (this.#cachedTopicsMax > 0) this.#cache.set(topic, found);
  }

  /** A wildcard may change any answer; to try each would cost more than to find some again. */
  #forget(pattern: string): void {
    if (hasWildcard(pattern)) this.#cache.clear();
    else this.#cache.delete(pattern);
  }

  #addExact(topic: string, entry: Entry<Value>): void {
    const entries = this.#exact.get(topic) ?? new Set();
    this.#exact.set(topic, entries.add(entry));
  }

  #remove(pattern: string, entry: Entry<Value>): void {
    if (hasWildcard(pattern)) this.#wildcards.remove(pattern, entry);
    else this.#removeExact(pattern, entry);
    this.#forget(pattern);
  }

  #removeExact(topic: string, entry: Entry<Value>): void {
    const entries = this.#exact.get(topic);
    entries?.delete(entry);
    if (entries?.size === 0) this.#exact.delete(topic);
  }
}
