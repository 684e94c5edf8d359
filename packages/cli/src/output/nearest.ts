/**
 * The known name that somebody probably meant: as libnetwork finds it, of which the command line loads nothing.
 */

/** How many insertions, deletions, replacements and swaps of neighbours make one text of the other (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforePrevious: readonly number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const inserted = (current[column - 1] ?? 0) + 1;
      const deleted = (previous[column] ?? 0) + 1;
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwapped ? (beforePrevious[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(replaced, inserted, deleted, swapped));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/** The candidate that is nearest to `name`; undefined where none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  // A name that must be changed in more than half of its letters was not a slip; in a short one, nor are two changes.
  let bestDistance = (name.length < 5 ? 1 : Math.floor(name.length / 2)) + 1;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    // So many letters must come or go at least. Nobody waits for a name of a megabyte to be compared letter by letter.
    if (Math.abs(wanted.length - other.length) >= bestDistance) continue;
    const distance = editDistance(wanted, other);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** ` (did you mean "x"?)`; empty where nothing is near. */
export function suggestion(name: string, known: Iterable<string>): string {
  const near = nearest(name, known);
  return near === undefined ? "" : ` (did you mean "${near}"?)`;
}

/** The same, or, where nothing is near, all that is known. */
export function suggestionOrAll(name: string, known: readonly string[]): string {
  const hint = suggestion(name, known);
  if (hint !== "") return hint;
  return `: there ${known.length === 1 ? "is" : "are"} ${known.join(", ") || "none"}`;
}
