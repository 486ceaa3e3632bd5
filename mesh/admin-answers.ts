/** The forms that answers of the admin address have. */

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

/** What the body says; undefined if it is no JSON. */
export async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}
