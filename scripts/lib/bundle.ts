// The command line as it is published: a file that starts it, and one for each command.

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BuildOptions, build, type Plugin, transform } from "esbuild";
import { ROOT } from "./files.ts";

/**
 * Commander loads node:child_process for subcommands that are programs of their own, which we have none of: a millisecond of each start.
 * Our own commands get the real one.
 */
const withoutChildProcess: Plugin = {
  name: "commander-without-child-process",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /\/node_modules\/commander\//.test(importer) ? { path: "none", namespace: "none" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "none" }, () => ({ contents: "export default {}" }));
  },
};

/** The first thing that runs. The rest is kept readable for Node.js 18, so that an old one comes as far as this. */
const newEnough = `if (Number.parseInt(process.versions.node) < 24) {
  process.stderr.write("causeway: Node.js 24 or newer is needed, and " + process.execPath + " is " + process.version + "\\n");
  process.stderr.write("causeway: install it from https://nodejs.org, or let npm bring one along: npm install -g causeway --include=optional\\n");
  process.exit(69);
}`;

/**
 * What was compiled once is read back: 2 to 3 ms of each start. The cache is inside the package: whoever can write there can write the code
 * itself, and for who cannot there is none.
 */
const compiledOnce = `require("node:module").enableCompileCache?.(require("node:path").join(__dirname, "../.cache"));`;

const shared = {
  bundle: true,
  write: false,
  platform: "node",
  target: "node18",
  // Names stay: a stack in a report of a fault is to be read.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "eof",
  // `causeway daemon` loads it when it is called.
  external: ["@causeway/*"],
  plugins: [withoutChildProcess],
  logLevel: "warning",
} as const satisfies BuildOptions;

/**
 * Writes causeway.cjs into a directory, and beside it a file for each command, read when it is called; and the hook's own oci-hook.cjs, whole.
 * CommonJS: as ES modules the same takes 30 ms longer to start (ADR 0016).
 */
export async function bundleCommandLine(directory: string): Promise<void> {
  const source = join(ROOT, "packages/cli/src");
  const outputs = { outdir: directory, outExtension: { ".js": ".cjs" } };
  const split = await build({
    ...shared,
    ...outputs,
    entryPoints: { causeway: join(source, "main.ts") },
    splitting: true,
    format: "esm",
  });
  const whole = await build({
    ...shared,
    ...outputs,
    entryPoints: { "oci-hook": join(source, "hook/main.ts") },
    banner: { js: `${newEnough}\n${compiledOnce}` },
    format: "cjs",
  });
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of split.outputFiles) {
    const code = await commonJs(text);
    writeFileSync(path, basename(path) === "causeway.cjs" ? `${newEnough}\n${compiledOnce}\n${code}` : code);
  }
  for (const { path, text } of whole.outputFiles) writeFileSync(path, text);
}

/** esbuild splits ES modules alone. What is loaded late of ours is required late; packages stay imported, being ES modules. */
async function commonJs(module: string): Promise<string> {
  const { code } = await transform(module, { format: "cjs", target: "node18", minifyWhitespace: true });
  return code.replaceAll(/\bimport\(("\.\/[^"]+\.cjs")\)/g, "Promise.resolve().then(()=>require($1))");
}
