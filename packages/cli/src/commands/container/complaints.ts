/**
 * Why an OCI runtime could not start a command, which it writes into a file, and ends with 255 whatever it was.
 */
import { readFileSync, rmSync } from "node:fs";

/**
 * What cannot be started gets the status that a shell has for it.
 *
 * @param complaints path of the file, which goes; undefined where no runtime wrote one
 */
export function exitCodeOf(status: number, complaints: string | undefined): number {
  if (complaints === undefined) return status;
  const text = status === 255 ? textOf(complaints) : "";
  rmSync(complaints, { force: true });
  if (/executable file not found|no such file or directory|not a directory/.test(text)) return 127;
  return /permission denied|is a directory/.test(text) ? 126 : status;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // The container has ended, and its files are gone.
    return "";
  }
}
