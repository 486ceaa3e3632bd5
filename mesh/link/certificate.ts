/**
 * The certificate that TLS between nodes needs on the accepting side. [MESH-1.2]
 *
 * Nobody trusts it: who a node is follows from the cluster secret, proved inside TLS over what TLS
 * exports. So it is made anew at each start, without an authority, a host name or an end, and an
 * operator has no files to look after. Neither node:crypto nor Bun can make one, and the little DER
 * below is less than a library for all of X.509 would bring in.
 */

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** PEM, as TLS takes it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** The tags of DER that a certificate without extensions is made of. */
const Tag = {
  integer: 0x02,
  bitString: 0x03,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
} as const;
type Tag = (typeof Tag)[keyof typeof Tag];

/** id-at-commonName, 2.5.4.3. */
const COMMON_NAME = Buffer.from("550403", "hex");
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2. */
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");

const VERSION_3 = 2;
const NAME = "ccp-mesh";
/** Long past, so that a node whose clock is wrong can be linked all the same. */
const NOT_BEFORE = "000101000000Z";
/** What RFC 5280, 4.1.2.5, has for a certificate without an end. */
const NOT_AFTER = "99991231235959Z";

/** RFC 5280, 4.1.2.2, allows 20; 16 are enough for two never to be the same. */
const SERIAL_BYTES = 16;
/** RFC 7468, 2. */
const PEM_LINE_CHARS = 64;

/** A new key on P-256, and a certificate of it that it has signed itself. */
export function createCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signed = signedPart(publicKey);
  const signature = sign("sha256", signed, privateKey);
  const certificate = der(Tag.sequence, signed, signatureAlgorithm(), bitString(signature));
  return {
    cert: pem("CERTIFICATE", certificate),
    key: pem("PRIVATE KEY", privateKey.export({ type: "pkcs8", format: "der" })),
  };
}

/** The TBSCertificate of RFC 5280, 4.1. */
function signedPart(publicKey: KeyObject): Buffer {
  return der(
    Tag.sequence,
    der(Tag.version, der(Tag.integer, Buffer.of(VERSION_3))),
    der(Tag.integer, serialNumber()),
    signatureAlgorithm(),
    distinguishedName(),
    der(
      Tag.sequence,
      der(Tag.utcTime, Buffer.from(NOT_BEFORE)),
      der(Tag.generalizedTime, Buffer.from(NOT_AFTER)),
    ),
    distinguishedName(),
    publicKey.export({ type: "spki", format: "der" }),
  );
}

/** Positive, and without a zero in front, both of which DER would have encoded otherwise. */
function serialNumber(): Buffer {
  const serial = randomBytes(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}

function signatureAlgorithm(): Buffer {
  return der(Tag.sequence, der(Tag.objectId, ECDSA_WITH_SHA256));
}

function distinguishedName(): Buffer {
  const value = der(Tag.utf8String, Buffer.from(NAME));
  const attribute = der(Tag.sequence, der(Tag.objectId, COMMON_NAME), value);
  return der(Tag.sequence, der(Tag.set, attribute));
}

function bitString(bytes: Buffer): Buffer {
  const unusedBits = Buffer.of(0);
  return der(Tag.bitString, unusedBits, bytes);
}

function der(tag: Tag, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

/** One byte below 128; else how many bytes follow, and those. */
function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x100) return Buffer.of(0x81, length);
  return Buffer.of(0x82, length >>> 8, length & 0xff);
}

function pem(label: string, bytes: Buffer): string {
  const base64 = bytes.toString("base64");
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += PEM_LINE_CHARS) {
    lines.push(base64.slice(at, at + PEM_LINE_CHARS));
  }
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
