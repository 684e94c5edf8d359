/**
 * Numbers of DNS messages and what they are called: RFC 1035 unless something else is said, and IANA's "Domain Name System (DNS) Parameters".
 */

/** Types of records (RFC 1035 3.2.2) and of questions (3.2.3). */
export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  /** RFC 1035 3.3.2; RFC 8482 answers ANY with one. */
  HINFO: 13,
  MX: 15,
  TXT: 16,
  /** RFC 1183. */
  RP: 17,
  AFSDB: 18,
  /** RFC 2931. */
  SIG: 24,
  KEY: 25,
  /** RFC 3596. */
  AAAA: 28,
  /** RFC 1876. */
  LOC: 29,
  /** RFC 2782. */
  SRV: 33,
  /** RFC 3403. */
  NAPTR: 35,
  /** RFC 4398. */
  CERT: 37,
  /** RFC 6672. */
  DNAME: 39,
  /** RFC 6891: about the message, never data. */
  OPT: 41,
  /** RFC 4034. */
  DS: 43,
  /** RFC 4255. */
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  /** RFC 5155. */
  NSEC3: 50,
  NSEC3PARAM: 51,
  /** RFC 6698. */
  TLSA: 52,
  /** RFC 7344. */
  CDS: 59,
  CDNSKEY: 60,
  /** RFC 9460. */
  SVCB: 64,
  HTTPS: 65,
  /** RFC 7208 gave it up. */
  SPF: 99,
  /** RFC 2930. */
  TKEY: 249,
  /** RFC 8945: about the message, never asked for. */
  TSIG: 250,
  /** RFC 1995. */
  IXFR: 251,
  /** RFC 5936. */
  AXFR: 252,
  /** Called `*` in RFC 1035; RFC 8482. */
  ANY: 255,
  /** RFC 7553. */
  URI: 256,
  /** RFC 8659. */
  CAA: 257,
} as const;

/** RFC 1035 3.2.4 and 3.2.5, RFC 2136 2.4 (NONE). */
export const recordClasses = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

/** RFC 1035 4.1.1, RFC 1996 (NOTIFY), RFC 2136 (UPDATE), RFC 8490 (DSO). */
export const opcodes = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5, DSO: 6 } as const;

/** RFC 1035 4.1.1, RFC 2136 2.2, and RFC 6891 9 (BADVERS), of which the header holds the lower four bits only. */
export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

/** Bits of the header's second word (RFC 1035 4.1.1, RFC 4035 3.2 for AD and CD), with its opcode and rcode. */
export const headerBits = {
  QR: 0x8000,
  OPCODE: 0x7800,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  Z: 0x0040,
  AD: 0x0020,
  CD: 0x0010,
  RCODE: 0x000f,
} as const;

/** How far the opcode is from the right. */
export const opcodeShift = 11;

/** RFC 6891 6.1.4: the bit of an OPT record's flags, RFC 3225. */
export const dnssecOkBit = 0x8000;

/** Bytes. */
export const headerLength = 12;
/** RFC 1035 2.3.4, with the lengths of labels and the root's; and without its dots' escapes as text. */
export const longestName = 255;
export const longestLabel = 63;
/** RFC 1035 4.2.1: by UDP without EDNS, and the least that EDNS may name (RFC 6891 6.2.3). */
export const smallestUdp = 512;
/** RFC 1035 4.2.2: two bytes say how long a message over TCP is. */
export const longestMessage = 65_535;
/** RFC 6891 6.1.2: an OPT record without options. */
export const optLength = 11;

const typeNames = namesOf(recordTypes);
const classNames = namesOf(recordClasses);
const opcodeNames = namesOf(opcodes);
const rcodeNames = namesOf(rcodes);

/** `AAAA`; `TYPE65280` for one that is not in the table, RFC 3597 5. */
export function recordTypeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The inverse of {@link recordTypeName}, whatever case it is in; undefined for what is none. */
export function recordType(name: string): number | undefined {
  return numberOf(recordTypes, name, /^TYPE(\d{1,5})$/i);
}

/** `IN`; `CLASS32` for one that is not in the table, RFC 3597 5. */
export function recordClassName(recordClass: number): string {
  return classNames.get(recordClass) ?? `CLASS${recordClass}`;
}

/** The inverse of {@link recordClassName}, whatever case it is in. */
export function recordClass(name: string): number | undefined {
  return numberOf(recordClasses, name, /^CLASS(\d{1,5})$/i);
}

/** `QUERY`; `OPCODE7`. */
export function opcodeName(opcode: number): string {
  return opcodeNames.get(opcode) ?? `OPCODE${opcode}`;
}

/** `NXDOMAIN`; `RCODE23`. */
export function rcodeName(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${rcode}`;
}

/** The inverse of {@link rcodeName}, whatever case it is in. */
export function rcode(name: string): number | undefined {
  return numberOf(rcodes, name, /^RCODE(\d{1,5})$/i);
}

function namesOf(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(table).map(([name, number]) => [number, name]));
}

function numberOf(table: Readonly<Record<string, number>>, name: string, other: RegExp): number | undefined {
  const upper = name.toUpperCase();
  if (Object.hasOwn(table, upper)) return table[upper];
  const digits = other.exec(name)?.[1];
  const number = digits === undefined ? Number.NaN : Number(digits);
  return number <= 0xffff ? number : undefined;
}
