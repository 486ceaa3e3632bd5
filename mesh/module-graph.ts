/** Which files a module imports, found without running any of them. */

import { readFileSync } from "node:fs";
import { dirname } from "node:path";

/** Beyond it a plugin is no plugin any more, but a project. */
const FILES_MAX = 1000;

const SOURCE = /\.[cm]?[jt]sx?$/;
const transpiler = new Bun.Transpiler({ loader: "tsx" });
const tsTranspiler = new Bun.Transpiler({ loader: "ts" });

/** `entry` and what it imports by path, directly or not, as far as `isWanted` says; imports first. */
export function importedFiles(entry: string, isWanted: (file: string) => boolean): string[] {
  const seen = new Set<string>([entry]);
  const ordered: string[] = [];
  const visit = (file: string): void => {
    for (const imported of importsOf(file)) {
      if (seen.size >= FILES_MAX || seen.has(imported) || !isWanted(imported)) continue;
      seen.add(imported);
      visit(imported);
    }
    ordered.push(file);
  };
  visit(entry);
  return ordered;
}

function importsOf(file: string): string[] {
  if (!SOURCE.test(file)) return [];
  return scan(file)
    .filter(({ kind, path }) => kind === "import-statement" && /^\.{0,2}\//.test(path))
    .flatMap(({ path }) => {
      try {
        return [Bun.resolveSync(path, dirname(file))];
      } catch {
        // Not there.
        return [];
      }
    });
}

function scan(file: string): { readonly kind: string; readonly path: string }[] {
  try {
    const text = readFileSync(file);
    return (file.endsWith("x") ? transpiler : tsTranspiler).scanImports(text);
  } catch {
    // Not there, or not to be parsed: it imported nothing.
    return [];
  }
}
