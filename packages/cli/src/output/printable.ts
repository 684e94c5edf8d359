/**
 * Texts that come from elsewhere, for a terminal.
 */

/**
 * What would move the cursor, or do worse, is shown as a character that does nothing: who is root in a container gives its interfaces
 * names, and whoever may use the daemon gives labels.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, "\ufffd");
}
