import { ANSWER_BYTES_MAX, ANSWER_MS_MAX } from "./limits.ts";

/** What the receiver says besides the status, as far as it is short and comes soon. Never rejects. */
export async function readAnswer(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return "";
  const stop = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(stop, ANSWER_MS_MAX);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value, { stream: true });
      bytes += value.length;
      if (bytes >= ANSWER_BYTES_MAX) return text;
    }
  } catch {
    // The status has come, and is all that counts.
    return text;
  } finally {
    clearTimeout(timer);
    stop();
  }
}
