/**
 * The proof of knowing the cluster secret. [MESH-1.4]
 *
 * It covers all that both sides have said and the TLS session they said it in, so that it is worth
 * nothing in another session, from the other side, or at another time.
 */

import { createHmac, timingSafeEqual } from "node:crypto";

/** Who proves. */
export type Role = "dialler" | "acceptor";

/** What one side has said in its hello. */
export interface Claim {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly instance: string;
  readonly incarnation: number;
  readonly nonce: Uint8Array;
}

/** What both sides have seen. */
export interface Transcript {
  readonly version: number;
  /** The dialler's; the acceptor may belong to another, and says so only to who knows the secret. */
  readonly cluster: string;
  readonly dialler: Claim;
  readonly acceptor: Claim;
  /** What this side's TLS exports, which no two sessions have in common. */
  readonly exporter: Uint8Array;
}

export const PROOF_BYTES = 32;

const LENGTH_BYTES = 4;
const INCARNATION_BYTES = 8;

export function computeProof(key: Uint8Array, role: Role, transcript: Transcript): Uint8Array {
  const { version, cluster, dialler, acceptor, exporter } = transcript;
  const hmac = createHmac("sha256", key);
  const parts = [
    Buffer.from(role),
    Buffer.of(version),
    Buffer.from(cluster),
    ...claimParts(dialler),
    ...claimParts(acceptor),
    exporter,
  ];
  for (const part of parts) {
    // Without its length, the end of one part could pass for the beginning of the next.
    hmac.update(lengthOf(part)).update(part);
  }
  return hmac.digest();
}

/**
 * The key under which one of the proofs is right; undefined if none is. It takes the same time
 * whether and where one fits.
 */
export function matchingKey(
  keys: readonly Uint8Array[],
  proofs: readonly Uint8Array[],
  { role, transcript }: { readonly role: Role; readonly transcript: Transcript },
): Uint8Array | undefined {
  let matching: Uint8Array | undefined;
  for (const key of keys) {
    const expected = computeProof(key, role, transcript);
    for (const proof of proofs) {
      const fits = proof.length === PROOF_BYTES && timingSafeEqual(proof, expected);
      matching = fits ? key : matching;
    }
  }
  return matching;
}

function claimParts({ name, instance, incarnation, nonce }: Claim): readonly Uint8Array[] {
  const incarnationBytes = Buffer.alloc(INCARNATION_BYTES);
  incarnationBytes.writeBigUInt64BE(BigInt(incarnation));
  return [Buffer.from(name), Buffer.from(instance, "hex"), incarnationBytes, nonce];
}

function lengthOf(part: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(part.length);
  return length;
}
