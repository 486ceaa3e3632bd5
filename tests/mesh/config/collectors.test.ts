import { describe, expect, test } from "bun:test";
import { accepted, message } from "./reading.ts";

const GOOD = "url = https://collector.example/events\ntopics = game.>, player.*\n";

describe("[collector:NAME]", () => {
  test("is read, and its plugin loads where there is one", async () => {
    const { plugins } = await accepted(`[collector:logs]\n${GOOD}[collector:chat]\n${GOOD}`);
    expect(plugins.builtIn).toEqual(["bus", "collectors"]);
    expect({ ...plugins.settings.get("collectors") }).toEqual({
      "logs.url": "https://collector.example/events",
      "logs.topics": "game.>, player.*",
      "chat.url": "https://collector.example/events",
      "chat.topics": "game.>, player.*",
    });
    expect((await accepted("")).plugins.builtIn).toEqual(["bus"]);
  });

  test("loads before the plugins whose events it takes", async () => {
    const text = `[game]\nadapter = openttd\npassword = x\n[collector:logs]\n${GOOD}`;
    expect((await accepted(text)).plugins.builtIn).toEqual(["bus", "collectors", "game", "chat"]);
  });

  test("is told at the line of the topic that is mistaken", async () => {
    const text = `[collector:logs]
url = http://collector.example/
topics[] = chat.>
topics[] = game..kill
`;
    expect(await message(text)).toStartWith(
      "config/node.ini:4: [collector:logs] topics is mistaken",
    );
  });

  test("is told all that is wrong with it at once, each with its line", async () => {
    const text = `[collector:logs]
url = gopher://collector.example
topics = game..kill
[collector:chat]
url = http://collector.example/
topics = >
batch_events = none
retries = 3
when_full = block
[collector:a b]
url = http://collector.example/
[collectr:x]
`;
    const lines = (await message(text)).split("\n");
    expect(lines).toEqual([
      expect.stringMatching(
        /^config\/node\.ini:2: \[collector:logs\] url must begin with one of http:\/\//,
      ),
      expect.stringMatching(
        /^config\/node\.ini:3: \[collector:logs\] topics is mistaken: .*"game\.\.kill"/,
      ),
      expect.stringMatching(
        /^config\/node\.ini:7: \[collector:chat\] batch_events must be a whole number from/,
      ),
      expect.stringMatching(
        /^config\/node\.ini:8: \[collector:chat\] retries is no key of \[collector:chat\]/,
      ),
      expect.stringMatching(
        /^config\/node\.ini:9: \[collector:chat\] when_full must be one of refuse, drop_oldest/,
      ),
      expect.stringMatching(
        /^config\/node\.ini:10: \[collector:a b\]: a collector's name is 1 to 64 letters/,
      ),
      expect.stringMatching(
        /^config\/node\.ini:12: unknown section \[collectr:x\]; did you mean \[collector:x\]/,
      ),
    ]);
  });

  test("without an url or topics says what they are", async () => {
    const text = await message("[collector:logs]\ntopics =\n");
    expect(text).toContain("[collector:logs] url is missing: where the events go, as http://");
    expect(text).toContain("[collector:logs] topics is missing: name topics or patterns");
  });

  test("never shows what stands in an url that cannot be read", async () => {
    const text = await message(
      "[collector:logs]\nurl = htps//hook.example/s3cret-token\ntopics = a\n",
    );
    expect(text).not.toContain("s3cret");
  });
});
