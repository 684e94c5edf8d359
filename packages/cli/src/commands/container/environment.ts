/**
 * `-e NAME=value`, and `-e NAME` for our own value.
 */

/** What we have no value for is left out, as Docker does. */
export function environment(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    if (text.includes("=")) return [text];
    const value = process.env[text];
    return value === undefined ? [] : [`${text}=${value}`];
  });
}
