/** What may be shown of an address and of what a receiver answers. */

import { REDACTED_CHARS_MIN, SECRET_SEGMENT_CHARS_MIN } from "./limits.ts";

const HIDDEN = "…";

/** Takes out secrets that a receiver repeats. */
export class Redactor {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    const known = secrets.flatMap(encodings).flatMap((secret) => [secret, escaped(secret)]);
    // The longest first, since one may be a part of another.
    this.#secrets = [...new Set(known)]
      .filter(({ length }) => length >= REDACTED_CHARS_MIN)
      .toSorted((one, other) => other.length - one.length);
  }

  /** `text` may be the beginning of a longer one, cut in the middle of a secret. */
  redact(text: string): string {
    let shown = text;
    for (const secret of this.#secrets) shown = shown.replaceAll(secret, HIDDEN);
    for (const secret of this.#secrets) {
      const cut = beginningAtEnd(shown, secret);
      if (cut > 0) return `${shown.slice(0, -cut)}${HIDDEN}`;
    }
    return shown;
  }
}

export interface AddressRules {
  /** Whether the path, whatever it says, is a secret. */
  readonly hidesPath: boolean;
}

/** Scheme, host and port; of the path, what is no secret. */
export function shownAddress(
  { protocol, host, pathname }: URL,
  { hidesPath }: AddressRules,
): string {
  const path = hidesPath ? "" : pathname.split("/").map(shownSegment).join("/");
  return `${protocol}//${host}${path === "/" ? "" : path}`;
}

/** What of an address is not shown. */
export function secretsOfAddress(url: URL, { hidesPath }: AddressRules): readonly string[] {
  const { username, password, searchParams, pathname } = url;
  const query = url.search.slice(1);
  // As they stand there, too: a receiver may repeat one alone. One without a name is a value.
  const written = query.split("&").map((pair) => pair.slice(pair.indexOf("=") + 1));
  const segments = pathname.split("/").filter((part) => hidesPath || isSecret(part));
  const path = hidesPath ? [pathname] : [];
  const values = [...written, ...searchParams.values()];
  return [username, password, query, ...values, ...segments, ...path];
}

function shownSegment(segment: string): string {
  return isSecret(segment) ? HIDDEN : segment;
}

/** Webhooks of many chats have their secret in the path. */
function isSecret(segment: string): boolean {
  if (segment.length < SECRET_SEGMENT_CHARS_MIN) return false;
  return /\d/.test(segment) || (/[a-z]/.test(segment) && /[A-Z]/.test(segment));
}

/** How many characters at the end of the text are the beginning of the secret; 0 where they are too few to tell. */
function beginningAtEnd(text: string, secret: string): number {
  for (let length = secret.length - 1; length >= REDACTED_CHARS_MIN; length--) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

/** As it stands in JSON, which many answer in. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As it is, without percent-encoding, and with the two that are in use. */
function encodings(secret: string): readonly string[] {
  const plain = decoded(secret);
  const encoded = encodeURIComponent(plain.toWellFormed());
  return [secret, plain, encoded, encoded.replaceAll("%20", "+")];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
