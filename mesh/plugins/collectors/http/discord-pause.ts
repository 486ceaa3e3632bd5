import * as v from "valibot";

const Limited = v.object({ retry_after: v.pipe(v.number(), v.finite(), v.minValue(0)) });

/** How long Discord wants to be left alone: after too many requests, and after the last one that it allows. */
export function discordPauseMs(headers: Headers, body: string): number | undefined {
  const limited = v.safeParse(Limited, parsed(body));
  if (limited.success) return Math.ceil(limited.output.retry_after * 1000);
  if (headers.get("x-ratelimit-remaining")?.trim() !== "0") return undefined;
  const seconds = Number(headers.get("x-ratelimit-reset-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.ceil(seconds * 1000) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
