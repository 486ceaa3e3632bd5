import { expect, test } from "bun:test";
import { StoreId } from "../../../mesh/durable/store.ts";
import { Outbox } from "../../../mesh/outbox/outbox.ts";
import { rejection } from "../../helpers/turns.ts";
import { TempFolder } from "../../helpers/temp-folder.ts";

test("the id of an outbox is made once, also for who asks at once, and lasts", async () => {
  await using folder = await TempFolder.create();
  await using outbox = Outbox.open({ folder: folder.path });
  const id = new StoreId(outbox);
  const [one, other] = await Promise.all([id.get(), id.get()]);
  expect([other, await new StoreId(outbox).get()]).toEqual([one, one]);
});

test("an id that could not be kept is made again later", async () => {
  await using folder = await TempFolder.create();
  // No room for any record.
  await using full = Outbox.open({ folder: folder.path, limits: { recordsMax: 1 } });
  await full.records.set("in the way", "");
  const id = new StoreId(full);
  expect(await rejection(id.get())).toMatchObject({ code: "too_many" });
  await full.records.delete("in the way");
  expect(await id.get()).toMatch(/^[\da-f-]{36}$/);
});
