/**
 * What was otherwise than recorded.
 */

export interface Difference {
  /** Of the exchange in the recording. */
  readonly index: number;
  /** What the user did. */
  readonly step: string;
  /** `NetworkDriver.Join` */
  readonly method: string;
  /** What differs: `status`, `order`, `accept`, a field of a body. */
  readonly what: string;
  readonly recorded: unknown;
  readonly actual: unknown;
}

/** A line for each. */
export function differencesText(differences: readonly Difference[]): string {
  return differences
    .map(
      ({ index, step, method, what, recorded, actual }) =>
        `#${index} ${method} ${what}: recorded ${shown(recorded)}, now ${shown(actual)}   (${step})\n`,
    )
    .join("");
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
