/** Finding and importing the modules of plugins, fresh at each load. */

import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import * as v from "valibot";
import * as ccp from "../src/index.ts";
import { OWN_FOLDERS } from "./error-place.ts";
import { errorText } from "./error-text.ts";
import * as api from "./index.ts";
import { importedFiles } from "./module-graph.ts";
import type { Plugin } from "./plugin.ts";

const PACKAGE_NAME = /^(?:@[^/]+\/)?[^./][^/]*/;

const moduleCache = createRequire(import.meta.url).cache;

/** By each file that was imported: what a failed import left behind, which the cache does not list. */
const leftBehind = new Map<string, readonly string[]>();

const PluginModule = v.object({
  default: v.object({
    name: v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
    setup: v.function(),
  }),
});

/**
 * Lets a plugin in any folder import "ccp-mesh" and "ccp-mesh/ccp", also where no package of that
 * name is installed. It gets this very instance, so that `instanceof` holds.
 */
export function providePluginApi(): void {
  Bun.plugin({
    name: "ccp-mesh",
    setup(build) {
      build.module("ccp-mesh", () => ({ exports: { ...api }, loader: "object" }));
      build.module("ccp-mesh/ccp", () => ({ exports: { ...ccp }, loader: "object" }));
    },
  });
}

/** Where a plugin is looked for: beside the config that names it, then in the working folder. */
export function pluginFolders(configPath: string): readonly string[] {
  return [...new Set([dirname(resolve(configPath)), process.cwd()])];
}

/**
 * The file that `specifier` means: a path, or the name of a package, seen from the first of
 * `folders` that has it.
 *
 * @throws {Error} that names the folders
 */
export function resolvePluginModule(specifier: string, folders: readonly string[]): string {
  for (const folder of folders) {
    for (const candidate of candidates(specifier, folder)) {
      try {
        return realpathSync(Bun.resolveSync(candidate, folder));
      } catch {
        // Not there; the next folder may have it.
      }
    }
  }
  throw new Error(
    `there is no module "${specifier}", neither as a file nor as a package, in ${folders.join(" or ")}`,
  );
}

function candidates(specifier: string, folder: string): string[] {
  if (isAbsolute(specifier)) {
    return [specifier];
  }
  const file = `./${specifier}`;
  return isInstalled(specifier, folder) ? [file, specifier] : [file];
}

/** Bun would ask the registry for a package that is not, and run what it gets for a mistyped path. */
function isInstalled(specifier: string, folder: string): boolean {
  const [name] = PACKAGE_NAME.exec(specifier) ?? [];
  return (
    name !== undefined &&
    withParents(folder).some((above) => existsSync(join(above, "node_modules", name)))
  );
}

function withParents(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...withParents(parent)];
}

/**
 * Imports a plugin's module. If it was imported before, it is read again, and so is what it imports
 * from its folder; at the first time it shares what other plugins have imported from there.
 *
 * @throws {Error} that says what is wrong with the module
 */
export async function importPlugin(file: string): Promise<Plugin> {
  const left = leftBehind.get(file);
  if (left !== undefined) forgetModules(dirname(file), left);
  leftBehind.set(file, []);
  let module: unknown;
  try {
    module = await import(file);
  } catch (cause) {
    leftBehind.set(file, await runWhatWasRead(file));
    throw new Error(`${file} cannot be imported: ${importErrorText(cause)}`, { cause });
  }
  if (!isPluginModule(module)) {
    throw new Error(
      `${file} is not a plugin: its default export must be definePlugin({ name, setup }), ` +
        "with a name of letters, digits, dots, dashes and underscores, at most 64",
    );
  }
  return module.default;
}

/**
 * After a failed import, a module that was read and not run cannot be forgotten: an import that
 * its neighbour does not export leaves it so. Answers all that the file imports from its folder.
 */
async function runWhatWasRead(file: string): Promise<readonly string[]> {
  const folder = dirname(file);
  const files = importedFiles(file, (imported) => isForgettable(imported, folder));
  for (const imported of files) {
    if (imported === file || imported in moduleCache) continue;
    await import(imported).catch(() => {});
  }
  return files;
}

function isPluginModule(module: unknown): module is { readonly default: Plugin } {
  return v.is(PluginModule, module);
}

/** Errors of syntax tell their place apart from their message, and come in a bundle if there are several. */
function importErrorText(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return importErrorText(error.errors[0]);
  }
  const text = errorText(error);
  const place = v.safeParse(v.object({ position: v.object({ line: v.number() }) }), error);
  return place.success ? `line ${place.output.position.line}: ${text}` : text;
}

function forgetModules(folder: string, left: readonly string[]): void {
  for (const path of [...Object.keys(moduleCache), ...left]) {
    if (isForgettable(path, folder)) delete moduleCache[path];
  }
}

/** Packages and the node itself stay: they do not change, and must not exist twice. */
function isForgettable(path: string, folder: string): boolean {
  const inside = path.startsWith(folder + sep) && !path.includes(`${sep}node_modules${sep}`);
  return inside && !OWN_FOLDERS.some((own) => path.startsWith(own + sep));
}
