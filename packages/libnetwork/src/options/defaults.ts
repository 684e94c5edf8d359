/**
 * Options that are left out: a table says beside each parser what counts then, and the type without gaps follows from it.
 */
import { type Parser, parseObject, type Table } from "./parse.ts";

/** A parser of an option that has a default. */
export interface DefaultingParser<T> extends Parser<T> {
  readonly byDefault: T;
}

/** What an option is where it is left out. */
export function withDefault<T>(parse: Parser<T>, byDefault: NoInfer<T>): DefaultingParser<T> {
  // The same object goes to everybody who leaves the option out.
  return Object.assign((value: unknown, name: string) => parse(value, name), {
    byDefault: Object.freeze(byDefault),
  });
}

/** Every option of a table: where it is left out its default, or undefined where it has none. */
export type Complete<T extends Table> = {
  readonly [K in keyof T]: T[K] extends DefaultingParser<infer D> ? D : ReturnType<T[K]> | undefined;
};

/** Every option of a table, with its default, or undefined where it has none. */
export function defaultsOf(table: Table): Readonly<Record<string, unknown>> {
  const defaults: Record<string, unknown> = {};
  for (const [name, parse] of Object.entries(table)) {
    defaults[name] = "byDefault" in parse ? parse.byDefault : undefined;
  }
  return defaults;
}

/** As objectOf, without gaps. */
export function completeObjectOf<const T extends Table>(table: T): Parser<Complete<T>> {
  const defaults = defaultsOf(table);
  return (value, name) => ({ ...defaults, ...parseObject(table, value, name) }) as Complete<T>;
}
