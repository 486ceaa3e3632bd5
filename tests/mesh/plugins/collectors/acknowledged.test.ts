import { expect, test } from "bun:test";
import { isAcknowledged } from "../../../../mesh/plugins/collectors/acknowledged.ts";
import { TempFolder } from "../../../helpers/temp-folder.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

/** Of a connection from port 35426 to port 35397. */
function row(state: string, remote = "0100007F:8A45"): string {
  return `   0: 0100007F:8A62 ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 1`;
}

test.each([
  ["acknowledged", [row("05")], true],
  ["still on its way", [row("04")], false],
  ["open", [row("01")], false],
  ["gone", [row("05", "0100007F:8A46")], false],
  ["hidden by one to another host", [row("05"), row("01", "0200007F:8A45")], false],
])("a connection that is %s", async (_what, rows, expected) => {
  await using folder = await TempFolder.create({ tcp: [HEAD, ...rows, ""].join("\n") });
  const ports = { localPort: 35_426, remotePort: 35_397 };
  for (const tables of [
    ["tcp", "tcp6"],
    ["tcp6", "tcp"],
  ]) {
    const paths = tables.map((table) => folder.at(table));
    expect(await isAcknowledged(ports, paths)).toBe(expected);
  }
  expect(await isAcknowledged(ports, [folder.at("tcp6")])).toBe(false);
});
