import { influxKey, influxString } from "./influx-text.ts";
import { INFLUX_DEPTH_MAX, INFLUX_FIELDS_MAX } from "./limits.ts";

/** They mean something else beside the fields, or to InfluxDB itself. */
const TAKEN: ReadonlySet<string> = new Set(["id", "node", "topic", "time"]);

/** `a.b=1` for each scalar of a payload; lists as JSON, nothing for null. */
export function influxFields(payload: Readonly<Record<string, unknown>>): readonly string[] {
  const fields = new Map<string, string>();
  addFields(fields, "", payload, 1);
  return [...fields].map(([key, value]) => `${key}=${value}`);
}

function addFields(
  fields: Map<string, string>,
  prefix: string,
  values: Readonly<Record<string, unknown>>,
  depth: number,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (fields.size >= INFLUX_FIELDS_MAX) return;
    const path = `${prefix}${name}`;
    if (isObject(value) && depth < INFLUX_DEPTH_MAX) {
      addFields(fields, `${path}.`, value, depth + 1);
      continue;
    }
    const key = fieldKey(path);
    const text = fieldValue(value);
    if (key === "" || text === undefined) continue;
    // Two names may become one: the field is that of the name which is written as it is.
    if (key === path || !fields.has(key)) fields.set(key, text);
  }
}

function fieldKey(path: string): string {
  const key = influxKey(path);
  return TAKEN.has(key) || key.startsWith("_") ? `payload.${key}` : key;
}

/** Numbers are never written as integers: a field has one type for ever, and the next may have a fraction. */
function fieldValue(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return influxString(value);
    case "boolean":
      return String(value);
    case "number":
      return Number.isFinite(value) ? String(value) : undefined;
    default:
      return value === null || value === undefined
        ? undefined
        : influxString(JSON.stringify(value));
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
