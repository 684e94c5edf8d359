// Tells what happens: a line a step, each with its time.

import { styleText } from "node:util";

const titleWidth = 48;
const detailWidth = 40;
const timeWidth = 9;

/** Somebody has asked us to stop. */
export class Interrupted extends Error {}

export class Report {
  readonly colour = process.stdout.isTTY === true && process.stdout.hasColors();
  readonly #started = performance.now();
  #failures = 0;
  #interrupted = false;

  /** Steps and claims that did not hold, so far. */
  get failures(): number {
    return this.#failures;
  }

  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** Lets the step that is under way be the last one of the story. */
  interrupt(): void {
    if (!this.#interrupted) this.say("interrupted");
    this.#interrupted = true;
  }

  say(text: string): void {
    console.log(text);
  }

  heading(text: string): void {
    this.say(`\n${this.#styled("bold", text)}`);
  }

  fail(text: string): void {
    this.#failures++;
    this.say(`${this.#styled("red", "✘")} ${text}`);
  }

  /** A step without which the story cannot go on. @throws Interrupted, and what the action throws */
  readonly step = async <T>(title: string, action: () => T | Promise<T>): Promise<T> => {
    if (this.#interrupted) throw new Interrupted();
    const started = performance.now();
    const result = await action();
    this.#line("·", title, "", started);
    return result;
  };

  /** A claim, and an action that tells what shows it. Where it throws, the claim does not hold, and the story goes on. */
  readonly holds = async (claim: string, action: () => Promise<string>): Promise<void> => {
    if (this.#interrupted) throw new Interrupted();
    await this.#attempt("✔", claim, action);
  };

  /** A step that is done even after an interrupt; where it fails, the next one is done all the same. */
  readonly lastly = async (title: string, action: () => void | Promise<void>): Promise<void> => {
    await this.#attempt("·", title, action);
  };

  async #attempt(mark: string, title: string, action: () => unknown): Promise<void> {
    const started = performance.now();
    try {
      const detail = await action();
      this.#line(mark, title, typeof detail === "string" ? detail : "", started);
    } catch (error) {
      this.fail(`${title}: ${error instanceof Error ? error.message : error}`);
    }
  }

  #line(mark: string, title: string, detail: string, started: number): void {
    const time = `${(performance.now() - started).toFixed(1).padStart(timeWidth - 3)} ms`;
    const text = `${title.padEnd(titleWidth)}${detail.padEnd(detailWidth)}`;
    this.say(`${this.#styled("green", mark)} ${text} ${this.#styled("dim", time)}`);
  }

  #styled(style: "bold" | "dim" | "green" | "red", text: string): string {
    return this.colour ? styleText(style, text, { validateStream: false }) : text;
  }
}
