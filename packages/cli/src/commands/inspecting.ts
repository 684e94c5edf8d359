/**
 * What `inspect` does in every group: each of the names as the daemon tells it. What is not there is told, and the others are shown.
 */
import type { Call } from "../command.ts";
import { type InspectOptions, showInspected } from "../output/inspected.ts";
import { forEach } from "./several.ts";

/** @param optional names of fields that the daemon leaves out where there is nothing: a template finds them empty */
export async function inspectEach(
  { output, args, options }: Pick<Call<InspectOptions>, "output" | "args" | "options">,
  optional: readonly string[],
  find: (reference: string) => Promise<object>,
): Promise<number> {
  const found: object[] = [];
  const status = await forEach(args, output, async (reference) => {
    found.push(await find(reference));
  });
  showInspected(output, found, options, optional);
  return status;
}
