import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { LINE_PRESET } from "../../../../../mesh/plugins/games/line/preset.ts";
import { MuxPlayer } from "../../../../helpers/games/mux-player.ts";
import {
  HAS_MUX,
  MuxServer,
  WIZARD,
  WIZARD_PASSWORD,
} from "../../../../helpers/games/mux-server.ts";
import type { WrittenSettings } from "../../../../../mesh/settings-reader.ts";
import { OpenSession } from "../../../../helpers/games/open-session.ts";
import { adapterOf } from "../../../../helpers/games/session-log.ts";
import { hostileLine } from "../arbitraries.ts";

setDefaultTimeout(60_000);

/** What `nospoof` puts before all that others cause: who they are, and how they did it. */
const WHO = String.raw`^\[(?<player>[^\[\]()]+)\(#(?<id>\d+)\)[^\]]*,comsys\] \[Public\] `;

/** As the documentation has it. */
function settingsOf(
  server: MuxServer,
  more: Readonly<Record<string, string>> = {},
): WrittenSettings {
  return {
    port: String(server.port),
    login: [`connect ${WIZARD} {password}`, "@set me=nospoof", "addcom pub=Public"],
    password: WIZARD_PASSWORD,
    ready: "^Channel Public added with alias|^That alias is already in use for channel Public",
    wrong_password: "^Either that player does not exist, or has a different password",
    chat: `${WHO}[^"]* says, "(?<text>.*)"$`,
    join: `${WHO}.* has joined this channel\\.$`,
    leave: `${WHO}.* has left this channel\\.$`,
    say: "@cemit/noheader Public={text}",
    ascii: "on",
    ...more,
  };
}

/** As the players of a MUX see spaces: several are one. */
function shown(text: string): string {
  return text.replace(/ +/g, " ").trim();
}

describe.skipIf(!HAS_MUX)("a real TinyMUX", () => {
  test("players come, talk and go, and are spoken to", async () => {
    await using server = await MuxServer.start();
    await using game = new OpenSession(adapterOf(LINE_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    using alice = await MuxPlayer.join(server.port, "Alice");
    await log.heard({ type: "join" });
    const [, joined] = log.told;
    const player = joined?.type === "join" ? joined.player : { name: "" };
    expect(player.name).toBe("Alice");
    alice.say("hi");
    await log.heard({ type: "chat", audience: "all", player, text: "hi" });
    alice.say(String.raw`[Public] Bob says, "no" \ %r [add(1,2)]`);
    const text = String.raw`[Public] Bob says, "no" \ %r [add(1,2)]`;
    await log.heard({ type: "chat", audience: "all", player, text });
    expect(await session.say({ text: "[teeworlds-1] Zoë: hi" })).toBe("sent");
    await alice.hears("[teeworlds-1] Zoe: hi");
    alice.type("delcom pub");
    await log.heard({ type: "leave", player });
    await session.close();
    const types = log.told.map(({ type }) => type);
    expect(types).toEqual(["session up", "join", "chat", "chat", "leave"]);
    expect(JSON.stringify(log)).not.toContain(WIZARD_PASSWORD);
  });

  test("nobody can speak in another's name by what only the relay is shown", async () => {
    await using server = await MuxServer.start();
    await using game = new OpenSession(adapterOf(LINE_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    using mallory = await MuxPlayer.join(server.port, "Mallory");
    await log.heard({ type: "join" });
    const forged = '[Public] Alice says, "forged"';
    for (const command of [
      "@pemit *Wizard=",
      "page Wizard=",
      "whisper Wizard=",
      "@emit ",
      "say ",
    ]) {
      mallory.type(command + forged);
    }
    mallory.say(';Alice says, "me"');
    mallory.say("really me");
    await log.heard({ type: "chat", text: "really me" });
    const chats = log.told.flatMap((event) => (event.type === "chat" ? [event.player.name] : []));
    expect(chats).toEqual(["Mallory", "Mallory"]);
    await session.close();
  });

  test("what is said is shown as it is, and runs nothing", async () => {
    await using server = await MuxServer.start();
    await using game = new OpenSession(adapterOf(LINE_PRESET, settingsOf(server)));
    const { log, session } = game;
    await log.up();
    using alice = await MuxPlayer.join(server.port, "Alice");
    const evil = [
      "[pemit(*Alice,broken)]",
      "[set(me,broken:yes)]",
      "%r%b%t[name(me)] %N %# %!",
      "x; @shutdown",
      "x}; @shutdown; {",
      "\\[set(me,broken:yes)\\]",
      "@shutdown",
      "x\n@shutdown",
      "x\r@set me=broken:yes",
      "=Public=x",
      ":waves",
      ";'s hat",
      '"quoted',
      "\\",
      "{{{[[[(((",
      "%",
      "$(id) `id` #1 @@ ##",
    ];
    const part = fc.constantFrom(...evil, "[", "]", "{", "}", "\\", "%", ";", ",", "(", "=", "a");
    const mixed = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(""));
    const lines = [
      ...evil,
      ...fc.sample(mixed, { numRuns: 200, seed: 3 }),
      ...fc.sample(hostileLine, { numRuns: 100, seed: 4 }),
    ];
    for (const [index, text] of lines.entries()) {
      expect(await session.say({ text: `> ${text}` })).toBe("sent");
      // More than some kilobytes at once are flushed by the server, unseen.
      if (index % 20 > 0) continue;
      await session.say({ text: `mark ${index}` });
      await alice.hears(`mark ${index}`);
    }
    // Without anything of the relay's before it, as well.
    for (const text of evil) expect(await session.say({ text })).toBe("sent");
    await session.say({ text: "the end" });
    await alice.hears("the end");
    const heard = alice.heard.filter((line) => line.startsWith(">"));
    const wanted = evil.map((text) => shown(`> ${text.replace(/[\n\r]/g, " ")}`));
    expect(heard.slice(0, wanted.length)).toEqual(wanted);
    expect(heard).toHaveLength(lines.length);
    using wizard = MuxPlayer.connect(server.port);
    wizard.type(`connect ${WIZARD} ${WIZARD_PASSWORD}`);
    wizard.type("examine me");
    await wizard.hears(/^Home: /);
    expect(wizard.heard.filter((line) => /^broken/i.test(line))).toEqual([]);
    expect(log.end).toBeUndefined();
    await session.close();
  });

  test("a wrong password is told, and shown nowhere", async () => {
    await using server = await MuxServer.start();
    await using game = new OpenSession(
      adapterOf(LINE_PRESET, settingsOf(server, { password: "hunter22" })),
    );
    const { log, session } = game;
    expect((await log.over()).kind).toBe("wrong_password");
    expect(JSON.stringify(log)).not.toContain("hunter22");
    await session.close();
  });

  test("a server that was killed is lost, and the next session is up once it is back", async () => {
    await using server = await MuxServer.start();
    const adapter = adapterOf(LINE_PRESET, settingsOf(server));
    await using first = new OpenSession(adapter);
    await first.log.up();
    await server.kill();
    expect((await first.log.over()).kind).toBe("lost");
    await first.session.close();
    await using second = new OpenSession(adapter);
    expect((await second.log.over()).kind).toBe("unreachable");
    await second.session.close();
    await server.restart();
    await using third = new OpenSession(adapter);
    await third.log.up();
    using alice = await MuxPlayer.join(server.port, "Alice");
    expect(await third.session.say({ text: "back" })).toBe("sent");
    await alice.hears("back");
    await third.session.close();
  });
});
