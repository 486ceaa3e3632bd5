import { describe, expect, test } from "bun:test";
import { connectionsAllowed } from "../../mesh/open-files.ts";
import { TempFolder } from "../helpers/temp-folder.ts";

async function allowedBy(limits: string): Promise<number> {
  await using folder = await TempFolder.create({ limits });
  return connectionsAllowed(folder.at("limits"));
}

const LIMITS = `\
Limit                     Soft Limit           Hard Limit           Units
Max cpu time              unlimited            unlimited            seconds
Max open files            1024                 1048576              files
Max locked memory         8388608              8388608              bytes
`;

describe("how many connections the system allows", () => {
  test("the soft limit of open files, less what else needs them", async () => {
    expect(await allowedBy(LIMITS)).toBe(1024 - 128);
  });

  test("at least one, however low the limit", async () => {
    expect(await allowedBy(LIMITS.replace("1024", "64"))).toBe(1);
  });

  test("any number where there is no limit", async () => {
    expect(await allowedBy(LIMITS.replace("1024", "unlimited"))).toBe(Number.POSITIVE_INFINITY);
  });

  test("any number where the system does not say", async () => {
    expect(await allowedBy("")).toBe(Number.POSITIVE_INFINITY);
    expect(connectionsAllowed("/nowhere/limits")).toBe(Number.POSITIVE_INFINITY);
  });
});
