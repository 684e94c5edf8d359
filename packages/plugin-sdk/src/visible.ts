/**
 * Texts of somebody else's, on their way to people.
 */

/** What a terminal obeys, what begins a line, and what turns the text around it (UAX #9). */
const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** With escapes in the place of characters that do something: `\u001b`, `\n`. */
export function visible(text: string): string {
  return text.replaceAll(obeyed, (found) => {
    const short = JSON.stringify(found).slice(1, -1);
    return short === found ? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}` : short;
  });
}
