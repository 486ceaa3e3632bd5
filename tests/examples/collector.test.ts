import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CCP_SINK } from "../../mesh/plugins/collectors/ccp/ccp-sink.ts";
import { RequestClient } from "../../src/index.ts";
import { batchOf, deliver, eventOf, send, sinkOf } from "../helpers/collectors/sinks.ts";
import { freePort } from "../helpers/games/free-port.ts";
import { Program, ROOT } from "../helpers/node-process.ts";
import { rejection, until } from "../helpers/turns.ts";

setDefaultTimeout(20_000);

const PYTHON = Bun.which("python3");
const EXAMPLE = join(ROOT, "examples/collector.py");

async function started(port = 0): Promise<{ readonly program: Program; readonly port: number }> {
  const program = Program.start([EXAMPLE, String(port)], { interpreter: PYTHON ?? "python3" });
  await until(() => program.stderr.includes("\n"));
  return { program, port: Number(/(\d+)\n/.exec(program.stderr)?.[1]) };
}

describe.skipIf(PYTHON === null)("examples/collector.py", () => {
  test("prints each event once, in order, though some come twice", async () => {
    const { program, port } = await started();
    await using _ = program;
    const sink = sinkOf(CCP_SINK, `ccp://127.0.0.1:${port}/events`);
    const odd = eventOf(9, { payload: { text: "é\n" } });
    for (const batch of [batchOf(1, 2), batchOf(2, 3), { key: "odd", events: [odd] }]) {
      expect(await send(sink, batch)).toEqual({ kind: "delivered" });
    }
    await sink.close();
    program.kill("SIGINT");
    const { exitCode, stdout, stderr } = await program.finished();
    const printed = stdout
      .split("\n")
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line));
    expect(printed).toEqual(
      [1, 2, 3].map((seq): unknown => eventOf(seq).envelope).concat(odd.envelope),
    );
    expect([exitCode, stderr]).toEqual([130, `Waiting for batches at port ${port}\n`]);
  });

  test("killed and started again in the middle: all arrive", async () => {
    const { program: first, port } = await started(freePort());
    const sink = sinkOf(CCP_SINK, `ccp://127.0.0.1:${port}/events`);
    for (const seq of [1, 2]) await deliver(sink, batchOf(seq));
    first.kill("SIGKILL");
    await first.finished();
    expect(await send(sink, batchOf(3))).toMatchObject({ kind: "retry" });
    const { program: second } = await started(port);
    await using _ = second;
    for (const seq of [3, 4]) await deliver(sink, batchOf(seq));
    await sink.close();
    const lines = (text: string): number => text.split("\n").length - 1;
    expect([lines(first.stdout), lines(second.stdout)]).toEqual([2, 2]);
  });

  test("has nobody home for another name, and says what it could not take", async () => {
    const { program, port } = await started();
    await using _ = program;
    const other = { host: "127.0.0.1", port, plugin: "other" };
    expect(await rejection(RequestClient.connect(other))).toMatchObject({ code: "nobody_home" });
    const client = await RequestClient.connect({ ...other, plugin: "events" });
    expect(await rejection(client.request("no JSON"))).toMatchObject({
      code: "communication_error",
    });
    await client.close();
    expect(program.stderr).toContain("A batch could not be taken: JSONDecodeError");
  });
});

test("docs/collectors/ccp.md has the whole of it", async () => {
  const page = await readFile(join(ROOT, "docs/collectors/ccp.md"), "utf8");
  expect(page).toContain(`\`\`\`python\n${await readFile(EXAMPLE, "utf8")}\`\`\`\n`);
});
