/** A durable message in an outbox: as it waits for another node, and as it waits there for a consumer. */

import * as v from "valibot";
import { decode, encode } from "../../src/index.ts";
import type { PayloadKind } from "../messaging/messenger.ts";
import { STORE_ID_CHARS_MAX } from "./limits.ts";

/** What was published. */
export interface Published {
  readonly topic: string;
  readonly kind: PayloadKind;
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970, by the clock of the node that published it. */
  readonly at: number;
}

/** Where it comes from; the three tell it apart from every other for ever. */
export interface Origin {
  /** The name of the node that published it. */
  readonly node: string;
  /** Of that node's outbox, in which numbers are given once. */
  readonly store: string;
  readonly seq: number;
}

const Kind = v.picklist(["raw", "value"]);
const Bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array);
const Whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Text = v.pipe(v.string(), v.maxLength(1024));
const StoreId = v.pipe(v.string(), v.maxLength(STORE_ID_CHARS_MAX));

const PublishedTuple = v.tuple([Text, Kind, Whole, Bytes]);
const ArrivedTuple = v.tuple([Text, Text, Whole, Text, Kind, Whole, Bytes]);

/** What waits for a node. [DURABLE-3.2] */
export function encodePublished({ topic, kind, at, bytes }: Published): Uint8Array {
  return encode([topic, kind, at, bytes]);
}

/** @throws {Error} where it is none */
export function decodePublished(entry: Uint8Array): Published {
  const [topic, kind, at, bytes] = v.parse(PublishedTuple, decode(entry));
  return { topic, kind, at, bytes };
}

/** What waits for a consumer. */
export function encodeArrived({ node, store, seq }: Origin, published: Published): Uint8Array {
  const { topic, kind, at, bytes } = published;
  return encode([node, store, seq, topic, kind, at, bytes]);
}

/** @throws {Error} where it is none */
export function decodeArrived(entry: Uint8Array): {
  readonly origin: Origin;
  readonly published: Published;
} {
  const [node, store, seq, topic, kind, at, bytes] = v.parse(ArrivedTuple, decode(entry));
  return { origin: { node, store, seq }, published: { topic, kind, at, bytes } };
}

/** What one node sends another: entries as they waited, each with its number, lowest first. [DURABLE-4.1] */
export interface Delivery {
  readonly store: string;
  readonly entries: readonly { readonly seq: number; readonly bytes: Uint8Array }[];
}

const DeliveryTuple = v.tuple([StoreId, v.array(v.tuple([Whole, Bytes]))]);

export function encodeDelivery({ store, entries }: Delivery): unknown {
  return [store, entries.map(({ seq, bytes }) => [seq, bytes])];
}

/** @throws {Error} where it is none */
export function parseDelivery(value: unknown): Delivery {
  const [store, entries] = v.parse(DeliveryTuple, value);
  return { store, entries: entries.map(([seq, bytes]) => ({ seq, bytes })) };
}
