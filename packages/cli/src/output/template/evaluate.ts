/**
 * A parsed template with a value: text.
 */
import { nearest } from "../nearest.ts";
import { described, functions } from "./functions.ts";
import { isObject, isTrue, printed, type Value } from "./print.ts";
import { type Command, type Node, type Operand, type Pipe, TemplateError } from "./tree.ts";

/** @throws TemplateError for a field, function or variable that is not there, or a value that does not fit */
export function evaluate(template: readonly Node[], value: Value): string {
  const run = new Run();
  run.scope.declare("$", value);
  run.body(template, value, run.scope);
  return run.text;
}

/** Variables: those of the blocks around are seen, and may be changed. */
class Scope {
  readonly #around: Scope | undefined;
  readonly #values = new Map<string, Value>();

  constructor(around?: Scope) {
    this.#around = around;
  }

  declare(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  holder(name: string): Scope {
    if (this.#values.has(name)) return this;
    if (this.#around === undefined) throw new TemplateError(`there is no variable ${name}`);
    return this.#around.holder(name);
  }

  get(name: string): Value {
    return this.holder(name).#values.get(name);
  }
}

/** How a body ended: at its end, or by {{break}} or {{continue}}. */
type Ended = "break" | "continue" | undefined;

class Run {
  text = "";
  readonly scope = new Scope();

  body(nodes: readonly Node[], dot: Value, scope: Scope): Ended {
    for (const node of nodes) {
      const ended = this.#node(node, dot, scope);
      if (ended !== undefined) return ended;
    }
    return undefined;
  }

  #node(node: Node, dot: Value, scope: Scope): Ended {
    switch (node.kind) {
      case "text":
        this.text += node.text;
        return undefined;
      case "action": {
        const value = this.#pipe(node.pipe, dot, scope);
        if (node.pipe.variables.length === 0) this.text += printed(value);
        return undefined;
      }
      case "if":
      case "with": {
        const inner = new Scope(scope);
        const value = this.#pipe(node.pipe, dot, inner);
        if (!isTrue(value)) return this.body(node.otherwise, dot, new Scope(scope));
        return this.body(node.body, node.kind === "with" ? value : dot, inner);
      }
      case "range":
        return this.#range(node, dot, scope);
      case "break":
      case "continue":
        return node.kind;
    }
  }

  #range(node: Node & { readonly kind: "range" }, dot: Value, scope: Scope): Ended {
    const { variables, declares } = node.pipe;
    const entries = entriesOf(this.#pipe({ ...node.pipe, variables: [] }, dot, scope));
    if (entries.length === 0) return this.body(node.otherwise, dot, scope);
    for (const [key, value] of entries) {
      const inner = new Scope(scope);
      // One variable is the element; of two, the first is its key.
      const values = variables.length === 2 ? [key, value] : [value];
      for (const [at, name] of variables.entries())
        (declares ? inner : inner.holder(name)).declare(name, values[at]);
      if (this.body(node.body, value, inner) === "break") break;
    }
    return undefined;
  }

  #pipe({ variables, declares, commands }: Pipe, dot: Value, scope: Scope): Value {
    let value: Value;
    for (const [at, command] of commands.entries()) {
      value = this.#command(command, at === 0 ? [] : [value], dot, scope);
    }
    for (const name of variables) (declares ? scope : scope.holder(name)).declare(name, value);
    return value;
  }

  #command([first, ...rest]: Command, piped: readonly Value[], dot: Value, scope: Scope): Value {
    if (first.kind === "function") return this.#call(first.name, rest, piped, dot, scope);
    const args = [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped];
    if (first.kind === "fields") return this.#fields(first, args, dot, scope);
    const value = this.#operand(first, dot, scope);
    if (args.length > 0)
      throw new TemplateError(`${described(value)} is no function, and takes no arguments`);
    return value;
  }

  #call(name: string, rest: readonly Operand[], piped: readonly Value[], dot: Value, scope: Scope): Value {
    if (name === "and" || name === "or") return this.#decided(name, rest, piped, dot, scope);
    const entry = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (entry === undefined) {
      const known = [...Object.keys(functions), "and", "or"];
      throw new TemplateError(`there is no function "${name}"${suggested(name, known)}`);
    }
    const args = [...rest.map((operand) => this.#operand(operand, dot, scope)), ...piped];
    if (args.length < entry.least || args.length > entry.most) {
      const wants = entry.least === entry.most ? `${entry.least}` : `at least ${entry.least}`;
      throw new TemplateError(`${name} takes ${wants} values, and ${args.length} were given`);
    }
    return entry.call(...args);
  }

  /** The first argument that decides; what stands behind it is not looked at. */
  #decided(
    name: "and" | "or",
    rest: readonly Operand[],
    piped: readonly Value[],
    dot: Value,
    scope: Scope,
  ): Value {
    if (rest.length + piped.length === 0)
      throw new TemplateError(`${name} takes at least 1 values, and 0 were given`);
    let value: Value;
    for (const operand of rest) {
      value = this.#operand(operand, dot, scope);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: Value, scope: Scope): Value {
    switch (operand.kind) {
      case "literal":
        return operand.value;
      case "dot":
        return dot;
      case "variable":
        return scope.get(operand.name);
      case "pipe":
        return this.#pipe(operand.pipe, dot, scope);
      case "function":
        return this.#call(operand.name, [], [], dot, scope);
      case "fields":
        return this.#fields(operand, [], dot, scope);
    }
  }

  /** @param args for a last field that is a function */
  #fields(
    { of, names }: Operand & { readonly kind: "fields" },
    args: readonly Value[],
    dot: Value,
    scope: Scope,
  ): Value {
    let value = this.#operand(of, dot, scope);
    for (const name of names.slice(0, -1)) value = called(field(value, name), name, []);
    const last = names.at(-1) ?? "";
    return called(field(value, last), last, args);
  }
}

function called(value: Value, name: string, args: readonly Value[]): Value {
  if (typeof value === "function") return value(...args);
  if (args.length > 0) throw new TemplateError(`.${name} is no function, and takes no arguments`);
  return value;
}

/** By its name, or by one that differs in capitals alone: `.Name` finds `name`. */
function field(value: Value, name: string): Value {
  if (!isObject(value)) throw new TemplateError(`${described(value)} has no field .${name}`);
  if (Object.hasOwn(value, name)) return value[name];
  const known = Object.keys(value);
  const alike = known.filter((key) => key.toLowerCase() === name.toLowerCase());
  const [only, second] = alike;
  if (only !== undefined && second === undefined) return value[only];
  throw new TemplateError(`there is no field .${name}${suggested(name, known, ".")}`);
}

function suggested(name: string, known: readonly string[], mark = ""): string {
  const near = nearest(name, known);
  if (near !== undefined) return ` (did you mean "${mark}${near}"?)`;
  return `: there are ${known.map((key) => mark + key).join(", ") || "none"}`;
}

function entriesOf(value: Value): readonly (readonly [Value, Value])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return [...value.entries()];
  if (isObject(value))
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key]]);
  if (typeof value === "number" && Number.isInteger(value) && value <= 65536) {
    return Array.from({ length: Math.max(0, value) }, (_, at) => [at, at]);
  }
  throw new TemplateError(`range goes over lists, objects and numbers, and ${described(value)} was given`);
}
