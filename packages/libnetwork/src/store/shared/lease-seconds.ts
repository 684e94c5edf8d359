/**
 * How long a lease may be.
 */
import { integer } from "../../options/parse.ts";

const parse = integer(2, 24 * 60 * 60);

/** @throws invalid_option */
export function checkLeaseSeconds(seconds: number): void {
  parse(seconds, "lease.seconds");
}
