import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import * as fc from "fast-check";
import type { CcpError } from "../../src/errors.ts";
import { Whitelist, type WhitelistOptions } from "../../src/whitelist.ts";

/** A DNS whose answers the test writes; a name that it does not have fails as the system's do. */
class FakeDns {
  readonly answers = new Map<string, readonly string[]>();
  readonly asked: string[] = [];

  readonly resolve = async (host: string): Promise<readonly string[]> => {
    this.asked.push(host);
    const answer = this.answers.get(host);
    if (answer === undefined) {
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
    }
    return answer;
  };
}

/** What `onUnresolved` was told, in order. */
class Reports {
  readonly hosts: string[] = [];
  readonly errors: CcpError[] = [];

  readonly onUnresolved = (host: string, error: CcpError): void => {
    this.hosts.push(host);
    this.errors.push(error);
  };
}

/** What the promise rejects with. */
function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("it did not reject");
    },
    (error: unknown) => error,
  );
}

function setUp(): { dns: FakeDns; reports: Reports; options: WhitelistOptions } {
  const dns = new FakeDns();
  const reports = new Reports();
  return {
    dns,
    reports,
    options: { resolve: dns.resolve, onUnresolved: reports.onUnresolved },
  };
}

describe("a whitelist of addresses and ranges", () => {
  test("lets in what it names and nobody else", async () => {
    const whitelist = await Whitelist.create(["10.1.2.3", "[2001:db8::1]"]);
    expect(whitelist.allows("10.1.2.3")).toBe(true);
    expect(whitelist.allows("2001:db8::1")).toBe(true);
    expect(whitelist.allows("10.1.2.4")).toBe(false);
    expect(whitelist.allows("2001:db8::2")).toBe(false);
  });

  test("lets nobody in when it is empty", async () => {
    const whitelist = await Whitelist.create([]);
    expect(whitelist.allows("127.0.0.1")).toBe(false);
    expect(whitelist.allows("::1")).toBe(false);
  });

  test("knows both loopbacks as localhost, and asks no DNS for them", async () => {
    const { dns, options } = setUp();
    const whitelist = await Whitelist.create(["localhost"], options);
    expect(whitelist.allows("127.0.0.1")).toBe(true);
    expect(whitelist.allows("::1")).toBe(true);
    expect(whitelist.allows("::ffff:127.0.0.1")).toBe(true);
    expect(whitelist.allows("127.0.0.2")).toBe(false);
    expect(dns.asked).toEqual([]);
  });

  test("takes a range whose base is inside it for the whole range", async () => {
    const whitelist = await Whitelist.create(["10.1.2.3/8", "2001:db8:5::1/32"]);
    expect(whitelist.allows("10.255.255.255")).toBe(true);
    expect(whitelist.allows("11.0.0.0")).toBe(false);
    expect(whitelist.allows("2001:db8:ffff::")).toBe(true);
    expect(whitelist.allows("2001:db9::")).toBe(false);
  });

  test("treats IPv4-mapped addresses as IPv4, in its entries and in what it is asked", async () => {
    const whitelist = await Whitelist.create(["::ffff:10.1.0.0/112", "::ffff:192.0.2.1"]);
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203", "192.0.2.1"]) {
      expect(whitelist.allows(address)).toBe(true);
    }
    expect(whitelist.allows("10.2.0.0")).toBe(false);
  });

  test("does not take an IPv4-compatible address for the IPv4 address in it", async () => {
    const whitelist = await Whitelist.create(["10.1.2.3", "192.0.2.0/24"]);
    expect(whitelist.allows("::10.1.2.3")).toBe(false);
    expect(whitelist.allows("::192.0.2.1")).toBe(false);
  });

  test("keeps all of IPv4 apart from all of IPv6", async () => {
    const ipv4 = await Whitelist.create(["0.0.0.0/0"]);
    expect(ipv4.allows("::ffff:8.8.8.8")).toBe(true);
    expect(ipv4.allows("::1")).toBe(false);
    const ipv6 = await Whitelist.create(["::/0"]);
    expect(ipv6.allows("::1")).toBe(true);
    expect(ipv6.allows("::ffff:8.8.8.8")).toBe(false);
  });

  test("does not look at zone ids", async () => {
    const whitelist = await Whitelist.create(["fe80::/10", "fec0::1%eth0"]);
    expect(whitelist.allows("fe80::abcd%br-lan.5")).toBe(true);
    expect(whitelist.allows("fec0::1%eth1")).toBe(true);
  });

  test("answers no to garbage and never throws", async () => {
    const whitelist = await Whitelist.create(["0.0.0.0/0", "::/0", "localhost"]);
    for (const garbage of [
      "",
      "localhost",
      "1",
      "0x7f.1",
      "127.1",
      "010.0.0.1",
      "::1::",
      "10.0.0.1/8",
    ]) {
      expect(whitelist.allows(garbage)).toBe(false);
    }
    fc.assert(fc.property(fc.string(), (text) => typeof whitelist.allows(text) === "boolean"));
  });

  test("agrees with arithmetic about which IPv4 addresses a range holds", async () => {
    const uint32 = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
    const bits = fc.integer({ min: 0, max: 31 });
    const dotted = (address: number) =>
      [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
    await fc.assert(
      fc.asyncProperty(uint32, uint32, bits, bits, async (base, flips, shared, prefixBits) => {
        const address = (base ^ (flips >>> shared)) >>> 0;
        const size = 2 ** (32 - prefixBits);
        const whitelist = await Whitelist.create([`${dotted(base)}/${prefixBits}`]);
        expect(whitelist.allows(dotted(address))).toBe(
          Math.floor(address / size) === Math.floor(base / size),
        );
      }),
    );
  });
});

describe("a whitelist of host names", () => {
  test("lets in all addresses of a name, whatever their form", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1", "2001:DB8::1", "::ffff:192.0.2.2"]);
    const whitelist = await Whitelist.create(["Panel.Example."], options);
    for (const address of ["192.0.2.1", "2001:db8::1", "192.0.2.2"]) {
      expect(whitelist.allows(address)).toBe(true);
    }
    expect(whitelist.unresolved).toEqual([]);
    whitelist.close();
  });

  test("asks for a name once, however often it is listed", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example", "PANEL.example"], options);
    expect(dns.asked).toEqual(["panel.example"]);
    whitelist.close();
  });

  test("follows a name to its new address and leaves the old one", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example", "10.0.0.1"], options);
    dns.answers.set("panel.example", ["192.0.2.2"]);
    await whitelist.refresh();
    expect(whitelist.allows("192.0.2.2")).toBe(true);
    expect(whitelist.allows("192.0.2.1")).toBe(false);
    expect(whitelist.allows("10.0.0.1")).toBe(true);
    whitelist.close();
  });

  test("reports a name that does not resolve, and serves the rest", async () => {
    const { reports, options } = setUp();
    const whitelist = await Whitelist.create(["panel.example", "10.0.0.1"], options);
    expect(reports.hosts).toEqual(["panel.example"]);
    const [error] = reports.errors;
    expect(error?.code).toBe("host_not_found");
    expect(error?.message).toBe(
      'whitelist: "panel.example" does not resolve (ENOTFOUND); nobody is let in by it until it ' +
        "does, and it is tried again every 300 s",
    );
    expect(error?.cause).toMatchObject({ code: "ENOTFOUND" });
    expect(whitelist.unresolved).toEqual(["panel.example"]);
    expect(whitelist.allows("10.0.0.1")).toBe(true);
    whitelist.close();
  });

  test("keeps the last addresses of a name while DNS is out, and says so", async () => {
    const { dns, reports, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example"], options);
    dns.answers.clear();
    await whitelist.refresh();
    expect(whitelist.allows("192.0.2.1")).toBe(true);
    expect(whitelist.unresolved).toEqual(["panel.example"]);
    expect(reports.errors[0]?.message).toBe(
      'whitelist: "panel.example" no longer resolves (ENOTFOUND); the addresses it had stay ' +
        "allowed, and it is tried again every 300 s",
    );
    whitelist.close();
  });

  test("reports a change of state once, not every failure", async () => {
    const { dns, reports, options } = setUp();
    const whitelist = await Whitelist.create(["panel.example"], options);
    await whitelist.refresh();
    await whitelist.refresh();
    expect(reports.hosts).toHaveLength(1);
    dns.answers.set("panel.example", ["192.0.2.1"]);
    await whitelist.refresh();
    expect(whitelist.unresolved).toEqual([]);
    expect(reports.hosts).toHaveLength(1);
    dns.answers.clear();
    await whitelist.refresh();
    expect(reports.hosts).toHaveLength(2);
    whitelist.close();
  });

  test("takes an answer without one address for a failure", async () => {
    const { dns, reports, options } = setUp();
    dns.answers.set("empty.example", []);
    dns.answers.set("odd.example", ["127.1", "elsewhere.example"]);
    const whitelist = await Whitelist.create(["empty.example", "odd.example"], options);
    expect(reports.hosts).toEqual(["empty.example", "odd.example"]);
    expect(reports.errors[0]?.message).toContain("(no address)");
    whitelist.close();
  });

  test("takes 64 addresses of a name at most", async () => {
    const { dns, options } = setUp();
    const answer = Array.from({ length: 65 }, (_, index) => `192.0.2.${index}`);
    dns.answers.set("many.example", answer);
    const whitelist = await Whitelist.create(["many.example"], options);
    expect(answer.filter((address) => whitelist.allows(address))).toHaveLength(64);
    whitelist.close();
  });

  test("shares one resolution between overlapping refreshes", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example"], options);
    await Promise.all([whitelist.refresh(), whitelist.refresh()]);
    expect(dns.asked).toHaveLength(2);
    whitelist.close();
  });

  test("asks the system by default", async () => {
    const reports = new Reports();
    const whitelist = await Whitelist.create(["name.invalid"], reports);
    expect(reports.hosts).toEqual(["name.invalid"]);
    expect(reports.errors[0]?.code).toBe("host_not_found");
    whitelist.close();
  });
});

describe("the timer of a whitelist", () => {
  beforeEach(() => {
    jest.useFakeTimers();
    jest.clearAllTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test("resolves the names again every five minutes", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example"], options);
    dns.answers.set("panel.example", ["192.0.2.2"]);
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(299_999);
    expect(dns.asked).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(dns.asked).toHaveLength(2);
    // For the answer; where it has come already, this asks once more.
    await whitelist.refresh();
    expect(whitelist.allows("192.0.2.2")).toBe(true);
    whitelist.close();
  });

  test("resolves nothing once it is closed, and keeps what it allowed", async () => {
    const { dns, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example"], { ...options, refreshMs: 1000 });
    whitelist.close();
    jest.advanceTimersByTime(10_000);
    await whitelist.refresh();
    expect(dns.asked).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
    expect(whitelist.allows("192.0.2.1")).toBe(true);
  });

  test("reports nothing about a resolution that ends after it was closed", async () => {
    const { dns, reports, options } = setUp();
    dns.answers.set("panel.example", ["192.0.2.1"]);
    const whitelist = await Whitelist.create(["panel.example"], options);
    dns.answers.clear();
    const refreshed = whitelist.refresh();
    whitelist.close();
    await refreshed;
    expect(reports.hosts).toEqual([]);
  });

  test("is not started where there is no name to resolve", async () => {
    await Whitelist.create(["10.0.0.0/8", "localhost"]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test("gives up on a resolver that never answers", async () => {
    const reports = new Reports();
    const created = Whitelist.create(["slow.example"], {
      onUnresolved: reports.onUnresolved,
      resolve: () => new Promise(() => {}),
    });
    jest.advanceTimersByTime(10_000);
    const whitelist = await created;
    expect(reports.errors[0]?.message).toContain("(no answer in 10 s)");
    whitelist.close();
  });
});

test("a whitelist with names does not keep a process alive", async () => {
  const program = `
    const { Whitelist } = await import("./src/whitelist.ts");
    await Whitelist.create(["panel.example"], { resolve: async () => ["192.0.2.1"] });
  `;
  const child = Bun.spawn([process.execPath, "-e", program], {
    cwd: `${import.meta.dir}/../..`,
    stderr: "inherit",
    timeout: 4000,
  });
  expect(await child.exited).toBe(0);
});

describe("Whitelist.create", () => {
  test("rejects an entry that is no entry, and names it", async () => {
    expect(await rejection(Whitelist.create(["localhost", "300.1.2.3"]))).toMatchObject({
      code: "invalid_option",
      message: expect.stringContaining('"300.1.2.3"'),
    });
  });

  test("rejects more entries than it may have", async () => {
    const entries = Array.from(
      { length: 1025 },
      (_, index) => `10.0.${index >> 8}.${index & 0xff}`,
    );
    await Whitelist.create(entries.slice(1));
    expect(await rejection(Whitelist.create(entries))).toMatchObject({
      code: "invalid_option",
      message: "whitelist: 1025 entries are more than 1024; join addresses into ranges",
    });
  });

  test.each([0, 999, 1000.5, Number.NaN, 2 ** 31])("rejects %p as refreshMs", async (refreshMs) => {
    expect(await rejection(Whitelist.create([], { refreshMs }))).toMatchObject({
      code: "invalid_option",
      message: `whitelist: refreshMs must be a whole number from 1000 to 2147483647, not ${refreshMs}`,
    });
  });
});
