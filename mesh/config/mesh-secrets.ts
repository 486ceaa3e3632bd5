/**
 * The secrets of the cluster, wherever they are written. No text here shows one, nor the name of the
 * file they are in: whoever mixes up the keys has written the secret there.
 */

import { checkSecrets } from "../link/secret.ts";
import { readBoundedText, type TextFault } from "./read-file.ts";

/** Where the secret is looked for that the config does not have. */
export const SECRET_VARIABLE = "CCP_MESH_SECRET";

/** Four secrets of the greatest length, with comments; more is a file that was meant for something else. */
const FILE_BYTES_MAX = 64 * 1024;

export interface WrittenSecrets {
  /** `[mesh] secret`. */
  readonly secret: string | readonly string[] | undefined;
  /** `[mesh] secret_file`, relative to the working folder. */
  readonly file: string | undefined;
  /** Stands in where neither is written. */
  readonly environment: string | undefined;
}

/** The secrets, or what is wrong with them, to follow the name of the place. */
export type Secrets =
  | { readonly secrets: readonly string[] }
  | { readonly place: SecretPlace; readonly problem: string };

export type SecretPlace = "secret" | "secret_file" | "environment" | "none";

/** Which of them are there, and whether they may serve as secrets. */
export async function gatherSecrets({
  secret,
  file,
  environment,
}: WrittenSecrets): Promise<Secrets> {
  const written = typeof secret === "string" ? [secret] : (secret ?? []);
  const isWritten = written.some((text) => text !== "");
  if (isWritten && file) {
    return { place: "secret_file", problem: "cannot stand beside secret; keep one of the two" };
  }
  if (isWritten) return judged("secret", written);
  if (file) return readSecrets(file);
  if (isEnvironmentSet(environment)) return judged("environment", linesOf(environment));
  return { place: "none", problem: NOWHERE };
}

/** Blank is as good as unset: a container often passes on a variable that nobody has set. */
export function isEnvironmentSet(environment: string | undefined): environment is string {
  return environment !== undefined && environment.trim() !== "";
}

async function readSecrets(path: string): Promise<Secrets> {
  const place = "secret_file";
  const file = await readBoundedText(path, FILE_BYTES_MAX);
  if ("fault" in file) return { place, problem: FILE_PROBLEMS[file.fault] };
  const secrets = linesOf(file.text);
  if (secrets.length === 0) {
    return {
      place,
      problem: "names a file without a secret; write one with: openssl rand -hex 32",
    };
  }
  const result = judged(place, secrets);
  // The path itself may have as many characters as it likes.
  if (!("problem" in result) || secrets.length > 1) return result;
  return { place, problem: `names a file whose secret ${result.problem}` };
}

const NOWHERE =
  `is missing, and so are secret_file and ${SECRET_VARIABLE}; every node of a cluster needs the same secret; ` +
  "make one with: openssl rand -hex 32";

const FILE_PROBLEMS: Readonly<Record<TextFault, string>> = {
  missing: "names a file that is not there; its path is seen from the working folder",
  folder: "names a folder; it must be a file with one secret a line",
  forbidden: "names a file that the user that runs the node may not read; change its permissions",
  too_large: "names a file larger than 64 KiB; it must have one secret a line, and nothing else",
  not_text: "names a file that is not UTF-8 text; save it as UTF-8",
  unreadable: "names a file that the system fails to read",
};

/** One secret a line; blank lines and comments do not count. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  return lines.filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

function judged(place: SecretPlace, secrets: readonly string[]): Secrets {
  const problem = checkSecrets(secrets);
  return problem === undefined ? { secrets } : { place, problem };
}
