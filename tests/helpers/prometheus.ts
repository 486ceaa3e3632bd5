/** A strict reader of the text format of Prometheus, version 0.0.4. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const HELP = /^# HELP ([a-zA-Z_:][\w:]*) ([^\\\n]|\\\\|\\n)*$/;
const TYPE = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/;
const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\\\|\\"|\\n)*)"(?:,(?=.)|$)/y;

/** Throws at the first line that Prometheus might refuse. */
export function parseMetrics(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const samples: Sample[] = [];
  const series = new Set<string>();
  const types = new Map<string, string>();
  let current: string | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const help = HELP.exec(line)?.[1];
    const [, typed, type] = TYPE.exec(line) ?? [];
    if (help !== undefined) {
      if (types.has(help)) throw new Error(`${help} stands twice`);
      current = help;
    } else if (typed !== undefined && type !== undefined) {
      if (typed !== current) throw new Error(`the type of ${typed} does not follow its help`);
      if (type === "counter" && !typed.endsWith("_total")) throw new Error(`${typed} is no _total`);
      types.set(typed, type);
    } else {
      const sample = parseSample(line);
      if (sample.name !== current || !types.has(current)) throw new Error(`out of place: ${line}`);
      const key = `${sample.name} ${JSON.stringify(sample.labels)}`;
      if (series.has(key)) throw new Error(`twice the same series: ${line}`);
      series.add(key);
      samples.push(sample);
    }
  }
  return samples;
}

function parseSample(line: string): Sample {
  const [, name, labels = "", number] = SAMPLE.exec(line) ?? [];
  const value = Number(number);
  if (name === undefined || number === undefined || Number.isNaN(value)) {
    throw new Error(`not a sample: ${line}`);
  }
  return { name, labels: parseLabels(labels), value };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    const [whole, name, value] = LABEL.exec(text) ?? [];
    if (whole === undefined || name === undefined || value === undefined) {
      throw new Error(`not labels: ${text}`);
    }
    if (name in labels) throw new Error(`${name} stands twice: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
    at = LABEL.lastIndex;
  }
  return labels;
}
