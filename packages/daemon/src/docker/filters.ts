/**
 * Docker's `filters`: values by field, any of which is enough. `{"label":{"a=b":true}}`, in older clients `{"label":["a=b"]}`.
 */
import { invalid } from "@causeway/libnetwork";
import { matchesPattern } from "./pattern.ts";

/** What matching the patterns of one request may take: about a second. Thousands of containers and a pattern take a tenth of it. */
const mostSteps = 10_000_000;

export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;
  #steps = 0;
  readonly #spend = (steps: number): void => {
    this.#steps += steps;
    if (this.#steps <= mostSteps) return;
    throw invalid(
      "invalid_filter",
      "filters: the patterns take too long to match: give fewer or simpler ones",
    );
  };

  private constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /**
   * @param known fields that may be asked for; undefined for any
   * @throws invalid_filter
   */
  static parse(text: string | undefined, known: readonly string[] | undefined): Filters {
    const filters = new Filters(text === undefined || text === "" ? new Map() : valuesOf(text));
    for (const field of filters.#values.keys()) {
      if (known === undefined || known.includes(field)) continue;
      throw invalid("invalid_filter", `Invalid filter '${field}'`, { filter: field, known });
    }
    return filters;
  }

  has(field: string): boolean {
    return this.values(field).length > 0;
  }

  values(field: string): readonly string[] {
    return this.#values.get(field) ?? [];
  }

  /** Not asked for, or one of the values is the text. */
  isExactly(field: string, ...texts: readonly string[]): boolean {
    return !this.has(field) || this.values(field).some((value) => texts.includes(value));
  }

  /**
   * Not asked for, or one of the values is a pattern that matches, or a part of the text.
   *
   * @throws invalid_filter where the patterns take too long
   */
  matches(field: string, ...texts: readonly string[]): boolean {
    return (
      !this.has(field) ||
      this.values(field).some((value) =>
        texts.some(
          (text) => text === value || (matchesPattern(value, text, this.#spend) ?? text.includes(value)),
        ),
      )
    );
  }

  /** Not asked for, or one of the values is a beginning of one of the texts. */
  begins(field: string, ...texts: readonly string[]): boolean {
    return (
      !this.has(field) || this.values(field).some((value) => texts.some((text) => text.startsWith(value)))
    );
  }

  /** Every value, `key` or `key=value`, is among the labels. */
  hasLabels(field: string, labels: Readonly<Record<string, string>>): boolean {
    return this.values(field).every((wanted) => {
      const [key = "", value] = split(wanted);
      return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
    });
  }

  /**
   * Undefined where it is not asked for.
   *
   * @throws invalid_filter
   */
  boolean(field: string): boolean | undefined {
    if (!this.has(field)) return undefined;
    const values = this.values(field);
    if (values.every((value) => value === "true" || value === "1")) return true;
    if (values.every((value) => value === "false" || value === "0")) return false;
    const message = `invalid value for filter '${field}', must be "true" (or "1"), or "false" (or "0")`;
    throw invalid("invalid_filter", message, { filter: field, values });
  }
}

function split(label: string): readonly [string, string?] {
  const at = label.indexOf("=");
  return at < 0 ? [label] : [label.slice(0, at), label.slice(at + 1)];
}

function valuesOf(text: string): ReadonlyMap<string, readonly string[]> {
  const refuse = (why: string) => invalid("invalid_filter", `filters: ${why}`, text);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw refuse("give an object");
  const entries = Object.entries(given).map(([field, values]): [string, readonly string[]] => {
    if (Array.isArray(values) && values.every((value) => typeof value === "string")) return [field, values];
    if (typeof values === "object" && values !== null && !Array.isArray(values))
      return [field, Object.entries(values).flatMap(([value, on]) => (on === true ? [value] : []))];
    throw refuse(`${field} has values of another kind than texts`);
  });
  return new Map(entries);
}
