/**
 * A question before something that cannot be undone.
 */
import { usageError } from "../errors.ts";
import type { Output } from "../output/output.ts";

/**
 * @param question one line, without its mark
 * @throws usage error where nobody can answer
 */
export async function confirmed(output: Output, question: string, signal: AbortSignal): Promise<boolean> {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true || output.screen === undefined) {
    throw usageError(`${question}? Nobody can be asked here: give --force`);
  }
  const { createInterface } = await import("node:readline/promises");
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question}? [y/N] `, { signal })).trim());
  } finally {
    asking.close();
  }
}
