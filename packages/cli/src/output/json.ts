/**
 * JSON for programs, which a terminal may be shown all the same.
 */

/** As JSON.stringify, which leaves DEL, the control characters of C1 and those that turn text around as they are: they stand as \u009b, so that no terminal obeys them. */
export function json(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? "null";
  return text.replaceAll(
    /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Over several lines, with the last one's newline. */
export function jsonLines(value: unknown): string {
  return `${json(value, 2)}\n`;
}
