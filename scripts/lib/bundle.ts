// The command line as one file.

import { join } from "node:path";
import { build, type Plugin } from "esbuild";
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

/** Writes causeway.cjs, and the hook's own oci-hook.cjs, into a directory. CommonJS: ES modules take 30 ms longer to start (ADR 0016). */
export async function bundleCommandLine(directory: string): Promise<void> {
  await build({
    entryPoints: [
      { in: join(ROOT, "packages/cli/src/main.ts"), out: "causeway" },
      { in: join(ROOT, "packages/cli/src/hook/main.ts"), out: "oci-hook" },
    ],
    outdir: directory,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node18",
    banner: { js: newEnough },
    // Names stay: a stack in a report of a fault is to be read.
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "eof",
    // `causeway daemon` loads it when it is called.
    external: ["@causeway/*"],
    plugins: [withoutChildProcess],
    logLevel: "warning",
  });
}
