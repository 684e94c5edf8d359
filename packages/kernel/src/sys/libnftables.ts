/**
 * libnftables.so.1 (nftables/libnftables.h), typed: contexts that run commands in nft's language against the kernel.
 * The library is loaded when the first context is made, so that a program which needs no nftables does without it.
 */

import koffi from "koffi";
import { KernelError, UnsupportedFeatureError } from "./errors.ts";
import { OwnedFd } from "./fd.ts";
import { files } from "./files.ts";
import { libc } from "./libc.ts";
import { AF_NETLINK, SOL_SOCKET } from "./socket.ts";

/** A `struct nft_ctx *`. */
export type NftHandle = { readonly __struct: "nft_ctx" };

// nftables/libnftables.h, NFT_CTX_OUTPUT_*
export const NFT_CTX_OUTPUT_JSON = 1 << 4;
export const NFT_CTX_OUTPUT_NUMERIC_PRIO = 1 << 8;
/** Sets are listed without their elements. */
export const NFT_CTX_OUTPUT_TERSE = 1 << 11;

/** <asm-generic/socket.h> */
const SO_DOMAIN = 39;
const domain = Buffer.alloc(4);
const domainLength = Buffer.alloc(4);

/** <linux/fcntl.h> */
const F_DUPFD_CLOEXEC = 1030;
/** <asm-generic/ioctls.h> */
const FIOCLEX = 0x5451;
/** <sys/select.h> FD_SETSIZE: glibc aborts the process that hands select() a descriptor of this or more. */
const FD_SETSIZE = 1024;
/**
 * Descriptors below FD_SETSIZE kept free for contexts that are opened when a program holds a thousand files, and for what
 * libnftables opens while it runs.
 */
const reserveSize = 4;

function load() {
  let lib: ReturnType<typeof koffi.load>;
  try {
    lib = koffi.load("libnftables.so.1");
  } catch (error) {
    throw new UnsupportedFeatureError(
      "libnftables.so.1",
      "install it, on Debian and Ubuntu with: apt-get install libnftables1",
      error,
    );
  }
  const declare = <Arguments extends readonly unknown[], Result>(prototype: string) =>
    lib.func(prototype) as unknown as (...args: Arguments) => Result;
  return {
    open: declare<[flags: number], NftHandle | null>("void *nft_ctx_new(uint32_t)"),
    free: declare<[handle: NftHandle], void>("void nft_ctx_free(void *)"),
    setOutputFlags: declare<[handle: NftHandle, flags: number], void>(
      "void nft_ctx_output_set_flags(void *, unsigned int)",
    ),
    setDryRun: declare<[handle: NftHandle, on: boolean], void>("void nft_ctx_set_dry_run(void *, bool)"),
    bufferOutput: declare<[handle: NftHandle], number>("int nft_ctx_buffer_output(void *)"),
    bufferError: declare<[handle: NftHandle], number>("int nft_ctx_buffer_error(void *)"),
    output: declare<[handle: NftHandle], string>("const char *nft_ctx_get_output_buffer(void *)"),
    error: declare<[handle: NftHandle], string>("const char *nft_ctx_get_error_buffer(void *)"),
    runBuffer: declare<[handle: NftHandle, commands: string], number>(
      "int nft_run_cmd_from_buffer(void *, const char *)",
    ),
    runFile: declare<[handle: NftHandle, path: string], number>(
      "int nft_run_cmd_from_filename(void *, const char *)",
    ),
  };
}

export type LibNftables = ReturnType<typeof load>;

let loaded: LibNftables | undefined;

/** @throws UnsupportedFeatureError where libnftables is not installed */
export function libnftables(): LibNftables {
  loaded ??= load();
  return loaded;
}

const reserve: number[] = [];

/** As many as there are. */
function holdLowDescriptors(): void {
  while (reserve.length < reserveSize) {
    let fd: number;
    try {
      fd = files.openSync("/dev/null", "r");
    } catch {
      return;
    }
    if (fd >= FD_SETSIZE) {
      files.closeSync(fd);
      return;
    }
    reserve.push(fd);
  }
}

// At start-up, when low descriptors are free.
holdLowDescriptors();

/** A context that is open. */
export interface OpenNft {
  readonly handle: NftHandle;
  /** Its socket, where that is known. */
  readonly socket: number | undefined;
}

/**
 * Opens a context whose socket lives in the calling thread's namespace.
 *
 * The kernel gives a new socket the lowest free descriptor. Where that would be one that select() cannot take, a
 * reserved low one is given up for it; where the reserve is used up, the context is refused.
 */
export function openNft(): OpenNft {
  const lib = libnftables();
  let expected = files.openSync("/dev/null", "r");
  files.closeSync(expected);
  if (expected >= FD_SETSIZE) {
    const reserved = reserve.pop();
    if (reserved === undefined) {
      throw new KernelError({
        operation: "nft_ctx_new",
        errno: 24, // EMFILE
        kernelMessage: `libnftables needs a descriptor below ${FD_SETSIZE} and all are in use: open nftables contexts before many files or namespaces, or close some`,
      });
    }
    files.closeSync(reserved);
    expected = reserved;
  }
  const handle = lib.open(0);
  if (handle === null) throw new KernelError({ operation: "nft_ctx_new", errno: 12 });
  const socket = keepFromChildren(expected) ? expected : undefined;
  lib.bufferOutput(handle);
  lib.bufferError(handle);
  return { handle, socket };
}

/**
 * Has a context's socket closed in processes that are started: libmnl opens it without, and they would hold it, and with it the
 * namespace. Nobody tells which it is, and another thread may have taken the descriptor that was free: then all sockets of its kind are meant.
 *
 * @returns whether it is the one that was expected
 */
function keepFromChildren(expected: number): boolean {
  if (closeOnExec(expected)) return true;
  try {
    for (const name of files.readdirSync("/proc/self/fd")) closeOnExec(Number(name));
  } catch {
    // No descriptor is left to look with: a process that is started may hold it, which is no reason to be without a firewall.
  }
  return false;
}

/** @returns false where it is no netlink socket */
function closeOnExec(fd: number): boolean {
  domainLength.writeUInt32LE(domain.length);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_DOMAIN, domain, domainLength) < 0) return false;
  return domain.readInt32LE() === AF_NETLINK && libc.ioctlValue(fd, FIOCLEX, 0) >= 0;
}

/**
 * Runs commands in a context, with a descriptor for libnftables: it asks for the machine's interfaces on a socket of its own, and
 * where it gets none it ends the process (iface.c, netlink_init_error()).
 *
 * @throws Error of node:fs, EMFILE, where there is none
 */
export function withDescriptorForNft<T>(run: () => T): T {
  files.closeSync(reserve.pop() ?? files.openSync("/dev/null", "r"));
  try {
    return run();
  } finally {
    holdLowDescriptors();
  }
}

export function freeNft({ handle }: OpenNft): void {
  libnftables().free(handle);
  holdLowDescriptors();
}

/**
 * The same, where the kernel takes its time to close the socket: it does so with the last descriptor, which another thread closes.
 *
 * @returns when that is done
 */
export function freeNftAside(open: OpenNft): Promise<void> {
  const { socket } = open;
  const last = socket === undefined ? -1 : libc.fcntl(socket, F_DUPFD_CLOEXEC, 0);
  freeNft(open);
  return last < 0 ? Promise.resolve() : new OwnedFd(last).closeAside();
}
