/**
 * The versions of Docker's API that are spoken.
 */
import { invalid } from "@causeway/libnetwork";

export const newest = "1.51";
export const oldest = "1.24";

/** @throws invalid_request where the version is not among them */
export function checkVersion(version: string): void {
  if (compare(version, newest) > 0) {
    const message = `client version ${version} is too new. Maximum supported API version is ${newest}`;
    throw invalid("invalid_request", message, version);
  }
  if (compare(version, oldest) < 0) {
    const message = `client version ${version} is too old. Minimum supported API version is ${oldest}, please upgrade your client to a newer version`;
    throw invalid("invalid_request", message, version);
  }
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}
