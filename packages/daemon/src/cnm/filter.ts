/**
 * What a list's filters let through.
 */

interface Named {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Filters {
  readonly name?: string;
  readonly label?: string | readonly string[];
}

export function passes({ name, labels }: Named, filters: Filters): boolean {
  if (filters.name !== undefined && !name.includes(filters.name)) return false;
  return [filters.label ?? []].flat().every((wanted) => hasLabel(labels, wanted));
}

/** @param wanted `name` or `name=value` */
function hasLabel(labels: Named["labels"], wanted: string): boolean {
  const [name = ""] = wanted.split("=", 1);
  if (!Object.hasOwn(labels, name)) return false;
  return !wanted.includes("=") || labels[name] === wanted.slice(name.length + 1);
}
