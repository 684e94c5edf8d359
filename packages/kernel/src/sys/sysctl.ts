/**
 * Kernel settings under /proc/sys, of the network namespace that the calling thread is in.
 *
 * Keys are written with slashes (`net/ipv4/conf/eth0.10/arp_notify`), because interface names may hold dots. Reads and
 * writes are synchronous: the asynchronous ones run on pool threads, which are in another namespace.
 */

import { fromNodeError } from "./errors.ts";
import { files } from "./files.ts";

/** The value, without its line end. */
export function readSysctl(key: string): string {
  try {
    return files.readFileSync(`/proc/sys/${key}`, "utf8").trimEnd();
  } catch (error) {
    throw fromNodeError(error, "sysctl read", key);
  }
}

export function writeSysctl(key: string, value: string | number): void {
  try {
    files.writeFileSync(`/proc/sys/${key}`, String(value));
  } catch (error) {
    throw fromNodeError(error, `sysctl write ${value} to`, key);
  }
}
