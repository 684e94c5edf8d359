/**
 * A template, parsed.
 */

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | {
      readonly kind: "range";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" };

/** `$x := a | b | c`: each command is given what the one before answered as its last argument. */
export interface Pipe {
  /** Names with their `$`. */
  readonly variables: readonly string[];
  /** `:=` makes variables, `=` changes them. */
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

/** A function or field with its arguments, or one operand alone. */
export type Command = readonly [Operand, ...Operand[]];

export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "dot" }
  | { readonly kind: "function"; readonly name: string }
  /** `.A.B`, `$x.A`, `(pipe).A`: fields of dot, of a variable, of a pipeline. */
  | { readonly kind: "fields"; readonly of: Operand; readonly names: readonly string[] }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe };

/** What is wrong with a template, or with what it asks of a value. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
