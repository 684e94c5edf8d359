/**
 * The terminal that `-t` hands on.
 */
import { isatty } from "node:tty";
import { usageError } from "../../errors.ts";

/** @throws where one is asked for and we have none: the runtime would say that of a /dev/tty that nobody named */
export function checkTerminal(isWanted: boolean | undefined): void {
  if (isWanted === true && ![0, 1, 2].some((descriptor) => isatty(descriptor)))
    throw usageError("-t hands our terminal on, and there is none here: leave -t out");
}
