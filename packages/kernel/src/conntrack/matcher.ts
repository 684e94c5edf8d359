/**
 * Says which connections any of many filters means, without taking each connection apart: the price of a connection
 * grows with the number of different kinds of filters (which fields they name, and subnets of which length), not with the
 * number of filters.
 */
import { scanAttributes } from "../codec/attrs.ts";
import { familyOfVersion } from "../netlink/family.ts";
import { netfilterHeaderLength } from "../netlink/netfilter.ts";
import type { FlowFilter, NormalFilter } from "./filter.ts";
import { beginning, isSubnet, prefixBytes } from "./prefix.ts";
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_ORIG,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_REPLY,
} from "./spec.ts";

// Numbers of the values that filters can ask for: the family, then a row of five for each direction.
const familySlot = 0;
const originalSlots = 1;
const replySlots = 6;
const source = 0;
const destination = 1;
const protocol = 2;
const sourcePort = 3;
const destinationPort = 4;
const slotCount = 11;

/** Where to look in a message, and at how much of it. */
interface Field {
  readonly slot: number;
  /** Of a subnet: how many bits of the address count. Undefined: the value as a whole. */
  readonly prefixLength: number | undefined;
}

interface Criterion extends Field {
  /** The value as it is on the wire, one character a byte; of a subnet, its beginning(). */
  readonly value: string;
}

const whole = (slot: number, value: string): Criterion => ({ slot, prefixLength: undefined, value });
const word = (slot: number, value: number) => whole(slot, String.fromCharCode(value >> 8, value & 0xff));

function ip(slot: number, text: string): Criterion {
  const { bytes, length } = prefixBytes(text);
  if (!isSubnet(text)) return whole(slot, bytes.toString("latin1"));
  return { slot, prefixLength: length, value: beginning(bytes, 0, bytes.length, length) };
}

/** What a filter asks for, always in the same order. */
function criteria(filter: NormalFilter): Criterion[] {
  const found: Criterion[] = [];
  if (filter.family !== undefined) {
    found.push(whole(familySlot, String.fromCharCode(familyOfVersion(filter.family))));
  }
  if (filter.protocol !== undefined) {
    found.push(whole(originalSlots + protocol, String.fromCharCode(filter.protocol)));
  }
  addFlow(found, originalSlots, filter.original);
  addFlow(found, replySlots, filter.reply);
  return found;
}

function addFlow(to: Criterion[], slots: number, flow: FlowFilter): void {
  if (flow.source !== undefined) to.push(ip(slots + source, flow.source));
  if (flow.destination !== undefined) to.push(ip(slots + destination, flow.destination));
  if (flow.sourcePort !== undefined) to.push(word(slots + sourcePort, flow.sourcePort));
  if (flow.destinationPort !== undefined) to.push(word(slots + destinationPort, flow.destinationPort));
}

/** Filters that look at the same fields, by the values that they ask for, one after the other. */
interface Shape {
  readonly fields: readonly Field[];
  readonly values: Set<string>;
}

export class ConnectionMatcher {
  readonly #shapes: readonly Shape[];
  /** Where the values of the message at hand begin and end; 0 to 0 where it has none. */
  readonly #starts = new Uint16Array(slotCount);
  readonly #ends = new Uint16Array(slotCount);

  constructor(filters: readonly NormalFilter[]) {
    const shapes = new Map<string, Shape>();
    for (const filter of filters) {
      const wanted = criteria(filter);
      const kind = wanted.map(({ slot, prefixLength = "" }) => `${slot}/${prefixLength}`).join();
      const shape = shapes.get(kind) ?? { fields: wanted, values: new Set() };
      shapes.set(kind, shape);
      shape.values.add(wanted.map(({ value }) => value).join(""));
    }
    this.#shapes = [...shapes.values()];
  }

  /** @param message an answer's payload: struct nfgenmsg and CTA_* attributes, which the kernel has written */
  matches(message: Buffer): boolean {
    this.#locate(message);
    return this.#shapes.some(({ fields, values }) => {
      let key = "";
      for (const field of fields) key += this.#valueOf(field, message);
      return values.has(key);
    });
  }

  #valueOf({ slot, prefixLength }: Field, message: Buffer): string {
    const start = this.#starts[slot] ?? 0;
    const end = this.#ends[slot] ?? 0;
    if (prefixLength === undefined) return message.toString("latin1", start, end);
    return beginning(message, start, end, prefixLength);
  }

  #locate(message: Buffer): void {
    this.#starts.fill(0);
    this.#ends.fill(0);
    this.#ends[familySlot] = 1;
    scanAttributes(message, netfilterHeaderLength, message.length, (type, start, end) => {
      if (type === CTA_TUPLE_ORIG) this.#locateTuple(message, start, end, originalSlots);
      else if (type === CTA_TUPLE_REPLY) this.#locateTuple(message, start, end, replySlots);
    });
  }

  #locateTuple(message: Buffer, from: number, to: number, slots: number): void {
    scanAttributes(message, from, to, (part, partStart, partEnd) => {
      const slotOf = slotOfPart.get(part);
      if (slotOf === undefined) return;
      scanAttributes(message, partStart, partEnd, (type, start, end) => {
        const slot = slotOf.get(type);
        if (slot === undefined) return;
        this.#starts[slots + slot] = start;
        this.#ends[slots + slot] = end;
      });
    });
  }
}

/** CTA_TUPLE_*: the slots of what stands within, by its own number. */
const slotOfPart: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [
    CTA_TUPLE_IP,
    new Map([
      [CTA_IP_V4_SRC, source],
      [CTA_IP_V4_DST, destination],
      [CTA_IP_V6_SRC, source],
      [CTA_IP_V6_DST, destination],
    ]),
  ],
  [
    CTA_TUPLE_PROTO,
    new Map([
      [CTA_PROTO_NUM, protocol],
      [CTA_PROTO_SRC_PORT, sourcePort],
      [CTA_PROTO_DST_PORT, destinationPort],
    ]),
  ],
]);
