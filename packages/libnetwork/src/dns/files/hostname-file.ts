/**
 * The text of a sandbox's /etc/hostname: hostname(5). There is no room for a mark: what was ours the marks of the hosts file say.
 */

/** @param hostname "" for none */
export function hostnameText(hostname: string): string {
  return hostname === "" ? "" : `${hostname}\n`;
}

/**
 * Whether others have written into it.
 *
 * @param ours what may stand there and be ours; undefined for what is not known
 */
export function isEditedHostname(there: string, ...ours: readonly (string | undefined)[]): boolean {
  return there.trim() !== "" && !ours.includes(there.trim());
}
