import { describe, expect, test } from "bun:test";
import { Redactor } from "../../../../../mesh/plugins/collectors/http/redactor.ts";

describe("what a receiver repeats", () => {
  const redactor = new Redactor(["S3CRET-one", 'S3CRET"two/', "p%40ss%20word", "abc"]);

  test.each([
    ["you sent S3CRET-one, S3CRET-one", "you sent …, …"],
    [`it is ${JSON.stringify({ token: 'S3CRET"two/' })}`, 'it is {"token":"…"}'],
    ["p%40ss%20word is p@ss word", "… is …"],
    ["nothing of it", "nothing of it"],
    ["abc stands in words", "abc stands in words"],
  ])("is shown without secrets: %p", (text, shown) => {
    expect(redactor.redact(text)).toBe(shown);
  });

  test("is shown without the secret in whose middle it was cut", () => {
    for (let length = 0; length <= "S3CRET-one".length; length += 1) {
      const cut = "S3CRET-one".slice(0, length);
      const shown = redactor.redact(`you sent ${cut}`);
      expect(shown).toBe(length < 4 ? `you sent ${cut}` : "you sent …");
    }
  });
});
