/** A process that opens the outbox of a folder, says so, and keeps it until it is killed. */

import { Outbox } from "../../../mesh/outbox/outbox.ts";
import { OutboxError } from "../../../mesh/outbox/outbox-error.ts";

const [folder = ""] = process.argv.slice(2);
try {
  const outbox = Outbox.open({ folder, limits: { reserveBytes: 0 } });
  await outbox.queue("q", { bytesMax: 1000, whenFull: "refuse" }).append(new Uint8Array([1]));
  process.stdout.write("open\n");
} catch (error) {
  process.stdout.write(`${error instanceof OutboxError ? error.code : String(error)}\n`);
  process.exit(1);
}
