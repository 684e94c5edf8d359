/**
 * Texts that come from elsewhere, for a terminal.
 */

/**
 * What would move the cursor, turn the text around, or do worse, is shown as a character that does nothing: who is root in a container gives its interfaces
 * names, and whoever may use the daemon gives labels.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, "\ufffd");
}
