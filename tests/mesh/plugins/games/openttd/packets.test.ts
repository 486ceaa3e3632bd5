import { expect, test } from "bun:test";
import {
  encodeChat,
  encodeExternalChat,
  encodeJoin,
  encodePing,
  encodePollClients,
  encodePrivateChat,
  encodeQuit,
  encodeRcon,
  encodeSubscribe,
} from "../../../../../mesh/plugins/games/openttd/packets.ts";

test.each([
  ["join", encodeJoin("pw", "me", "1"), "0b0000 707700 6d6500 3100"],
  ["quit", encodeQuit(), "030001"],
  ["subscribe", encodeSubscribe(5), "070002 0500 4000"],
  ["poll of all", encodePollClients(), "080003 01 ffffffff"],
  ["poll of one", encodePollClients(0x1_02), "080003 01 02010000"],
  ["chat", encodeChat("hé"), "0d0004 0300 00000000 68c3a900"],
  ["chat to one", encodePrivateChat(0x1_02, "hé"), "0d0004 0502 02010000 68c3a900"],
  ["rcon", encodeRcon("status"), "0a0005 73746174757300"],
  ["ping", encodePing(0xff_00_00_01), "070007 010000ff"],
  [
    "external chat",
    encodeExternalChat({ source: "S", colour: 2, user: "U", text: "T" }),
    "0b0008 5300 0200 5500 5400",
  ],
])("%s is written as the game reads it", (_name, packet, hex) => {
  expect(packet.toString("hex")).toBe(hex.replaceAll(" ", ""));
});

test("a NUL does not end a text early", () => {
  expect(encodeRcon("a\0b")).toEqual(encodeRcon("ab"));
});
