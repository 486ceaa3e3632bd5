/** What the body of each frame of set-up must be. [MESH-1.3], [MESH-1.8] */

import { isIP } from "node:net";
import * as v from "valibot";
import type { Address } from "../../src/index.ts";
import { HOST, INCARNATION, INSTANCE, NAME, PORT } from "./body-values.ts";
import { type Claim, PROOF_BYTES } from "./proof.ts";
import { SECRETS_MAX } from "./secret.ts";

/** Why a link is refused. [MESH-1.6], [MESH-1.7] */
const REFUSAL_CODES = [
  "unauthenticated",
  "other_cluster",
  "self",
  "duplicate_link",
  "duplicate_name",
  "too_many_nodes",
  "stopping",
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

export const LINK_VERSION = 1;
export const NONCE_BYTES = 32;
/** An IPv6 address of 45 characters, a `%`, and an interface name of 15, with room. */
const OBSERVED_CHARS_MAX = 64;

export interface DiallerHello extends Claim {
  readonly cluster: string;
}

/** [MESH-1.8] */
export interface LinkDetails {
  /** Where others can dial the node; an empty host is the address the connection comes from. */
  readonly advertise: Address | undefined;
  /** The IP address at which the node sees the other. */
  readonly observed: string;
}

export interface Welcome {
  readonly proof: Uint8Array;
  readonly details: LinkDetails;
}

export interface Refusal<Code extends RefusalCode = RefusalCode> {
  readonly code: Code;
  readonly text: string;
}

const NONCE = v.pipe(v.instance(Uint8Array), v.length(NONCE_BYTES));
const PROOF = v.pipe(v.instance(Uint8Array), v.length(PROOF_BYTES));

const CLAIM = [v.literal(LINK_VERSION), NAME, INSTANCE, INCARNATION, NONCE] as const;

export const ACCEPTOR_HELLO: v.GenericSchema<unknown, Claim> = v.pipe(
  v.strictTuple(CLAIM),
  v.transform(([, name, instance, incarnation, nonce]) => ({ name, instance, incarnation, nonce })),
);

export const DIALLER_HELLO: v.GenericSchema<unknown, DiallerHello> = v.pipe(
  v.strictTuple([...CLAIM, NAME]),
  v.transform(([, name, instance, incarnation, nonce, cluster]) => {
    return { name, instance, incarnation, nonce, cluster };
  }),
);

export const PROOFS: v.GenericSchema<unknown, readonly Uint8Array[]> = v.pipe(
  v.array(PROOF),
  v.minLength(1),
  v.maxLength(SECRETS_MAX),
);

const ADVERTISE = v.pipe(
  v.strictTuple([HOST, PORT]),
  v.transform(([host, port]) => ({ host, port })),
);

const DETAILS = v.object({
  advertise: v.pipe(
    v.nullable(ADVERTISE),
    v.transform((address) => address ?? undefined),
  ),
  observed: v.pipe(
    v.string(),
    v.maxLength(OBSERVED_CHARS_MAX),
    v.check((text) => isIP(text) !== 0),
  ),
});

export const WELCOME: v.GenericSchema<unknown, Welcome> = v.pipe(
  v.strictTuple([PROOF, DETAILS]),
  v.transform(([proof, details]) => ({ proof, details })),
);

export const CONFIRM: v.GenericSchema<unknown, LinkDetails> = v.pipe(
  v.strictTuple([DETAILS]),
  v.transform(([details]) => details),
);

export const REFUSED: v.GenericSchema<unknown, Refusal> = v.pipe(
  v.strictTuple([v.picklist(REFUSAL_CODES), v.string()]),
  v.transform(([code, text]) => ({ code, text })),
);
