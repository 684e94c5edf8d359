/**
 * What stands for what: a value of the recording for one of this run, and for no other.
 */
export class Correspondence {
  readonly #actual = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** @returns whether the two stand for each other; of two that were not seen yet this is what they do from now on */
  matches(recorded: string, actual: string): boolean {
    const known = this.#actual.get(recorded) ?? actual;
    const knownBack = this.#recorded.get(actual) ?? recorded;
    if (known !== actual || knownBack !== recorded) return false;
    this.set(recorded, actual);
    return true;
  }

  set(recorded: string, actual: string): void {
    this.#actual.set(recorded, actual);
    this.#recorded.set(actual, recorded);
  }

  /** What stands for a value of the recording in this run: itself, where nothing else is known. */
  actualOf(recorded: string): string {
    return this.#actual.get(recorded) ?? recorded;
  }
}
