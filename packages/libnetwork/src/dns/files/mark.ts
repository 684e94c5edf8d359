/**
 * How what we wrote is told from what others changed, also after a restart: by a digest that stands in the file itself, so that the two are
 * written at once.
 */
import { hash } from "node:crypto";

/** Empty lines at the end do not count: a killed run may have left some (shared-file.ts). */
export function digestOf(text: string): string {
  return hash("sha256", text.trimEnd()).slice(0, 12);
}
