/**
 * Filters of lists, as Docker has them: those with one name are alternatives, those with different names all count.
 */
import { usageError } from "../errors.ts";
import { suggestionOrAll } from "../output/nearest.ts";

/** Whether an item passes one value of a filter. @throws usage error for a value that means nothing */
export type Filter<T> = (item: T, value: string) => boolean;

/** @param given `name=value` each */
export function filtered<T>(
  items: readonly T[],
  given: readonly string[] = [],
  filters: Readonly<Record<string, Filter<T>>>,
): readonly T[] {
  const wanted = Map.groupBy(given.map(split), ([name]) => name);
  for (const name of wanted.keys()) {
    if (!Object.hasOwn(filters, name))
      throw usageError(`there is no filter "${name}"${suggestionOrAll(name, Object.keys(filters))}`);
  }
  return items.filter((item) =>
    [...wanted].every(([name, values]) => {
      // Of labels all have to be there, as with Docker.
      const how = name.startsWith("label") ? "every" : "some";
      return values[how](([, value]) => filters[name]?.(item, value) === true);
    }),
  );
}

function split(text: string): readonly [string, string] {
  const [, name, value] = text.match(/^([^=]+)=(.*)$/s) ?? [];
  if (name === undefined || value === undefined)
    throw usageError(`filter "${text}" is not of the form name=value`);
  return [name.trim().toLowerCase(), value.trim()];
}

/** `name`, or `name=value`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const [name = ""] = wanted.split("=", 1);
  if (!Object.hasOwn(labels, name)) return false;
  return !wanted.includes("=") || labels[name] === wanted.slice(name.length + 1);
}

export function yesOrNo(text: string): boolean {
  if (["true", "1", "yes"].includes(text)) return true;
  if (["false", "0", "no"].includes(text)) return false;
  throw usageError(`"${text}" is neither true nor false`);
}
