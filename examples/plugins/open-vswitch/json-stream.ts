// JSON texts that follow each other without anything between, as OVSDB writes them: cut where an object ends.

export class JsonStream {
  #text = "";
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** So far the text has been looked at. */
  #at = 0;

  /** @returns the objects that have become whole */
  push(more: string): readonly unknown[] {
    this.#text += more;
    const found: unknown[] = [];
    while (this.#at < this.#text.length) {
      if (!this.#endsObject(this.#text[this.#at++] ?? "")) continue;
      found.push(JSON.parse(this.#text.slice(0, this.#at)));
      this.#text = this.#text.slice(this.#at);
      this.#at = 0;
    }
    return found;
  }

  #endsObject(letter: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (letter === "\\") this.#escaped = true;
      else if (letter === '"') this.#inString = false;
      return false;
    }
    if (letter === '"') this.#inString = true;
    else if (letter === "{") this.#depth++;
    else if (letter === "}") return --this.#depth === 0;
    return false;
  }
}
