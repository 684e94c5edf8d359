/**
 * For tests: arbitrary values of the specs, and what a test of states needs of the kernel.
 */
import fc from "fast-check";
import {
  type AnySampled,
  all,
  i32,
  name,
  sampled,
  sampledWhole,
  u8,
  u16,
  u32,
  u64,
} from "../codec/test-support.ts";
import {
  policyIdStruct,
  policyStruct,
  selectorStruct,
  stateIdStruct,
  stateStruct,
  type TemplateFields,
  xfrmAttributes,
} from "./spec.ts";

const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = exactly(16);
const mark = all({ value: u32, mask: u32 });

const selector = all({
  destination: address,
  source: address,
  destinationPort: u16,
  destinationPortMask: u16,
  sourcePort: u16,
  sourcePortMask: u16,
  family: u16,
  destinationLength: u8,
  sourceLength: u8,
  protocol: u8,
  link: i32,
  user: u32,
});
const id = all({ destination: address, spi: u32, protocol: u8 });
const limits = all({
  softBytes: u64,
  hardBytes: u64,
  softPackets: u64,
  hardPackets: u64,
  softSecondsAfterAdding: u64,
  hardSecondsAfterAdding: u64,
  softSecondsAfterUse: u64,
  hardSecondsAfterUse: u64,
});
const usage = all({ bytes: u64, packets: u64, addedAt: u64, usedAt: u64 });

/** Every spec of IPsec by name. */
export const specs: Readonly<Record<string, AnySampled>> = {
  selectorStruct: { codec: selectorStruct, values: selector },
  stateStruct: {
    codec: stateStruct,
    values: all<ReturnType<typeof stateStruct.read>>({
      selector,
      id,
      source: address,
      limits,
      usage,
      statistics: all({ replayWindow: u32, replayed: u32, failed: u32 }),
      sequence: u32,
      requestId: u32,
      family: u16,
      mode: u8,
      replayWindow: u8,
      flags: u8,
    }),
  },
  stateIdStruct: sampledWhole<ReturnType<typeof stateIdStruct.read>>(stateIdStruct, {
    destination: address,
    spi: u32,
    family: u16,
    protocol: u8,
  }),
  policyStruct: {
    codec: policyStruct,
    values: all<ReturnType<typeof policyStruct.read>>({
      selector,
      limits,
      usage,
      priority: u32,
      index: u32,
      direction: u8,
      action: u8,
      flags: u8,
      share: u8,
    }),
  },
  policyIdStruct: sampledWhole<ReturnType<typeof policyIdStruct.read>>(policyIdStruct, {
    selector,
    index: u32,
    direction: u8,
  }),
  xfrmAttributes: sampled(xfrmAttributes, {
    templates: fc.array(
      all<TemplateFields>({
        id,
        family: u16,
        source: address,
        requestId: u32,
        mode: u8,
        share: u8,
        optional: u8,
        authentications: u32,
        encryptions: u32,
        compressions: u32,
      }),
      { maxLength: 4 },
    ),
    source: address,
    aead: all({ algorithm: name, key: exactly(36), icvBits: u32 }),
    mark,
    replay: all({
      outgoing: u32,
      incoming: u32,
      outgoingHigh: u32,
      incomingHigh: u32,
      window: fc.nat(128).map((words) => words * 32),
    }),
    interfaceId: u32,
  }),
};
