/**
 * The C library's functions that we call, typed: each answers as in C, and {@link check} turns -1 into a KernelError.
 * Sizes are spelled `unsigned long` because koffi has no size_t on Linux.
 */
import { constants } from "node:os";
import koffi from "koffi";
import { KernelError } from "./errors.ts";
import { errnoOf, type Fault, gated } from "./seam.ts";

const lib = koffi.load("libc.so.6");

/** An `int f(...)` of the C library. */
type IntFunction<Arguments extends readonly unknown[]> = (...args: Arguments) => number;

function declare<Arguments extends readonly unknown[]>(prototype: string): IntFunction<Arguments> {
  return lib.func(prototype) as unknown as IntFunction<Arguments>;
}

/** A call that is made to fail: -1 and the errno, or fewer bytes than came. */
function refuse(fault: Fault, _crossing: unknown, answer: unknown): number {
  if (fault.torn === true && typeof answer === "number") return answer >> 1;
  koffi.errno(errnoOf(fault));
  return -1;
}

export const libc = gated(
  "syscall",
  {
    open: declare<[path: string, flags: number, mode: number]>("int open(const char *, int, int)"),
    memfd_create: declare<[name: string, flags: number]>("int memfd_create(const char *, unsigned int)"),
    close: declare<[fd: number]>("int close(int)"),
    dup3: declare<[fd: number, onto: number, flags: number]>("int dup3(int, int, int)"),
    flock: declare<[fd: number, operation: number]>("int flock(int, int)"),
    fcntl: declare<[fd: number, command: number, argument: number]>("int fcntl(int, int, int)"),
    setns: declare<[fd: number, kind: number]>("int setns(int, int)"),
    /** The same, for the way back: where it fails the process ends. */
    setnsBack: declare<[fd: number, kind: number]>("int setns(int, int)"),
    unshare: declare<[flags: number]>("int unshare(int)"),
    mount: declare<[source: string, target: string, type: string | null, flags: number, data: string | null]>(
      "int mount(const char *, const char *, const char *, unsigned long, const char *)",
    ),
    umount2: declare<[target: string, flags: number]>("int umount2(const char *, int)"),
    socket: declare<[domain: number, type: number, protocol: number]>("int socket(int, int, int)"),
    bind: declare<[fd: number, address: Uint8Array, length: number]>(
      "int bind(int, const uint8_t *, uint32_t)",
    ),
    connect: declare<[fd: number, address: Uint8Array, length: number]>(
      "int connect(int, const uint8_t *, uint32_t)",
    ),
    listen: declare<[fd: number, backlog: number]>("int listen(int, int)"),
    setsockopt: declare<[fd: number, level: number, name: number, value: Uint8Array, length: number]>(
      "int setsockopt(int, int, int, const uint8_t *, uint32_t)",
    ),
    getsockopt: declare<[fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array]>(
      "int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint8_t *)",
    ),
    send: declare<[fd: number, data: Uint8Array, length: number, flags: number]>(
      "long send(int, const uint8_t *, unsigned long, int)",
    ),
    recv: declare<[fd: number, data: Uint8Array, length: number, flags: number]>(
      "long recv(int, _Out_ uint8_t *, unsigned long, int)",
    ),
    recvmsg: declare<[fd: number, header: Uint8Array, flags: number]>(
      "long recvmsg(int, _Inout_ uint8_t *, int)",
    ),
    sendto: declare<
      [
        fd: number,
        data: Uint8Array,
        length: number,
        flags: number,
        address: Uint8Array,
        addressLength: number,
      ]
    >("long sendto(int, const uint8_t *, unsigned long, int, const uint8_t *, uint32_t)"),
    /** `vector` is the address of struct mmsghdr in {@link pinnedMemory}. */
    recvmmsg: declare<[fd: number, vector: number, length: number, flags: number, timeout: null]>(
      "int recvmmsg(int, unsigned long, unsigned int, int, void *)",
    ),
    /** As recvmmsg. */
    sendmmsg: declare<[fd: number, vector: number, length: number, flags: number]>(
      "int sendmmsg(int, unsigned long, unsigned int, int)",
    ),
    accept4: declare<[fd: number, address: null, length: null, flags: number]>(
      "int accept4(int, void *, void *, int)",
    ),
    shutdown: declare<[fd: number, how: number]>("int shutdown(int, int)"),
    epoll_create1: declare<[flags: number]>("int epoll_create1(int)"),
    epoll_ctl: declare<[epoll: number, operation: number, fd: number, event: Uint8Array | null]>(
      "int epoll_ctl(int, int, int, const uint8_t *)",
    ),
    /** Blocks the calling thread. */
    epoll_wait: declare<[epoll: number, events: Uint8Array, length: number, timeoutMs: number]>(
      "int epoll_wait(int, _Out_ uint8_t *, int, int)",
    ),
    eventfd: declare<[value: number, flags: number]>("int eventfd(unsigned int, int)"),
    eventfd_write: declare<[fd: number, value: number]>("int eventfd_write(int, uint64_t)"),
    eventfd_read: declare<[fd: number, value: Uint8Array]>("int eventfd_read(int, _Out_ uint8_t *)"),
    inotify_init1: declare<[flags: number]>("int inotify_init1(int)"),
    inotify_add_watch: declare<[fd: number, path: string, mask: number]>(
      "int inotify_add_watch(int, const char *, uint32_t)",
    ),
    ioctl: declare<[fd: number, request: number, argument: Uint8Array]>(
      "int ioctl(int, unsigned long, _Inout_ uint8_t *)",
    ),
    ioctlValue: declare<[fd: number, request: number, argument: number]>(
      "int ioctl(int, unsigned long, unsigned long)",
    ),
  },
  refuse,
);

/** The errno that the last synchronous call of this thread left. */
export function lastErrno(): number {
  return koffi.errno();
}

/** Makes a call again for as long as a signal interrupts it: what it was to do was not done. */
export function uninterrupted(call: () => number): number {
  let result: number;
  do result = call();
  while (result < 0 && koffi.errno() === constants.errno.EINTR);
  return result;
}

/** Memory that C may keep the address of: unlike a small Buffer's, it stays where it is. */
export function pinnedMemory(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length));
}

/** Where the bytes of {@link pinnedMemory} are. */
export function addressOf(memory: Buffer): bigint {
  return BigInt(koffi.address(memory));
}

/** The same as a number, for structures that are filled in for every packet: an address of a process fits into 53 bits. */
export function addressNumberOf(memory: Buffer): number {
  return Number(addressOf(memory));
}

/** Passes a result through; -1 becomes a {@link KernelError} that names the call and what it was about. */
export function check(result: number, operation: string, subject?: string): number {
  if (result >= 0) return result;
  throw new KernelError({ operation, errno: koffi.errno(), ...(subject === undefined ? {} : { subject }) });
}

/**
 * A path as C may have it: a text with a NUL would reach the kernel cut off, and mean another file.
 *
 * @throws KernelError EINVAL
 */
export function cPath(path: string, operation: string): string {
  if (!path.includes("\0")) return path;
  throw new KernelError({
    operation,
    subject: JSON.stringify(path),
    errno: constants.errno.EINVAL,
    kernelMessage: "the path has a NUL in it",
  });
}
