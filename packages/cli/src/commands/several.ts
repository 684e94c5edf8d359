/**
 * One action for each of several names: what fails is told, and the others are done all the same.
 */
import { CliError, exitCodes } from "../errors.ts";
import type { Output } from "../output/output.ts";
import { printable } from "../output/printable.ts";

/** @returns the exit status of the first that failed; wrong usage and a daemon that is away end it at once */
export async function forEach(
  references: readonly string[],
  output: Output,
  action: (reference: string) => Promise<void>,
): Promise<number> {
  let status: number = exitCodes.ok;
  for (const reference of references) {
    try {
      await action(reference);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      if (error.exitCode !== exitCodes.refused && error.exitCode !== exitCodes.notFound) throw error;
      output.note(`causeway: ${printable(error.message)}`);
      if (status === exitCodes.ok) status = error.exitCode;
    }
  }
  return status;
}
