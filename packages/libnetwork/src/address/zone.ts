/**
 * The zone of a link-local address, which says by which interface it is reached: `fe80::1%eth0`, RFC 4007 section 11.
 */

/** The zone is all behind the first "%". */
export function splitZone(text: string): readonly [address: string, zone?: string] {
  const zoneAt = text.indexOf("%");
  return zoneAt === -1 ? [text] : [text.slice(0, zoneAt), text.slice(zoneAt + 1)];
}
