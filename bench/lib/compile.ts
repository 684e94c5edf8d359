// The C programs beside the benches: what is measured against must not wait for Node.

import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";

const SOURCES = join(import.meta.dirname, "..");
const PROGRAMS = join(SOURCES, ".cache");

/**
 * The path of a program, compiled from `bench/NAME.c` where it is missing or older than that.
 *
 * @throws Error when there is no C compiler: `sh scripts/setup bench` brings one
 */
export function compiled(name: string): string {
  const source = join(SOURCES, `${name}.c`);
  const program = join(PROGRAMS, name);
  if ((statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0) < statSync(source).mtimeMs) {
    mkdirSync(PROGRAMS, { recursive: true });
    execFileSync("cc", ["-O2", "-Wall", "-o", program, source], { stdio: ["ignore", "inherit", "inherit"] });
  }
  return program;
}
