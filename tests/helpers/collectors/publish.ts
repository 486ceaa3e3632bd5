import type { NodeProcess } from "../node-process.ts";

/** Publishes over HTTP, as a script does; answers the status, which is 200 once every collector has it on the disk. */
export async function publish(node: NodeProcess, topic: string, payload: unknown): Promise<number> {
  const response = await fetch(`${node.adminUrl}/api/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ topic, payload }),
  });
  return response.status;
}
