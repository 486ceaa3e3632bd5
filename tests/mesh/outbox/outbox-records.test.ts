import { expect, test } from "bun:test";
import { TempFolder } from "../../helpers/temp-folder.ts";
import { failure, openOutbox } from "./opened-outbox.ts";

test("a record is kept, changed and deleted, across starts", async () => {
  await using folder = await TempFolder.create();
  {
    await using outbox = openOutbox(folder.path);
    await outbox.records.set("seen:b", "1");
    await Promise.all([outbox.records.set("seen:a", "7"), outbox.records.set("seen:b", "2")]);
  }
  await using outbox = openOutbox(folder.path);
  expect(outbox.records.keys()).toEqual(["seen:a", "seen:b"]);
  expect(outbox.records.get("seen:b")).toBe("2");
  await outbox.records.delete("seen:b");
  await outbox.records.delete("never");
  expect(outbox.records.get("seen:b")).toBeUndefined();
  expect(outbox.records.keys()).toEqual(["seen:a"]);
});

test("there are only so many, and those that are there can still be changed", async () => {
  await using folder = await TempFolder.create();
  await using outbox = openOutbox(folder.path, { limits: { recordsMax: 2 } });
  await outbox.records.set("a", "1");
  await outbox.records.set("b", "1");
  const error = await failure(outbox.records.set("c", "1"));
  expect(error.code).toBe("too_many");
  expect(error.message).toBe(
    "the outbox has 2 records, and may have 2: delete those of what is gone",
  );
  await outbox.records.set("a", "2");
  await outbox.records.delete("b");
  await outbox.records.set("c", "3");
  expect(outbox.records.keys()).toEqual(["a", "c"]);
});

test("keys and values have a length in bytes", async () => {
  await using folder = await TempFolder.create();
  const limits = { recordKeyBytesMax: 4, recordValueBytesMax: 6 };
  await using outbox = openOutbox(folder.path, { limits });
  await outbox.records.set("éé", "ééé");
  expect((await failure(outbox.records.set("éé.", "1"))).code).toBe("too_large");
  expect((await failure(outbox.records.set("a", "ééé."))).code).toBe("too_large");
  expect(outbox.records.keys()).toEqual(["éé"]);
});
