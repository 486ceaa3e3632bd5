/** The forms that requests to the admin address, and its answers, have. */

/** A request is a line of JSON; this is far more than one takes, and little enough to hold. */
const BODY_BYTES_MAX = 1024 * 1024;

/** Nothing of the request was done. */
export class BodyTooLong extends Error {
  override readonly name = "BodyTooLong";

  constructor() {
    super(`a body has at most ${BODY_BYTES_MAX} bytes; send less at once`);
  }
}

export interface ProblemOptions {
  /** For programs. */
  readonly code?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that says what is wrong. */
export function problem(status: number, error: string, options: ProblemOptions = {}): Response {
  const { code, headers = {} } = options;
  return Response.json({ error, ...(code !== undefined && { code }) }, { status, headers });
}

export function text(body: string, status = 200): Response {
  return new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status });
}

/**
 * What the body says; undefined if it is no JSON.
 *
 * @throws {BodyTooLong}
 */
export async function bodyOf(request: Request): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(await bytesOf(request)));
    return value;
  } catch (error) {
    if (error instanceof BodyTooLong) throw error;
    // Also of whoever hangs up in the middle of it.
    return undefined;
  }
}

async function bytesOf({ headers, body }: Request): Promise<Uint8Array> {
  if (Number(headers.get("content-length") ?? 0) > BODY_BYTES_MAX) throw new BodyTooLong();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // One in chunks does not say beforehand how long it is.
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new BodyTooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
