/**
 * What rules are made of, as the kernel has it: linux/netfilter/nf_tables.h (NFTA_EXPR_*, NFTA_PAYLOAD_*, NFTA_CMP_*, NFTA_IMMEDIATE_*).
 * Only what the rules of this folder need; for all others there is nft's language (context.ts). What looks at one field, or writes it, goes by
 * one register; what chooses and translates is in choosing.ts.
 */
import { attrs, readAttributes, writeAttribute } from "../codec/attrs.ts";
import { ByteReader, ByteWriter } from "../codec/bytes.ts";
import { type Codec, text, u32be } from "../codec/codec.ts";

const NFTA_LIST_ELEM = 1;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
export const NFT_REG_VERDICT = 0;
export const NFT_REG_1 = 1;
export const NFT_REG_2 = 2;
const NFT_PAYLOAD_NETWORK_HEADER = 1;
const NFT_PAYLOAD_TRANSPORT_HEADER = 2;
const NFT_PAYLOAD_CSUM_INET = 1;
const NFT_CMP_EQ = 0;
const NFT_CMP_NEQ = 1;
const NF_DROP = 0;
const NF_ACCEPT = 1;
const NFT_GOTO = -4;

/** Bytes of a packet. */
export interface PacketField {
  /** NFT_PAYLOAD_*. */
  readonly base: number;
  readonly offset: number;
  readonly length: number;
}

const networkField = (offset: number, length: number) => ({
  base: NFT_PAYLOAD_NETWORK_HEADER,
  offset,
  length,
});
const transportField = (offset: number, length: number) => ({
  base: NFT_PAYLOAD_TRANSPORT_HEADER,
  offset,
  length,
});

/** RFC 791. */
export const ipv4 = {
  protocol: networkField(9, 1),
  source: networkField(12, 4),
  destination: networkField(16, 4),
};
/** RFC 8200. */
export const ipv6 = { destination: networkField(24, 16) };
/** The same in UDP (RFC 768) and TCP. */
export const ports = { source: transportField(0, 2), destination: transportField(2, 2) };
/** RFC 9293. */
export const tcp = { sequence: transportField(4, 4), flags: transportField(13, 1) };
/** RFC 792. */
export const icmp = { typeAndCode: transportField(0, 2) };

/** Where a protocol has its checksum, behind the beginning of its header. */
export const checksumOffsets = { udp: 6, tcp: 16 } as const;

/** Of 32 bits, in the machine's byte order. */
export function numberBytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Bytes as they are. */
export const raw: Codec<Uint8Array> = { write: (to, value) => to.raw(value), read: (from) => from.raw() };
/** NFTA_DATA_*: a value, or a verdict. */
export const data = attrs({ value: [1, raw], verdict: [2, attrs({ code: [1, u32be], chain: [2, text] })] });

const payload = attrs({
  destination: [1, u32be],
  base: [2, u32be],
  offset: [3, u32be],
  length: [4, u32be],
  source: [5, u32be],
  checksumType: [6, u32be],
  checksumOffset: [7, u32be],
});
const comparison = attrs({ source: [1, u32be], operator: [2, u32be], data: [3, data] });
const immediate = attrs({ destination: [1, u32be], data: [2, data] });

/** One step of a rule: where it does not hold the rule ends. */
export interface Expression {
  readonly name: string;
  writeData(to: ByteWriter): void;
}

export function expression<T>(name: string, codec: Codec<T>, value: T): Expression {
  return { name, writeData: (to) => codec.write(to, value) };
}

/** Reads a field into a register. */
export function load(field: PacketField, destination: number): Expression {
  return expression("payload", payload, { destination, ...field });
}

/** Holds where the first register has these bytes. */
export function isRead(value: Uint8Array): Expression {
  return expression("cmp", comparison, { source: NFT_REG_1, operator: NFT_CMP_EQ, data: { value } });
}

/** Holds where the first register has other bytes. */
export function isOther(value: Uint8Array): Expression {
  return expression("cmp", comparison, { source: NFT_REG_1, operator: NFT_CMP_NEQ, data: { value } });
}

/** Holds where a field has these bytes. */
export function equals(field: PacketField, value: Uint8Array): Expression[] {
  return [load(field, NFT_REG_1), isRead(value)];
}

/** Writes these bytes to a field, and corrects the checksum that is over them. */
export function set(field: PacketField, value: Uint8Array, checksumOffset: number): Expression[] {
  return [
    expression("immediate", immediate, { destination: NFT_REG_1, data: { value } }),
    expression("payload", payload, {
      ...field,
      source: NFT_REG_1,
      checksumType: NFT_PAYLOAD_CSUM_INET,
      checksumOffset,
    }),
  ];
}

export const drop: Expression = expression("immediate", immediate, {
  destination: NFT_REG_VERDICT,
  data: { verdict: { code: NF_DROP } },
});

export const accept: Expression = expression("immediate", immediate, {
  destination: NFT_REG_VERDICT,
  data: { verdict: { code: NF_ACCEPT } },
});

/** The verdict that leads to a chain, and not back. */
export function goTo(chain: string): { readonly verdict: { readonly code: number; readonly chain: string } } {
  return { verdict: { code: NFT_GOTO, chain } };
}

/** Goes on in another chain. */
export function leadTo(chain: string): Expression {
  return expression("immediate", immediate, { destination: NFT_REG_VERDICT, data: goTo(chain) });
}

/** Writes what NFTA_RULE_EXPRESSIONS holds. */
export function writeExpressions(to: ByteWriter, expressions: readonly Expression[]): void {
  for (const { name, writeData } of expressions) {
    writeAttribute(to, NFTA_LIST_ELEM, () => {
      writeAttribute(to, NFTA_EXPR_NAME, () => text.write(to, name));
      writeAttribute(to, NFTA_EXPR_DATA, () => writeData(to));
    });
  }
}

/** A step as the kernel tells it: its attributes by their numbers. */
export interface ListedExpression {
  readonly name: string;
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** Reads what NFTA_RULE_EXPRESSIONS holds. */
export function readExpressions(from: ByteReader): ListedExpression[] {
  const expressions: ListedExpression[] = [];
  readAttributes(from, (type, element) => {
    if (type !== NFTA_LIST_ELEM) return;
    let name = "";
    let attributes: ReadonlyMap<number, Uint8Array> = new Map();
    readAttributes(element, (part, payload) => {
      if (part === NFTA_EXPR_NAME) name = text.read(payload);
      else if (part === NFTA_EXPR_DATA) attributes = attributesOf(payload);
    });
    expressions.push({ name, attributes });
  });
  return expressions;
}

const scratch = new ByteWriter();

/** A step of ours as the kernel would tell it, but for what it adds itself. */
export function asListed({ name, writeData }: Expression): ListedExpression {
  scratch.clear();
  writeData(scratch);
  return { name, attributes: attributesOf(new ByteReader(scratch.storage, 0, scratch.length)) };
}

function attributesOf(from: ByteReader): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  readAttributes(from, (type, payload) => attributes.set(type, payload.raw()));
  return attributes;
}
