import { describe, expect, test } from "bun:test";
import {
  Redactor,
  secretsOfAddress,
} from "../../../../../mesh/plugins/collectors/http/redactor.ts";

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

describe("the secrets of an address", () => {
  const rules = { hidesPath: false };

  test.each([
    ["http://h/x?a=1&key=S3CRET%2Fone", ["key=S3CRET%2Fone", "key=S3CRET/one"]],
    ["http://h/x?a=1&key=S3CRET%2fone", ["key=S3CRET%2fone", "key=S3CRET%2Fone"]],
    ["http://h/x?a=1&key=S3CRET+one", ["S3CRET+one", "S3CRET one", "S3CRET%20one"]],
    ["http://h/x?a=1&key=S3CRET%20one", ["S3CRET%20one", "S3CRET one", "S3CRET+one"]],
    ["http://h/x?a=1&key=S3CRET%zz", ["S3CRET%zz"]],
    ["http://h/x?a=1&key=S3CRET=one==", ["S3CRET=one=="]],
    ["http://h/x?a=1&S3CRETone", ["S3CRETone"]],
    ["http://S3CRET%2Fone:S3CRET%22two@h/", ["S3CRET%2Fone", "S3CRET/one", 'S3CRET"two']],
    ["http://h/hook/S3CRETpath%2F0003", ["S3CRETpath%2F0003", "S3CRETpath/0003"]],
  ])("are known in each form that a receiver may repeat: %p", (address, forms) => {
    const redactor = new Redactor(secretsOfAddress(new URL(address), rules));
    for (const form of forms) {
      expect(redactor.redact(`you sent ${form}`)).not.toMatch(/S3CRET|one|two|0003/);
    }
  });
});
