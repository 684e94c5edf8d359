/**
 * Names of a network's options: each has a short one, and some the label by which Docker's users know it.
 */
import { invalid } from "../errors.ts";
import { suggestionOrAll } from "../options/nearest.ts";

export interface OptionNames {
  /** Of the driver: `bridge`. */
  readonly driver: string;
  /** Options by their short names. */
  readonly table: object;
  /** Label to short name. */
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What was given, by short names.
 *
 * @throws unknown_option, option_given_twice
 */
export function byShortName(
  { driver, table, labels }: OptionNames,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const named: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = Object.hasOwn(labels, key) ? (labels[key] ?? key) : key;
    if (!Object.hasOwn(table, name)) {
      const shortNames = Object.keys(table);
      const known = [...shortNames, ...Object.keys(labels)];
      const message = `driverOptions: the ${driver} driver has no option "${key}"${suggestionOrAll(key, known, shortNames)}`;
      throw invalid("unknown_option", message, { option: key, known });
    }
    if (Object.hasOwn(named, name)) {
      const message = `driverOptions: "${key}" and another name of the same option are given: give one`;
      throw invalid("option_given_twice", message);
    }
    named[name] = value;
  }
  return named;
}
