import { describe, expect, test } from "bun:test";
import { errorPlace } from "../../mesh/error-place.ts";
import { parseAddress } from "../../src/index.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

/** What is thrown when a module of this text is imported. */
async function placeOf(text: string): Promise<string | undefined> {
  await using folder = await TempFolder.create({ "chat.ts": text });
  try {
    await import(folder.at("chat.ts"));
  } catch (error) {
    return errorPlace(error)?.replace(folder.path, "");
  }
  throw new Error("it was imported");
}

function thrown(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

describe("the place of an error", () => {
  test("is where it was made", async () => {
    expect(await placeOf("\n  throw new Error('x');")).toStartWith("/chat.ts:2:");
    expect(await placeOf("function f() {\n throw new Error('x'); }\n f();")).toStartWith(
      "/chat.ts:2:",
    );
  });

  test("is where the library was called, if it was made in there", () => {
    expect(errorPlace(thrown(() => parseAddress("no:port")))).toMatch(
      /\/error-place\.test\.ts:\d+:\d+$/,
    );
  });

  test("is the line of a mistake of syntax", async () => {
    expect(await placeOf("const a = 1;\nconst b = ;\n")).toStartWith("/chat.ts:2:");
    expect(await placeOf("const b = ;\nlet let = 1;\n")).toStartWith("/chat.ts:1:");
  });

  test("is that of the cause", async () => {
    const text = "const cause = new Error('x');\nthrow new Error('y', { cause });";
    expect(await placeOf(text)).toStartWith("/chat.ts:1:");
  });

  test.each([
    ["a string", "text"],
    ["nothing", undefined],
    ["an error without a stack", Object.assign(new Error("x"), { stack: undefined })],
    ["an error with a strange stack", Object.assign(new Error("x"), { stack: "at x (native)" })],
  ])("is none for %s", (_what, error) => {
    expect(errorPlace(error)).toBeUndefined();
  });

  test("is found in an error that is its own cause, and in one whose getters throw", () => {
    const loop = new Error("loop");
    loop.cause = loop;
    expect(errorPlace(loop)).toContain("error-place.test.ts");
    const hostile = Object.defineProperty(new Error("x"), "stack", {
      get: () => {
        throw new Error("no");
      },
    });
    expect(errorPlace(hostile)).toBeUndefined();
  });
});
