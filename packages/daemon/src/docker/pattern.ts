/**
 * The patterns of Docker's name and id filters, which are Go's regular expressions: matched, as Go does, in a time that grows with the
 * text and not with its powers, so that no filter holds the event loop. Literals, `.`, classes, groups, `|`, `*`, `+`, `?`, `^` and `$`.
 */

/** A state of the automaton: where it goes, and on which character where it consumes one. */
interface State {
  readonly takes?: (character: string) => boolean;
  /** It may be passed at the beginning, or at the end, only. */
  readonly at?: "start" | "end";
  next: State[];
}

/** A part of the automaton: its first state, and the last ones, whose `next` is still open. */
interface Fragment {
  readonly first: State;
  readonly last: readonly State[];
}

/** Longer ones are no names. */
const longest = 512;

/** Called with the steps that matching has taken: it throws when they are too many for one request. */
export type Spend = (steps: number) => void;

/**
 * Whether the pattern matches anywhere in the text. Undefined where it is no pattern that is understood.
 *
 * @throws what `spend` throws
 */
export function matchesPattern(
  pattern: string,
  text: string,
  spend: Spend = () => undefined,
): boolean | undefined {
  if (pattern.length > longest) return undefined;
  spend(pattern.length);
  const whole = new Parser(pattern).parse();
  if (whole === undefined) return undefined;
  const done: State = { next: [] };
  close(whole, done);
  let states = new Set<State>();
  for (let at = 0; at <= text.length; at++) {
    enter(whole.first, states, at, text.length);
    spend(states.size);
    if (states.has(done)) return true;
    const character = text[at];
    if (character === undefined) break;
    const following = new Set<State>();
    for (const { takes, next } of states) {
      if (takes?.(character)) for (const state of next) enter(state, following, at + 1, text.length);
    }
    if (following.has(done)) return true;
    states = following;
  }
  return false;
}

/** Adds the state and all that are reached from it without a character. */
function enter(state: State, states: Set<State>, at: number, end: number): void {
  const waiting = [state];
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
    if (states.has(one)) continue;
    if ((one.at === "start" && at > 0) || (one.at === "end" && at < end)) continue;
    states.add(one);
    if (one.takes === undefined) waiting.push(...one.next);
  }
}

function close({ last }: Fragment, to: State): void {
  for (const state of last) state.next.push(to);
}

function single(state: State): Fragment {
  return { first: state, last: [state] };
}

class Parser {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  parse(): Fragment | undefined {
    const whole = this.#alternatives();
    return this.#at === this.#pattern.length ? whole : undefined;
  }

  #alternatives(): Fragment | undefined {
    const branches: Fragment[] = [];
    do {
      const branch = this.#sequence();
      if (branch === undefined) return undefined;
      branches.push(branch);
    } while (this.#eat("|"));
    return {
      first: { next: branches.map(({ first }) => first) },
      last: branches.flatMap(({ last }) => last),
    };
  }

  #sequence(): Fragment | undefined {
    let whole = single({ next: [] });
    while (this.#at < this.#pattern.length && !"|)".includes(this.#peek())) {
      const item = this.#repeated();
      if (item === undefined) return undefined;
      close(whole, item.first);
      whole = { first: whole.first, last: item.last };
    }
    return whole;
  }

  #repeated(): Fragment | undefined {
    let item = this.#atom();
    while (item !== undefined && this.#peek() !== "" && "*+?".includes(this.#peek())) {
      const sign = this.#take();
      const skip: State = { next: [item.first] };
      if (sign !== "?") close(item, skip);
      item = {
        first: sign === "+" ? item.first : skip,
        last: sign === "?" ? [skip, ...item.last] : [skip],
      };
    }
    return item;
  }

  #atom(): Fragment | undefined {
    const character = this.#take();
    switch (character) {
      case "^":
        return single({ at: "start", next: [] });
      case "$":
        return single({ at: "end", next: [] });
      case ".":
        return single({ takes: () => true, next: [] });
      case "[":
        return this.#class();
      case "(": {
        if (this.#peek() === "?") return undefined;
        const inner = this.#alternatives();
        return this.#eat(")") ? inner : undefined;
      }
      case "\\": {
        const escaped = this.#take();
        // What has a meaning of its own behind a backslash is not understood.
        return /^[^a-zA-Z0-9]$/.test(escaped) ? literal(escaped) : undefined;
      }
      default:
        return "*+?{}".includes(character) ? undefined : literal(character);
    }
  }

  #class(): Fragment | undefined {
    const negated = this.#eat("^");
    const ranges: [string, string][] = [];
    while (this.#peek() !== "]" || ranges.length === 0) {
      const from = this.#take();
      if (from === "" || from === "[" || from === "\\") return undefined;
      const isRange = this.#peek() === "-" && !["]", ""].includes(this.#pattern[this.#at + 1] ?? "");
      if (isRange) this.#take();
      ranges.push([from, isRange ? this.#take() : from]);
    }
    this.#take();
    const inside = (character: string) => ranges.some(([from, to]) => character >= from && character <= to);
    return single({ takes: (character) => inside(character) !== negated, next: [] });
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? "";
  }

  #take(): string {
    return this.#pattern[this.#at++] ?? "";
  }

  #eat(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}

function literal(wanted: string): Fragment {
  return single({ takes: (character) => character === wanted, next: [] });
}
