import { describe, expect, test } from "bun:test";
import { DEFAULT_MESH_LIMITS } from "../../../mesh/mesh-limits.ts";
import { accepted, message } from "./reading.ts";

const MS_MAX = 2 ** 31 - 1;
const KEYS = Object.keys(DEFAULT_MESH_LIMITS).map((name) => ({
  name,
  key: name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
}));

function greatest(name: string): number {
  if (name === "meshPayloadBytesMax") return 8 * 1024 * 1024;
  if (name === "meshSubscriptionsMax") return 10_000;
  return name.endsWith("Ms") ? MS_MAX : Number.MAX_SAFE_INTEGER;
}

describe("the limits of the mesh", () => {
  test.each(KEYS)("$key has its place, and its range", async ({ name, key }) => {
    const max = greatest(name);
    // Of two that must be in order, the other one has to allow it.
    const room = name === "meshPingIntervalMs" ? `mesh_silence_timeout_ms = ${MS_MAX}\n` : "";
    const value = room === "" ? max : max - 1;
    const { meshLimits } = await accepted(`[limits]\n${key} = ${value}\n${room}`);
    expect(meshLimits).toEqual({
      ...DEFAULT_MESH_LIMITS,
      ...(room !== "" && { meshSilenceTimeoutMs: MS_MAX }),
      [name]: value,
    });
    for (const wrong of [0, max + 1]) {
      expect(await message(`[limits]\n${key} = ${wrong}\n`)).toBe(
        `config/node.ini:2: [limits] ${key} must be a whole number from 1 to ${max}, not "${wrong}"`,
      );
    }
  });

  test("a ping has to come before the silence is too long, whichever of the two is written", async () => {
    expect(await message("[limits]\nmesh_ping_interval_ms = 8000\n")).toBe(
      "config/node.ini:2: [limits] mesh_ping_interval_ms must be less than " +
        "mesh_silence_timeout_ms, which is 8000, not 8000",
    );
    expect(await message("[limits]\nmesh_silence_timeout_ms = 2000\n")).toBe(
      "config/node.ini:2: [limits] mesh_silence_timeout_ms must be more than " +
        "mesh_ping_interval_ms, which is 2000, not 2000",
    );
    await accepted("[limits]\nmesh_ping_interval_ms = 100\nmesh_silence_timeout_ms = 101\n");
  });

  test("a payload has to fit into the queue, whichever of the two is written", async () => {
    expect(await message("[limits]\nmesh_queue_bytes_max = 8388607\n")).toBe(
      "config/node.ini:2: [limits] mesh_queue_bytes_max must be at least mesh_payload_bytes_max, " +
        "which is 8388608, not 8388607",
    );
    expect(
      await message("[limits]\nmesh_queue_bytes_max = 100\nmesh_payload_bytes_max = 101\n"),
    ).toBe(
      "config/node.ini:3: [limits] mesh_payload_bytes_max must be at most mesh_queue_bytes_max, " +
        "which is 100, not 101",
    );
    await accepted("[limits]\nmesh_queue_bytes_max = 100\nmesh_payload_bytes_max = 100\n");
  });

  test("one that is out of range is told once", async () => {
    expect(await message("[limits]\nmesh_silence_timeout_ms = -1\n")).toBe(
      "config/node.ini:2: [limits] mesh_silence_timeout_ms must be a whole number from 1 to " +
        '2147483647, not "-1"',
    );
  });
});
