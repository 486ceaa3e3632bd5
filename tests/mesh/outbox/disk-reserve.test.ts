import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { DiskReserve } from "../../../mesh/outbox/disk-reserve.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

test("the room is taken once, given up, and taken again", async () => {
  await using folder = await TempFolder.create();
  const path = folder.at("reserve");
  const reserve = new DiskReserve(path, 1_500_000);
  expect(reserve.take()).toBeTrue();
  expect(sizeOf(path)).toBe(1_500_000);
  const { ino } = statSync(path);
  expect(reserve.take()).toBeTrue();
  expect(statSync(path).ino).toBe(ino);
  reserve.giveUp();
  expect(sizeOf(path)).toBeUndefined();
  reserve.giveUp();
  expect(reserve.take()).toBeTrue();
  expect(sizeOf(path)).toBe(1_500_000);
});

test("half a reserve is written anew", async () => {
  await using folder = await TempFolder.create({ reserve: "half" });
  expect(new DiskReserve(folder.at("reserve"), 4096).take()).toBeTrue();
  expect(sizeOf(folder.at("reserve"))).toBe(4096);
});

test("where there is no room it says so", async () => {
  await using folder = await TempFolder.create();
  expect(new DiskReserve(folder.at("missing/reserve"), 4096).take()).toBeFalse();
});

test("none is kept where none is wanted", async () => {
  await using folder = await TempFolder.create();
  expect(new DiskReserve(folder.at("reserve"), 0).take()).toBeTrue();
  expect(sizeOf(folder.at("reserve"))).toBeUndefined();
});
