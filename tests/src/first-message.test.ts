import { expect, test } from "bun:test";
import { readFirstMessage } from "../../src/first-message.ts";
import { ClientCode } from "../../src/protocol.ts";
import { RawReceiver, ReceiverRegistry } from "../../src/receivers.ts";
import { SELF_SIGNED } from "../helpers/tls.ts";

const registry: ReceiverRegistry = new ReceiverRegistry();
registry.addRequest("both", () => "", "the test");
registry.addRaw("both", RawReceiver, "the test");
const open = (): never => {
  throw new Error("reading a message opens nothing");
};
registry.addUpgrade("secure", { tls: SELF_SIGNED, open }, "the test");

const { startRequest, startRaw, end, data } = ClientCode;

test.each<[what: string, code: number, name: string, wants: string]>([
  ["a request-based communication", startRequest, "both", "request"],
  ["a raw one of the same name", startRaw, "both", "raw"],
  ["an upgrade, which begins as a raw one", startRaw, "secure", "upgrade"],
  ["a request to what upgrades", startRequest, "secure", "nobody"],
  ["an unknown name", startRaw, "Both", "nobody"],
  ["no name", startRequest, "", "nobody"],
  ["an end", end, "", "end"],
  ["data", data, "both", "nothing"],
  ["an unknown code", 200, "both", "nothing"],
])("%s", (_what, code, name, wants) => {
  const message = readFirstMessage(code, Buffer.from(name), registry);
  expect<string>(message.wants).toBe(wants);
});

test("a name that is not UTF-8 is unreadable, and is not repaired to one that is registered", () => {
  const name = Buffer.of(0xff, 0xfe);
  expect(readFirstMessage(startRaw, name, registry)).toEqual({ wants: "unreadable" });
});

test("a byte order mark is part of the name", () => {
  const name = Buffer.from("\ufeffboth");
  expect(readFirstMessage(startRaw, name, registry)).toEqual({ wants: "nobody" });
});
