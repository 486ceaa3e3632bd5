import { expect, test } from "bun:test";
import { MINECRAFT, SOURCE } from "../../../../../mesh/plugins/games/rcon/dialect.ts";
import {
  RconConsole,
  type RconConsoleOptions,
} from "../../../../../mesh/plugins/games/text/rcon-console.ts";
import { RconServer } from "../../../../helpers/games/rcon-server.ts";
import { ToldLines } from "../../../../helpers/games/told-lines.ts";

const PASSWORD = "correct horse";

function consoleOf(port: number, more: Partial<RconConsoleOptions> = {}): RconConsole {
  return new RconConsole({ host: "127.0.0.1", port, password: PASSWORD, dialect: SOURCE, ...more });
}

test("sends commands in order once it is logged in, and none when it is over", async () => {
  await using server = await RconServer.listen({
    style: "source",
    password: PASSWORD,
    answer: () => "",
  });
  const told = new ToldLines();
  const console = consoleOf(server.port).open(told);
  expect(await console.send("early")).toBe("down");
  await told.ready();
  const outcomes = ["one", "two", "three"].map(async (text) => await console.send(`say "${text}"`));
  expect(await Promise.all(outcomes)).toEqual(["sent", "sent", "sent"]);
  expect(server.commands).toEqual(['say "one"', 'say "two"', 'say "three"']);
  expect(await console.send("say\nquit")).toBe("failed");
  server.dropAll();
  expect(await told.end()).toMatchObject({ kind: "lost" });
  expect(await console.send("late")).toBe("down");
  await console.close();
  expect(server.commands).toHaveLength(3);
});

test("takes so many commands, and no more", async () => {
  await using server = await RconServer.listen({ style: "minecraft", password: PASSWORD });
  const told = new ToldLines();
  const console = consoleOf(server.port, { dialect: MINECRAFT }).open(told);
  await told.ready();
  const waiting = Array.from({ length: 64 }, async () => await console.send("list"));
  expect(await console.send("list")).toBe("queue_full");
  await console.close();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["down"]));
  expect(told.ends).toEqual([]);
});

test("a password that is refused, a port where nobody listens", async () => {
  const server = await RconServer.listen({ style: "source", password: "other" });
  const wrong = new ToldLines();
  const first = consoleOf(server.port).open(wrong);
  const end = await wrong.end();
  expect(end.kind).toBe("wrong_password");
  expect(end.text).toContain(`127.0.0.1:${server.port} refused the password`);
  expect(JSON.stringify(end)).not.toContain(PASSWORD);
  await first.close();
  await server[Symbol.asyncDispose]();

  const nobody = new ToldLines();
  const second = consoleOf(server.port).open(nobody);
  expect((await nobody.end()).kind).toBe("unreachable");
  await second.close();
});

test("gives a server up that answers nothing, but not one that answers now and then", async () => {
  let answers = true;
  const answer = (): string | undefined => (answers ? "" : undefined);
  const options = { style: "source", password: PASSWORD, answer, mirrors: false } as const;
  await using server = await RconServer.listen(options);
  const told = new ToldLines();
  const console = consoleOf(server.port, { requestTimeoutMs: 600 }).open(told);
  await told.ready();
  answers = false;
  expect(await Promise.all([console.send("a"), console.send("b")])).toEqual(["failed", "failed"]);
  answers = true;
  expect(await console.send("c")).toBe("sent");
  answers = false;
  const last = await Promise.all(["d", "e", "f"].map(async (text) => await console.send(text)));
  expect(new Set(last)).toEqual(new Set(["failed"]));
  expect(await told.end()).toEqual({
    kind: "lost",
    text: `127.0.0.1:${server.port} has not answered 3 commands in a row`,
  });
  await console.close();
});

test("tells nothing once it is closed, while it connects too", async () => {
  await using server = await RconServer.listen({ style: "source", password: PASSWORD });
  const told = new ToldLines();
  await consoleOf(server.port).open(told).close();
  const ready = new ToldLines();
  const console = consoleOf(server.port).open(ready);
  await ready.ready();
  await console.close();
  await console.close();
  server.dropAll();
  await using other = await RconServer.listen({ style: "source", password: PASSWORD });
  const later = new ToldLines();
  const last = consoleOf(other.port).open(later);
  await later.ready();
  expect([told.readyCount, told.ends, ready.ends]).toEqual([0, [], []]);
  await last.close();
});
