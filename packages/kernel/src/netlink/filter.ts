/**
 * Which datagrams of an event socket are worth waking up for, as data: the kernel throws the others away. linux/filter.h.
 *
 * A filter is a list of choices, a choice a list of conditions: a datagram passes that meets every condition of any choice.
 * Conditions are asked in their order, and a datagram that is too short for one is thrown away: first its type, then the rest.
 */
import type { FilterInstruction } from "../sys/socket-filter.ts";

/** A number at a fixed place of a datagram, of one, two or four bytes. */
interface Field {
  readonly at: number;
  readonly bytes: 1 | 2 | 4;
  /** Netfilter's numbers are in network order, rtnetlink's in this machine's. */
  readonly order: "host" | "network";
}

export interface Condition {
  readonly field: Field;
  /** `some`: any of the bits is set. */
  readonly test: "equal" | "different" | "some" | "none";
  readonly value: number;
}

export type Choice = readonly Condition[];
export type Filter = readonly Choice[];

const condition =
  (test: Condition["test"]) =>
  (field: Field, value: number): Condition => ({ field, test, value });

export const is = condition("equal");
export const isNot = condition("different");
export const hasSome = condition("some");
export const hasNone = condition("none");

export const byteAt = (at: number): Field => ({ at, bytes: 1, order: "network" });
export const host16At = (at: number): Field => ({ at, bytes: 2, order: "host" });
export const host32At = (at: number): Field => ({ at, bytes: 4, order: "host" });
export const network32At = (at: number): Field => ({ at, bytes: 4, order: "network" });

/** struct nlmsghdr: what follows it, and its field nlmsg_type. */
export const payloadAt = 16;
export const messageType = host16At(4);

// linux/bpf_common.h: BPF_LD | BPF_ABS of a size, BPF_JMP, BPF_RET.
const load = { 1: 0x30, 2: 0x28, 4: 0x20 } as const;
const jumpIfEqual = 0x15;
const jumpIfSome = 0x45;
const answer = 0x06;

/** @param accepted bytes that are kept of a datagram that passes. Default: all */
export function filterProgram(filter: Filter, accepted = 0xffff_ffff): readonly FilterInstruction[] {
  return [...filter.flatMap((choice) => choiceProgram(choice, accepted)), { code: answer, operand: 0 }];
}

function choiceProgram(choice: Choice, accepted: number): readonly FilterInstruction[] {
  const length = 2 * choice.length + 1;
  return [
    ...choice.flatMap(({ field, test, value }, index): FilterInstruction[] => {
      const code = test === "equal" || test === "different" ? jumpIfEqual : jumpIfSome;
      // From behind this condition to behind the choice.
      const next = length - 2 * (index + 1);
      const wanted = test === "equal" || test === "some";
      return [
        { code: load[field.bytes], operand: field.at },
        { code, operand: asLoaded(field, value), ...(wanted ? { ifFalse: next } : { ifTrue: next }) },
      ];
    }),
    { code: answer, operand: accepted },
  ];
}

/** A load takes every number for one in network order; the machines that we run on have the other. */
function asLoaded({ bytes, order }: Field, value: number): number {
  if (order === "network" || bytes === 1) return value >>> 0;
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return bytes === 2 ? buffer.readUInt16BE() : buffer.readUInt32BE();
}
