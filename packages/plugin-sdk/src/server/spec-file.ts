/**
 * NAME.spec: how a plugin that is elsewhere than in the sockets' directory is found. It holds one URL.
 */
import { join } from "node:path";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "../files.ts";

/**
 * @param directory made where it is missing: `/etc/docker/plugins`
 * @returns takes the file away, unless somebody else has written it anew
 */
export function writeSpecFile(directory: string, name: string, url: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, `${name}.spec`);
  const text = `${url}\n`;
  const aside = join(directory, `.${name}.${process.pid}`);
  writeFileSync(aside, text);
  renameSync(aside, path);
  return () => {
    if (textOf(path) === text) rmSync(path, { force: true });
  };
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
