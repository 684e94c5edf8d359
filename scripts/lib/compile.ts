// Packages as JavaScript with declarations, by tsc.

import { spawnSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./files.ts";

/** What a source file names at run time that tsc does not see: `new URL("./worker.ts", import.meta.url)`. */
const lateName = /(new URL\("\.[^"]*)\.ts(", import\.meta\.url\))/g;

/**
 * Compiles packages into DIRECTORY/NAME/src. Tests stay behind.
 *
 * @throws Error when tsc complains
 */
export function compilePackages(names: readonly string[], directory: string): void {
  const config = join(directory, "tsconfig.json");
  const settings = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      allowImportingTsExtensions: false,
      rootDir: join(ROOT, "packages"),
      outDir: directory,
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    include: names.map((name) => join(ROOT, "packages", name, "src")),
    exclude: ["**/*.test.ts", "**/*-contract.ts", "**/*test-support.ts"].map((glob) =>
      join(ROOT, "packages", glob),
    ),
  };
  writeFileSync(config, JSON.stringify(settings));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", config], { encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc refuses to build:\n${stdout}`);
  for (const file of globSync("*/src/**/*.js", { cwd: directory })) renameLateNames(join(directory, file));
}

function renameLateNames(path: string): void {
  const before = readFileSync(path, "utf8");
  const after = before.replaceAll(lateName, "$1.js$2");
  if (after !== before) writeFileSync(path, after);
}
