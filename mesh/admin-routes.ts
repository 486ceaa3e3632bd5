/** What plugins answer on the admin address, beside what the node answers itself. */

import { CcpError, type Registration } from "../src/index.ts";
import { bodyOf, json, problem } from "./admin-answers.ts";
import { jsonOf } from "./admin-json.ts";
import { errorText } from "./error-text.ts";
import { quoted } from "./printable.ts";

/** Of all plugins together; more is a plugin that makes one for each thing it has. */
const ROUTES_MAX = 256;
const PATH = /^\/api\/[a-z0-9][a-z0-9/_-]{0,126}$/;

export interface AdminRequest {
  /** What follows the `?`. */
  readonly query: URLSearchParams;
  /** Of a POST: the JSON that was sent, whatever it is; check it. `undefined` if it is none. */
  readonly body: unknown;
}

export interface AdminRoute {
  readonly method: "GET" | "POST";
  /** Such as `/api/chat/trace`. */
  readonly path: string;
  /** What it is for, in half a line; `GET /` lists it. */
  readonly summary: string;
  /** Answers what is sent as JSON, with 200. What it throws but {@link AdminProblem} is logged, and answered with 500. */
  answer(request: AdminRequest): unknown;
}

/** Why a plugin does not answer a request. `message` says what is wrong and how to mend it. */
export class AdminProblem extends Error {
  override readonly name = "AdminProblem";
  /** Of HTTP. */
  readonly status: number;

  constructor(status: 400 | 404 | 409 | 503, message: string) {
    super(message);
    this.status = status;
  }
}

export class AdminRoutes {
  readonly #routes = new Map<string, AdminRoute & { readonly owner: string }>();
  /** The node's own, which no plugin can have. */
  readonly #own = new Set<string>();

  /** `METHOD /path` of what the node answers itself. */
  reserve(keys: Iterable<string>): void {
    for (const key of keys) this.#own.add(key);
  }

  list(): readonly AdminRoute[] {
    return [...this.#routes.values()].toSorted((a, b) => a.path.localeCompare(b.path));
  }

  /** @throws {CcpError} `name_taken`, which names who has it, or `invalid_option` */
  add(route: AdminRoute, owner: string): Registration {
    const { method, path } = route;
    if (!PATH.test(path)) {
      const text = `${owner}: a path on the admin address is /api/ and up to 127 small letters, digits, dashes and slashes, not ${quoted(path)}`;
      throw new CcpError("invalid_option", text);
    }
    const key = `${method} ${path}`;
    const holder = this.#own.has(key) ? "the node itself" : this.#routes.get(key)?.owner;
    if (holder !== undefined) {
      throw new CcpError("name_taken", `${key} is answered by ${holder} already`);
    }
    if (this.#routes.size >= ROUTES_MAX) {
      const text = `${owner}: plugins answer ${ROUTES_MAX} paths on the admin address already; remove some`;
      throw new CcpError("invalid_option", text);
    }
    const entry = { ...route, owner, answer: route.answer.bind(route) };
    this.#routes.set(key, entry);
    return {
      remove: () => {
        if (this.#routes.get(key) === entry) this.#routes.delete(key);
      },
    };
  }

  find(key: string): AdminRoute | undefined {
    return this.#routes.get(key);
  }
}

/** Asks the plugin; `onError` is told what it throws by mistake. */
export async function answerRoute(route: AdminRoute, request: Request): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const body = route.method === "POST" ? await bodyOf(request) : undefined;
  try {
    return json(jsonOf(await route.answer({ query, body })));
  } catch (error) {
    if (error instanceof AdminProblem) return problem(error.status, error.message);
    return problem(500, `the plugin failed to answer: ${errorText(error)}; the log says more`);
  }
}
