/**
 * A template's tokens as a tree.
 */
import { type Piece, pieces, type Token } from "./lex.ts";
import { type Command, type Node, type Operand, type Pipe, TemplateError } from "./tree.ts";

/** @throws TemplateError */
export function parseTemplate(template: string): readonly Node[] {
  const reader = new Reader(pieces(template));
  const { body, ended } = reader.body(false);
  if (ended !== undefined) throw new TemplateError(`{{${ended}}} has nothing that it belongs to`);
  return body;
}

const blocks = ["if", "with", "range"];
const foreign = ["define", "template", "block"];

class Reader {
  readonly #pieces: readonly Piece[];
  #at = 0;

  constructor(found: readonly Piece[]) {
    this.#pieces = found;
  }

  /** Up to {{end}}, {{else}} or the template's end. `rest` is what stands behind `else`. */
  body(inRange: boolean): { body: Node[]; ended: "end" | "else" | undefined; rest: Tokens | undefined } {
    const body: Node[] = [];
    for (let piece = this.#pieces[this.#at]; piece !== undefined; piece = this.#pieces[this.#at]) {
      this.#at++;
      if (piece.kind === "text") body.push(piece);
      else {
        const tokens = new Tokens(piece.tokens, piece.source);
        const word = tokens.peek()?.kind === "word" ? tokens.peek()?.text : undefined;
        if (word === "end" || word === "else") {
          tokens.next();
          return { body, ended: word, rest: tokens };
        }
        body.push(this.#node(word, tokens, inRange));
      }
    }
    return { body, ended: undefined, rest: undefined };
  }

  #node(word: string | undefined, tokens: Tokens, inRange: boolean): Node {
    if (word !== undefined && foreign.includes(word)) {
      throw new TemplateError(`{{${word}}} is not supported: write what is wanted in its place`);
    }
    if (word === "break" || word === "continue") {
      tokens.next();
      tokens.finish();
      if (!inRange) throw new TemplateError(`{{${word}}} stands outside of {{range}}`);
      return { kind: word };
    }
    if (word !== undefined && blocks.includes(word)) {
      tokens.next();
      return this.#block(word as "if" | "with" | "range", tokens, inRange);
    }
    const pipe = tokens.pipe();
    tokens.finish();
    return { kind: "action", pipe };
  }

  #block(kind: "if" | "with" | "range", tokens: Tokens, inRange: boolean): Node {
    const pipe = tokens.pipe();
    tokens.finish();
    const { body, ended, rest } = this.body(inRange || kind === "range");
    if (ended === undefined || rest === undefined) throw new TemplateError(`{{${kind}}} has no {{end}}`);
    if (ended === "end") {
      rest.finish();
      return { kind, pipe, body, otherwise: [] };
    }
    // {{else if x}} is an {{if x}} inside, with one {{end}} for both.
    const next = rest.peek();
    if (next?.kind === "word" && (next.text === "if" || next.text === "with") && kind !== "range") {
      rest.next();
      return { kind, pipe, body, otherwise: [this.#block(next.text, rest, inRange)] };
    }
    rest.finish();
    const second = this.body(inRange);
    if (second.ended !== "end") throw new TemplateError(`{{else}} of {{${kind}}} has no {{end}}`);
    second.rest?.finish();
    return { kind, pipe, body, otherwise: second.body };
  }
}

/** The tokens of one action. */
class Tokens {
  readonly #tokens: readonly Token[];
  readonly #source: string;
  #at = 0;

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens;
    this.#source = source;
  }

  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#at + ahead];
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  /** @throws TemplateError where something is left */
  finish(): void {
    const left = this.peek();
    if (left !== undefined) throw this.#unexpected(left);
  }

  pipe(): Pipe {
    const { variables, declares } = this.#declaration();
    const commands: Command[] = [this.#command()];
    while (this.#takeMark("|")) commands.push(this.#command());
    return { variables, declares, commands };
  }

  #declaration(): Pick<Pipe, "variables" | "declares"> {
    const variables: string[] = [];
    let ahead = 0;
    while (this.peek(ahead)?.kind === "variable") {
      variables.push(this.peek(ahead)?.text ?? "");
      ahead++;
      if (this.#isMark(ahead, ",")) ahead++;
      else break;
    }
    const declares = this.#isMark(ahead, ":=");
    if (variables.length === 0 || !(declares || this.#isMark(ahead, "=")))
      return { variables: [], declares: false };
    if (variables.length > 2) throw new TemplateError(`more than two variables in ${this.#source}`);
    this.#at += ahead + 1;
    return { variables, declares };
  }

  #command(): Command {
    const operands: Operand[] = [];
    for (let token = this.peek(); token !== undefined; token = this.peek()) {
      if (token.kind === "mark" && token.text !== "(") break;
      operands.push(this.#operand());
    }
    const [first, ...rest] = operands;
    if (first === undefined) throw new TemplateError(`a value is missing in ${this.#source}`);
    if (rest.length > 0 && (first.kind === "literal" || first.kind === "dot")) {
      throw new TemplateError(`what stands first in ${this.#source} is no function, and takes no arguments`);
    }
    return [first, ...rest];
  }

  #operand(): Operand {
    const first = this.#first();
    const names: string[] = [];
    if (first.kind === "fields") names.push(...first.names);
    for (let token = this.peek(); token?.kind === "field" && token.joined; token = this.peek()) {
      names.push(token.text);
      this.next();
    }
    return names.length === 0
      ? first
      : { kind: "fields", of: first.kind === "fields" ? first.of : first, names };
  }

  #first(): Operand {
    const token = this.next();
    if (token === undefined) throw new TemplateError(`a value is missing in ${this.#source}`);
    switch (token.kind) {
      case "string":
        return { kind: "literal", value: token.text };
      case "number":
        return { kind: "literal", value: Number(token.text.replaceAll("_", "")) };
      case "dot":
        return { kind: "dot" };
      case "field":
        return { kind: "fields", of: { kind: "dot" }, names: [token.text] };
      case "variable":
        return { kind: "variable", name: token.text };
      case "word":
        return wordOperand(token.text);
      case "mark": {
        if (token.text !== "(") throw this.#unexpected(token);
        const pipe = this.pipe();
        if (!this.#takeMark(")")) throw new TemplateError(`a parenthesis is not closed in ${this.#source}`);
        return { kind: "pipe", pipe };
      }
    }
  }

  #isMark(ahead: number, text: string): boolean {
    const token = this.peek(ahead);
    return token?.kind === "mark" && token.text === text;
  }

  #takeMark(text: string): boolean {
    const taken = this.#isMark(0, text);
    if (taken) this.#at++;
    return taken;
  }

  #unexpected({ text }: Token): TemplateError {
    return new TemplateError(`unexpected ${JSON.stringify(text)} in ${this.#source}`);
  }
}

const words: Readonly<Record<string, true | false | null>> = { true: true, false: false, nil: null };

function wordOperand(word: string): Operand {
  const value = Object.hasOwn(words, word) ? words[word] : undefined;
  return value === undefined ? { kind: "function", name: word } : { kind: "literal", value };
}
