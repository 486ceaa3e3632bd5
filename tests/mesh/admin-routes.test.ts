import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Admin, serveAdmin } from "../../mesh/admin.ts";
import { AdminProblem, type AdminRoute, AdminRoutes } from "../../mesh/admin-routes.ts";
import { idleNode } from "../helpers/idle-node.ts";
import { silentLogger } from "../helpers/silent-logger.ts";
import { localMessenger } from "./local-messenger.ts";

let routes: AdminRoutes;
let admin: Admin;

beforeEach(() => {
  routes = new AdminRoutes();
  const node = { ...idleNode(localMessenger()), routes };
  admin = serveAdmin({
    host: "127.0.0.1",
    port: 0,
    token: () => undefined,
    log: silentLogger,
    node,
  });
});

afterEach(async () => {
  await admin.stop();
});

function route(answer: AdminRoute["answer"], changes: Partial<AdminRoute> = {}): AdminRoute {
  return { method: "GET", path: "/api/chat/trace", summary: "the last lines", answer, ...changes };
}

async function ask(path: string, init?: RequestInit): Promise<[number, unknown]> {
  const response = await fetch(admin.url + path, init);
  return [response.status, await response.json()];
}

function post(body: string): RequestInit {
  return { method: "POST", headers: { "content-type": "application/json" }, body };
}

describe("a path of a plugin", () => {
  test("is answered with JSON, given the query, while it is there", async () => {
    const registration = routes.add(
      route(({ query }) => ({ limit: query.get("limit"), at: new Date(0), big: 2n ** 60n })),
      "plugin chat",
    );
    expect(await ask("/api/chat/trace?limit=3")).toEqual([
      200,
      { limit: "3", at: "1970-01-01T00:00:00.000Z", big: "1152921504606846976" },
    ]);
    expect(await (await fetch(admin.url)).text()).toContain(
      "GET  /api/chat/trace   the last lines",
    );
    expect((await fetch(`${admin.url}/api/chat/trace`, post("{}"))).status).toBe(405);
    registration.remove();
    expect((await ask("/api/chat/trace"))[0]).toBe(404);
  });

  test("is given the body of a POST, or undefined for what is no JSON", async () => {
    routes.add(
      route(({ body }) => ({ body: body ?? "none" }), { method: "POST" }),
      "plugin chat",
    );
    expect(await ask("/api/chat/trace", post('{"a":1}'))).toEqual([200, { body: { a: 1 } }]);
    expect(await ask("/api/chat/trace", post("{"))).toEqual([200, { body: "none" }]);
  });

  test("may refuse, and may fail, and the address goes on", async () => {
    routes.add(
      route(() => {
        throw new AdminProblem(400, "limit must be a number");
      }),
      "plugin chat",
    );
    routes.add(
      route(() => Promise.reject(new Error("no file")), { path: "/api/broken" }),
      "plugin chat",
    );
    expect(await ask("/api/chat/trace")).toEqual([400, { error: "limit must be a number" }]);
    const [status, body] = await ask("/api/broken");
    expect(status).toBe(500);
    expect(JSON.stringify(body)).toContain("no file");
    expect((await ask("/api/chat/trace"))[0]).toBe(400);
  });
});

describe("a path that cannot be had", () => {
  test("names who has it: the node, or another plugin", () => {
    const own = route(() => null, { path: "/api/status" });
    expect(() => routes.add(own, "plugin a")).toThrow(
      "GET /api/status is answered by the node itself already",
    );
    routes.add(
      route(() => null),
      "plugin a",
    );
    expect(() =>
      routes.add(
        route(() => null),
        "plugin b",
      ),
    ).toThrow("GET /api/chat/trace is answered by plugin a already");
  });

  test.each(["/", "/metrics", "/api/", "/api/Über", "/api/a?b", `/api/${"a".repeat(200)}`])(
    "is refused: %s",
    (path) => {
      const bad = route(() => null, { path });
      expect(() => routes.add(bad, "plugin a")).toThrow("a path on the admin address is /api/");
    },
  );

  test("is one too many", () => {
    for (let n = 0; n < 256; n += 1) {
      routes.add(
        route(() => null, { path: `/api/x/${n}` }),
        "plugin a",
      );
    }
    const one = route(() => null);
    expect(() => routes.add(one, "plugin a")).toThrow("256 paths on the admin address already");
  });
});
