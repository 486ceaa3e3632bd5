import { describe, expect, test } from "bun:test";
import { CcpError } from "../../src/errors.ts";
import { parseWhitelistEntry } from "../../src/whitelist-entry.ts";

/** The text of the refusal of an entry. */
function refusal(entry: string): string {
  try {
    parseWhitelistEntry(entry);
  } catch (error) {
    if (error instanceof CcpError && error.code === "invalid_option") {
      return error.message;
    }
    throw error;
  }
  throw new Error(`${entry} was accepted`);
}

describe("parseWhitelistEntry", () => {
  test.each([
    ["10.1.2.3", ["10.1.2.3"]],
    ["::ffff:10.1.2.3", ["10.1.2.3"]],
    ["[2001:DB8::1]", ["2001:db8::1"]],
    ["fe80::1%eth0", ["fe80::1"]],
    ["localhost", ["127.0.0.1", "::1"]],
    ["LocalHost.", ["127.0.0.1", "::1"]],
  ])("takes %s as addresses", (entry, addresses) => {
    expect(parseWhitelistEntry(entry)).toEqual({ kind: "addresses", addresses });
  });

  test.each([
    ["10.1.2.3/8", "10.1.2.3", 8],
    ["0.0.0.0/0", "0.0.0.0", 0],
    ["10.0.0.1/32", "10.0.0.1", 32],
    ["2001:db8::/32", "2001:db8::", 32],
    ["[2001:db8::]/32", "2001:db8::", 32],
    ["::1/128", "::1", 128],
    ["::ffff:10.0.0.0/104", "10.0.0.0", 8],
    ["::ffff:0:0/96", "0.0.0.0", 0],
  ])("takes %s as a range", (entry, base, prefixBits) => {
    const parsed = parseWhitelistEntry(entry);
    if (parsed.kind !== "range") {
      throw new Error(`${entry} was taken for ${parsed.kind}`);
    }
    expect(parsed.range.base.toString()).toBe(base);
    expect(parsed.range.prefixBits).toBe(prefixBits);
  });

  test.each([
    ["Panel.Example", "panel.example"],
    ["panel.example.", "panel.example"],
    ["my_container", "my_container"],
    ["7days.example", "7days.example"],
    ["10.0.0.1.nip.io", "10.0.0.1.nip.io"],
  ])("takes %s as a host name", (entry, name) => {
    expect(parseWhitelistEntry(entry)).toEqual({ kind: "name", name });
  });

  test.each([
    "",
    " 10.0.0.1",
    "300.1.2.3",
    "1.2.3",
    "1",
    "1.2.3.4.5",
    "1.2.3.4.",
    "010.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "0x",
    "10.0.0.1:28080",
    "[10.0.0.1]",
    "[panel.example]",
    "[::1]:28080",
    "::1::",
    "1.2.3.4%eth0",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/",
    "10.0.0.0/255.0.0.0",
    "10.0.0/8",
    "10.0.0.0/8/8",
    "2001:db8::/129",
    "panel.example/24",
    "*",
    "*.example",
    "panel..example",
    "-panel.example",
    "panel example",
    "1\n127.0.0.1",
  ])("refuses %p by name, and says what is accepted", (entry) => {
    expect(refusal(entry)).toBe(
      `whitelist: "${entry}" is neither an address, a range such as 10.0.0.0/8, nor a host name`,
    );
  });

  test("refuses an IPv4 prefix on an IPv4-mapped address, which would mean a part of IPv6", () => {
    expect(refusal("::ffff:10.0.0.0/8")).toBe(
      'whitelist: "::ffff:10.0.0.0/8" is wider than all of IPv4; write an IPv4 range as in 10.0.0.0/8',
    );
  });
});
