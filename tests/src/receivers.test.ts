import { describe, expect, test } from "bun:test";
import { CcpError } from "../../src/errors.ts";
import {
  NAME_BYTES_MAX,
  type RawChannel,
  RawReceiver,
  ReceiverRegistry,
} from "../../src/receivers.ts";

class Receiver extends RawReceiver {}

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CcpError) return `${error.code}: ${error.message}`;
  }
  return "accepted";
}

describe("a name", () => {
  test("belongs to one receiver of each mode", () => {
    const registry = new ReceiverRegistry();
    registry.addRequest("chat", () => "", "the chat plugin");
    registry.addRaw("chat", Receiver, "the chat plugin");
    expect(registry.list()).toEqual([
      { name: "chat", mode: "request", owner: "the chat plugin" },
      { name: "chat", mode: "raw", owner: "the chat plugin" },
    ]);
  });

  test("that is taken is refused with an error that names who has it", () => {
    const registry = new ReceiverRegistry();
    registry.addRequest("chat", () => "", "first");
    registry.addRaw("chat", Receiver, "first");
    const text = (mode: string): string =>
      `name_taken: ${mode} communications for "chat" are already received by first; ` +
      "second must choose another name, or first must be unloaded first";
    expect(refusal(() => registry.addRequest("chat", () => "", "second"))).toBe(text("request"));
    expect(refusal(() => registry.addRaw("chat", Receiver, "second"))).toBe(text("raw"));
    expect(registry.request("chat")?.owner).toBe("first");
  });

  test("may be empty or of any script, and is told apart by every letter", () => {
    const registry = new ReceiverRegistry();
    for (const name of ["", "Chat", "chat", "чат", "__proto__"]) {
      registry.addRequest(name, () => "", "test");
      expect(registry.request(name)?.name).toBe(name);
    }
    expect(registry.request("CHAT")).toBeUndefined();
  });

  test("has at most 255 bytes", () => {
    const registry = new ReceiverRegistry();
    expect(refusal(() => registry.addRaw("x".repeat(NAME_BYTES_MAX), Receiver, "test"))).toBe(
      "accepted",
    );
    expect(refusal(() => registry.addRaw("é".repeat(128), Receiver, "test"))).toBe(
      `invalid_option: the plugin name "${"é".repeat(40)}…" is longer than 255 bytes`,
    );
  });
});

describe("a registration that is removed", () => {
  test("leaves the name free, and takes no later one with it", () => {
    const registry = new ReceiverRegistry();
    const first = registry.addRequest("chat", () => "1", "first");
    first.remove();
    expect(registry.request("chat")).toBeUndefined();
    registry.addRequest("chat", () => "2", "second");
    first.remove();
    expect(registry.request("chat")?.owner).toBe("second");
  });

  test("tells each user once", () => {
    const registry = new ReceiverRegistry();
    const registration = registry.addRaw("chat", Receiver, "test");
    let told = 0;
    const onRemoved = (): void => {
      told += 1;
    };
    registry.raw("chat")?.users.add({ onRemoved });
    registration.remove();
    registration.remove();
    expect(told).toBe(1);
  });
});

test("a raw receiver passes on what it is told to do, and by itself does nothing", async () => {
  const calls: string[] = [];
  const channel: RawChannel = {
    address: { host: "192.0.2.1", port: 1 },
    sendData: (data) => {
      calls.push(`send ${data.toString()}`);
      return false;
    },
    drained: async () => {
      calls.push("drained");
    },
    stop: () => calls.push("stop"),
  };
  const receiver = new RawReceiver(channel);
  expect(receiver.address).toEqual({ host: "192.0.2.1", port: 1 });
  expect(receiver.sendData("x")).toBe(false);
  await receiver.drained();
  receiver.stop();
  await receiver.onDataReceived(Buffer.from("y"));
  receiver.onConnectionAbort();
  receiver.onClosed("ended");
  expect(calls).toEqual(["send x", "drained", "stop"]);
});
