import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatAddress, normalizeHost, parseAddress } from "../../src/address.ts";
import { CcpError } from "../../src/errors.ts";

/** The error that reading `text` ends with. */
function parseError(text: string, defaultPort?: number): CcpError {
  try {
    parseAddress(text, defaultPort);
  } catch (error) {
    if (error instanceof CcpError) {
      return error;
    }
    throw error;
  }
  throw new Error(`${text} was taken for an address`);
}

describe("normalizeHost", () => {
  test.each([
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["::FFFF:1.2.3.4", "1.2.3.4"],
    ["::ffff:102:304", "1.2.3.4"],
    ["0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"],
    ["::ffff:1.2.3.4%eth0", "1.2.3.4"],
    ["FE80::1", "fe80::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["fe80::1%br-lan.5", "fe80::1"],
    ["2001:0db8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"],
    ["Panel.Example", "panel.example"],
  ])("spells %s as %s", (host, expected) => {
    expect(normalizeHost(host)).toBe(expected);
  });

  test("keeps an IPv4-compatible address apart from an IPv4-mapped one", () => {
    expect(normalizeHost("::1.2.3.4")).toBe("::102:304");
    expect(normalizeHost("64:ff9b::1.2.3.4")).toBe("64:ff9b::102:304");
  });

  test("hands garbage back and never throws", () => {
    for (const garbage of [
      "",
      ":",
      ":::",
      "::1::",
      "::ffff:1.2.3",
      "::ffff:010.0.0.1",
      "%",
      "a:b",
    ]) {
      expect(normalizeHost(garbage)).toBe(garbage);
    }
    fc.assert(fc.property(fc.string(), (text) => typeof normalizeHost(text) === "string"));
  });

  test("gives all spellings of an IPv6 address one form, and leaves that form alone", () => {
    fc.assert(
      fc.property(fc.ipV6(), (host) => {
        const normal = normalizeHost(host);
        expect(normalizeHost(normal)).toBe(normal);
        expect(normalizeHost(host.toUpperCase())).toBe(normal);
        expect(normalizeHost(`${host}%en0`)).toBe(normal);
      }),
    );
  });

  test("shows an IPv4 client of an IPv6 socket as that IPv4 address", () => {
    fc.assert(
      fc.property(fc.ipV4(), (host) => {
        expect(normalizeHost(`::ffff:${host}`)).toBe(host);
      }),
    );
  });
});

describe("formatAddress", () => {
  test("puts brackets around IPv6 alone", () => {
    expect(formatAddress({ host: "1.2.3.4", port: 5 })).toBe("1.2.3.4:5");
    expect(formatAddress({ host: "::1", port: 5 })).toBe("[::1]:5");
    expect(formatAddress({ host: "panel.example", port: 5 })).toBe("panel.example:5");
  });
});

describe("parseAddress", () => {
  test.each([
    ["panel.example:80", "panel.example", 80],
    ["my_container:80", "my_container", 80],
    ["10.0.0.1:65535", "10.0.0.1", 65_535],
    ["[::1]:1", "::1", 1],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80],
    ["panel.example", "panel.example", 28_080],
    ["10.0.0.1", "10.0.0.1", 28_080],
    ["[::1]", "::1", 28_080],
    ["::1", "::1", 28_080],
    ["2001:db8::1:80", "2001:db8::1:80", 28_080],
  ])("reads %s", (text, host, port) => {
    expect(parseAddress(text, 28_080)).toEqual({ host, port });
  });

  test("reads what formatAddress wrote", () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        expect(parseAddress(formatAddress({ host, port }))).toEqual({ host, port });
      }),
    );
  });

  test.each([
    "",
    ":80",
    "300.1.2.3:80",
    "1:80",
    "127.1:80",
    "0x7f.1:80",
    "010.0.0.1:80",
    "two words:80",
    "-panel.example:80",
    "tcp://panel.example:80",
    "[1.2.3.4]:80",
    "[panel.example]:80",
    "[::1:80",
    "2001:db8::1:28080",
    "fe80:1:2:3:4:5:6:7:80",
    "[::1]x:80",
    `${"a".repeat(64)}:80`,
    `${"a.".repeat(127)}:80`,
  ])("refuses %p and shows how an address is written", (text) => {
    const error = parseError(text, 28_080);
    expect(error.code).toBe("invalid_option");
    expect(error.message).toStartWith(`"${text}" is not an address`);
    expect(error.message).toContain("[::1]:28080");
  });

  test.each(["a:0", "a:65536", "a:-1", "a:8e1", "a:", "a: 80", "[::1]:0"])(
    "refuses the port of %p",
    (text) => {
      const error = parseError(text);
      expect(error.code).toBe("invalid_option");
      expect(error.message).toBe(`the port of "${text}" must be a whole number from 1 to 65535`);
    },
  );

  test("refuses a host without a port where there is no default, with the form that is meant", () => {
    expect(parseError("panel.example").message).toBe(
      '"panel.example" has no port; write it as in panel.example:28080',
    );
    expect(parseError("::1").message).toBe('"::1" has no port; write it as in [::1]:28080');
  });
});
