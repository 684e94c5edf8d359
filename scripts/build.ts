// npm run build: what is published, each package whole in its dist/: `npm pack packages/NAME/dist` makes its tarball.
//
// kernel, plugin-sdk, libnetwork and daemon become JavaScript and declarations by tsc; the command line one file by esbuild (ADR 0016).
//
//   npm run build [-- NAME...]   these packages only: kernel, plugin-sdk, libnetwork, daemon, cli

import { copyFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleCommandLine } from "./lib/bundle.ts";
import { compilePackages } from "./lib/compile.ts";
import { ROOT } from "./lib/files.ts";
import { publishedManifest } from "./lib/manifest.ts";

const compiled = ["kernel", "plugin-sdk", "libnetwork", "daemon"];
const known = [...compiled, "cli"];

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!known.includes(name)) {
    console.error(`build: there is no package "${name}" to publish; there are ${known.join(", ")}`);
    process.exit(2);
  }
}
const chosen = wanted.length === 0 ? known : wanted;

const scratch = mkdtempSync(join(tmpdir(), "causeway-build-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

const libraries = chosen.filter((name) => compiled.includes(name));
if (libraries.length > 0) compilePackages(libraries, scratch);

for (const name of chosen) {
  const from = join(ROOT, "packages", name);
  const to = join(from, "dist");
  rmSync(to, { recursive: true, force: true });
  if (name === "cli") {
    await bundleCommandLine(join(to, "lib"));
    cpSync(join(from, "bin"), join(to, "bin"), { recursive: true });
  } else {
    cpSync(join(scratch, name, "src"), join(to, "lib"), { recursive: true });
  }
  const manifest = publishedManifest(textOf(join(from, "package.json")), textOf(join(ROOT, "package.json")));
  writeFileSync(join(to, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  copyFileSync(join(ROOT, "LICENSE"), join(to, "LICENSE"));
  if (existsSync(join(from, "README.md"))) copyFileSync(join(from, "README.md"), join(to, "README.md"));
  console.log(`build: packages/${name}/dist`);
}

function textOf(path: string): string {
  return readFileSync(path, "utf8");
}
