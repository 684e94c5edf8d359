/**
 * Texts of the names that are asked for: those of late are kept, so that a name that is asked for again costs neither memory nor, where it is looked
 * up in a map, the counting of its hash.
 */
/** More than the names of a machine with a thousand sandboxes; some megabytes where somebody asks for names of 255 bytes. */
const slots = 1 << 14;

export class NameTexts {
  readonly #texts: string[] = Array<string>(slots).fill("");

  /**
   * The first bytes as text, a character each.
   *
   * @param hash of the bytes, any
   */
  of(bytes: Buffer, length: number, hash: number): string {
    const slot = (hash ^ (hash >>> 15)) & (slots - 1);
    const kept = this.#texts[slot] ?? "";
    if (isText(kept, bytes, length)) return kept;
    const text = bytes.toString("latin1", 0, length);
    this.#texts[slot] = text;
    return text;
  }
}

function isText(text: string, bytes: Uint8Array, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (text.charCodeAt(index) !== bytes[index]) return false;
  }
  return true;
}
