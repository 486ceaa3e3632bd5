import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import * as v from "valibot";
import { DiscordFormat } from "../../../../../mesh/plugins/collectors/http/discord-format.ts";
import { discordLine } from "../../../../../mesh/plugins/collectors/http/discord-line.ts";
import { discordText } from "../../../../../mesh/plugins/collectors/http/discord-text.ts";
import { HTTP_SINK } from "../../../../../mesh/plugins/collectors/http/http-sink.ts";
import type { WaitingEvent } from "../../../../../mesh/plugins/collectors/sink.ts";
import { HttpReceiver } from "../../../../helpers/collectors/http-receiver.ts";
import { batchOf, eventOf, readSink, send, sinkOf } from "../../../../helpers/collectors/sinks.ts";

const Webhook = v.strictObject({
  content: v.pipe(v.string(), v.nonEmpty(), v.maxLength(2000)),
  allowed_mentions: v.strictObject({ parse: v.strictTuple([]) }),
  username: v.optional(v.string()),
});

function contentOf(body: string): string {
  return v.parse(Webhook, JSON.parse(body)).content;
}

function contents(events: readonly WaitingEvent[]): string[] {
  return new DiscordFormat(undefined).messages(events).map(({ text }) => contentOf(text));
}

function chat(seq: number, text: string, name = "Alice"): WaitingEvent {
  return eventOf(seq, { type: "game.chat", payload: { text, player: { name }, audience: "all" } });
}

function line(type: string, payload: Readonly<Record<string, unknown>>): string {
  return discordLine(eventOf(1, { type, payload }).envelope);
}

describe("a line", () => {
  test.each([
    ["chat", { text: "hi", player: "Al" }, "**[dust] Al**: hi"],
    ["chat", { text: "hi" }, "**[dust]**: hi"],
    ["game.chat", { text: "a_b", player: { name: "*x*" } }, "**[dust] \\*x\\***: a\\_b"],
    [
      "game.chat",
      { text: "hi", player: { name: "Al" }, audience: "team" },
      "**[dust] (team) Al**: hi",
    ],
    ["game.chat", { text: " \u200b\n", player: { name: "Al" } }, ""],
    ["game.chat", { player: { name: "Al" } }, ""],
    ["notice", { text: "map soon" }, "**[dust]** map soon"],
    ["player.join", { player: { name: "Al" } }, "**[dust]** Al joined"],
    ["player.leave", { player: { name: "\u202e" } }, "**[dust]** ? left"],
    ["player.rename", { player: { name: "B" }, before: "A" }, "**[dust]** A is now B"],
    ["game.console_up", {}, "**[dust]** lines reach the game again"],
    ["game.map", { map: "de_dust" }, "**[dust]** the map is de\\_dust"],
    ["game.up", { players: [] }, "**[dust]** the game is up"],
    ["game.up", { map: "m1" }, "**[dust]** the game is up, with the map m1"],
    ["game.down", { reason: "gone" }, "**[dust]** the game is down: gone"],
    ["game.down", {}, "**[dust]** the game is down"],
    ["shop.sale", { price: 3, tags: ["a"] }, '**[dust]** shop.sale {"price":3,"tags":\\["a"\\]}'],
  ])("of %s with %j", (type, payload, expected) => {
    expect(line(type, payload)).toBe(expected);
  });

  test("of something long is cut", () => {
    expect(line("shop.sale", { text: "x".repeat(5000) }).length).toBeLessThan(330);
    const long = line("game.chat", { text: "*".repeat(5000), player: { name: "_".repeat(500) } });
    expect(long.length).toBeLessThanOrEqual(2000);
    expect(long).toEndWith("\\*…");
  });
});

/** What is shown of Discord's text where nothing in it has a meaning: throws where something has. */
function shown(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") {
      at += 1;
      const next = text.charAt(at);
      if (!/[^0-9A-Za-z\s]/.test(next)) throw new Error(`a backslash that stays before ${next}`);
      out += next;
    } else {
      if ("*_~`|<>[]#".includes(character)) throw new Error(`${character} has a meaning at ${at}`);
      out += character;
    }
  }
  return out;
}

describe("a player's text", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          ..."\\*_~`|<>[]()#-:@! \n".split(""),
          "@everyone",
          "@here",
          "<@123>",
          "<@&1>",
          "<#1>",
          "<:e:1>",
          "<t:1>",
          "</c:1>",
          "abc",
          "||",
          "```",
        ),
        { maxLength: 20 },
      )
      .map((parts) => parts.join("")),
  );

  test("is shown as it is, and formats nothing", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        fc.pre(!/https?:\/\//i.test(text));
        const expected = text
          .toWellFormed()
          .replace(/(?![\u200c\u200d])[\p{Cf}\p{Noncharacter_Code_Point}]/gu, "")
          .replace(/[\p{Cc}\s]+/gu, " ")
          .trim();
        const seen = shown(discordText(text, 1000)).replaceAll("\u200b", "");
        expect(seen === "" ? "" : seen).toBe(seen === "" ? "" : expected);
        if (/[\p{L}\p{N}]/u.test(expected.replace(/\p{Default_Ignorable_Code_Point}/gu, ""))) {
          expect(seen).toBe(expected);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("calls and mentions nobody, behind an address neither", () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom("", "https://a", "http://x/_y "), (text, before) => {
        const made = discordText(before + text, 1000);
        expect(made).not.toMatch(/@(?:everyone|here)/i);
        // As an address takes what is before `<`, no backslash counts.
        expect(made).not.toMatch(/<(?:[@#:/]|a:|t:)/);
        expect(made).not.toContain("\n");
      }),
      { numRuns: 500 },
    );
  });

  test("has addresses that still lead where they led", () => {
    const url = "https://x.example/a_b/~c#d_e?f=1&g=(2)";
    expect(discordText(`see ${url} _now_`, 1000)).toBe(`see ${url} \\_now\\_`);
  });

  test("is within its bound", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 40 }), (text, charsMax) => {
        const made = discordText(text, charsMax);
        expect(made.length).toBeLessThanOrEqual(charsMax);
        expect(made.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("messages", () => {
  test("have as many lines as fit, in order", () => {
    const events = Array.from({ length: 30 }, (_, index) =>
      chat(index, `${index} ${"x".repeat(200)}`),
    );
    const messages = contents(events);
    expect(messages.length).toBeGreaterThan(2);
    expect(messages.length).toBeLessThan(6);
    expect(
      messages
        .join("\n")
        .split("\n")
        .map((each) => Number(/: (\d+) /.exec(each)?.[1])),
    ).toEqual(events.map(({ seq }) => seq));
    for (const content of messages) expect(content.length).toBeLessThanOrEqual(2000);
  });

  test("are none where nothing can be shown", () => {
    expect(contents([chat(1, " "), chat(2, "\u200b")])).toEqual([]);
    expect(contents([chat(1, " "), chat(2, "x")])).toEqual(["**[dust] Alice**: x"]);
  });
});

function webhook(receiver: HttpReceiver): string {
  return `${receiver.url}/api/webhooks/1234/SeCrEt-ToKeN?thread_id=9`;
}

describe("the webhook", () => {
  test("is told of all in one message that pings nobody, and waits until it is kept", async () => {
    await using receiver = new HttpReceiver();
    const written = { format: "discord", username: "Surf" };
    const sink = sinkOf(HTTP_SINK, webhook(receiver), written);
    const events = [chat(1, "one"), chat(2, "two @everyone")];
    expect(await send(sink, { key: "k", events })).toEqual({ kind: "delivered" });
    expect(receiver.last.path).toBe("/api/webhooks/1234/SeCrEt-ToKeN?thread_id=9&wait=true");
    expect(JSON.parse(receiver.last.body)).toEqual({
      content: "**[dust] Alice**: one\n**[dust] Alice**: two @\u200beveryone",
      allowed_mentions: { parse: [] },
      username: "Surf",
    });
    expect(sink.batchEventsMax).toBe(30);
  });

  test("has an address of which nothing but the host is shown", async () => {
    await using receiver = new HttpReceiver();
    const sink = sinkOf(HTTP_SINK, webhook(receiver), { format: "discord" });
    expect(sink.where).toBe(receiver.url);
    const { pathname } = new URL(webhook(receiver));
    receiver.answers(new Response(`no ${pathname} SeCrEt-ToKeN`, { status: 404 }));
    const result = await send(sink, batchOf(1));
    expect(JSON.stringify(result)).not.toContain("SeCrEt");
    expect(JSON.stringify(result)).toContain("was the webhook deleted?");
  });

  test("of Discord itself is known by its host", () => {
    const url = "https://canary.discord.com/api/webhooks/1/x";
    const { sink, problems } = readSink(HTTP_SINK, url, { username: "Surf" });
    expect(problems).toEqual([]);
    expect(sink.batchEventsMax).toBe(30);
    expect(sink.where).toBe("https://canary.discord.com");
    const other = readSink(HTTP_SINK, "https://notdiscord.com/api/webhooks/1/x");
    expect(other.sink.batchEventsMax).toBeUndefined();
    expect(readSink(HTTP_SINK, url, { template: "{id}" }).sink.where).toBe(
      "https://canary.discord.com",
    );
  });

  test("that is told too much says when to come again", async () => {
    await using receiver = new HttpReceiver();
    const body = { message: "You are being rate limited.", retry_after: 64.57, global: false };
    receiver.answers(Response.json(body, { status: 429, headers: { "retry-after": "65" } }));
    const sink = sinkOf(HTTP_SINK, webhook(receiver), { format: "discord" });
    expect(await send(sink, batchOf(1))).toMatchObject({ kind: "retry", afterMs: 64_570 });
    // It is not asked before that.
    const next = await send(sink, batchOf(1));
    if (next.kind !== "retry") throw new Error("it was asked");
    expect(next.afterMs).toBeGreaterThan(60_000);
    expect(receiver.requests.length).toBe(1);
  });

  test("that allows no more for a moment is left alone so long", async () => {
    await using receiver = new HttpReceiver();
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "0.2" };
    receiver.answers(new Response("{}", { headers }));
    const sink = sinkOf(HTTP_SINK, webhook(receiver), { format: "discord" });
    await send(sink, batchOf(1));
    const firstMs = performance.now();
    await send(sink, batchOf(2));
    expect(performance.now() - firstMs).toBeGreaterThan(180);
    const thirdMs = performance.now();
    await send(sink, batchOf(3));
    expect(performance.now() - thirdMs).toBeLessThan(180);
  });

  test("that is left alone can be given up meanwhile", async () => {
    await using receiver = new HttpReceiver();
    const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "4" };
    receiver.answers(new Response("{}", { headers }));
    const sink = sinkOf(HTTP_SINK, webhook(receiver), { format: "discord" });
    await send(sink, batchOf(1));
    expect((await sink.send(batchOf(2), AbortSignal.timeout(30))).kind).toBe("retry");
    expect(receiver.requests.length).toBe(1);
  });

  test("gets no message twice when one of several failed, in halves neither", async () => {
    await using receiver = new HttpReceiver();
    const events = Array.from({ length: 6 }, (_, index) =>
      chat(index + 1, `${index + 1} ${"x".repeat(900)}`),
    );
    const sink = sinkOf(HTTP_SINK, webhook(receiver), { format: "discord" });
    receiver.answers(new Response("{}"), new Response("", { status: 500 }));
    expect((await send(sink, { key: "k", events })).kind).toBe("retry");
    receiver.answers(new Response("{}"), new Response("", { status: 400 }));
    expect((await send(sink, { key: "k", events })).kind).toBe("refused");
    const [, failed, again] = receiver.requests;
    expect(again?.body).toBe(failed?.body ?? "");
    expect(again?.headers.get("idempotency-key")).toBe("k/3");
    expect(failed?.headers.get("idempotency-key")).toBe("k/3");
    expect(await send(sink, { key: "a", events: events.slice(0, 3) })).toEqual({
      kind: "delivered",
    });
    expect(receiver.requests.length).toBe(4);
    expect(await send(sink, { key: "b", events: events.slice(3) })).toEqual({ kind: "delivered" });
    const taken = [receiver.requests[0], receiver.requests[2], ...receiver.requests.slice(4)];
    const lines = taken.flatMap((request) => contentOf(request?.body ?? "").split("\n"));
    expect(lines.map((each) => Number(/: (\d+) /.exec(each)?.[1]))).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
