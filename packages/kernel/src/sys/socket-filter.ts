/**
 * Filters of sockets, run by the kernel on each datagram before it is queued: linux/filter.h (classic BPF), SO_ATTACH_FILTER of
 * socket(7).
 */
import type { OwnedFd } from "./fd.ts";
import { addressOf, check, libc, pinnedMemory } from "./libc.ts";
import { SOL_SOCKET } from "./socket.ts";

/** One instruction: struct sock_filter. The jumps say how many instructions are passed over. */
export interface FilterInstruction {
  readonly code: number;
  readonly ifTrue?: number;
  readonly ifFalse?: number;
  readonly operand: number;
}

const instructionLength = 8;
// asm-generic/socket.h
const SO_ATTACH_FILTER = 26;

/** What the program answers is how many bytes of a datagram are queued; 0 drops it. */
export function attachFilter(socket: OwnedFd, program: readonly FilterInstruction[]): void {
  const instructions = pinnedMemory(program.length * instructionLength);
  program.forEach(({ code, ifTrue = 0, ifFalse = 0, operand }, index) => {
    const at = instructions.writeUInt16LE(code, index * instructionLength);
    instructions.writeUInt8(ifTrue, at);
    instructions.writeUInt8(ifFalse, at + 1);
    instructions.writeUInt32LE(operand >>> 0, at + 2);
  });
  // struct sock_fprog: the kernel copies the instructions.
  const head = Buffer.alloc(16);
  head.writeUInt16LE(program.length);
  head.writeBigUInt64LE(addressOf(instructions), 8);
  check(
    libc.setsockopt(socket.fd, SOL_SOCKET, SO_ATTACH_FILTER, head, head.length),
    "setsockopt",
    "SO_ATTACH_FILTER",
  );
}
