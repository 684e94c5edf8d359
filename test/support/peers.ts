// Programs of other people that a suite talks to: present, or a reason to skip.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/**
 * For the `skip` option of a test in a `*.peers.test.ts` file: false when every program is on PATH, otherwise the
 * reason to skip. Under `npm run test:peers` a missing program throws, because there nothing may be skipped.
 *
 * @example describe("beside dockerd", { skip: needsPeer("dockerd") }, () => { ... });
 */
export function needsPeer(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isOnPath(program));
  if (missing.length === 0) return false;
  const reason = `${missing.join(", ")} not installed: npm run test:peers installs and runs this suite`;
  if (process.env.CAUSEWAY_PEERS === "1") throw new Error(reason);
  return reason;
}

function isOnPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
