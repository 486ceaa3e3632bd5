import { type Envelope, newEnvelope } from "../../../mesh/index.ts";

/** An event that says so much. */
export function chatEvent(text: string, more: Partial<Envelope> = {}): Envelope {
  const payload = { game: "cs", player: { name: "Alice" }, audience: "all", text };
  const topic = "game.chat";
  return { ...newEnvelope({ topic, node: "surf", type: topic, payload }), ...more };
}

export function chatEvents(count: number): Envelope[] {
  return Array.from({ length: count }, (_, index) => chatEvent(`line ${index + 1}`));
}
