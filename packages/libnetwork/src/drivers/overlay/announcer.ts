/**
 * Announcer: tells everybody on a segment which MAC an address has now.
 */
import { FrameSender, isKernelError, type NetNamespace } from "@causeway/kernel";
import { announcementOf } from "../../address/announcement.ts";
import type { AddressEntry } from "./entries.ts";

/** A killed process is not gone before the kernel has closed each of its sockets, one after another: idle ones are not kept. */
const idleMs = 1000;

export class Announcer implements AsyncDisposable {
  readonly #namespace: NetNamespace;
  #socket: FrameSender | undefined;
  #closing: NodeJS.Timeout | undefined;
  /** Of the last socket. */
  #closed: Promise<void> | undefined;
  #isDisposed = false;

  constructor(namespace: NetNamespace) {
    this.#namespace = namespace;
  }

  /** @param bridge index of the link that all hear */
  announce(bridge: number, entries: readonly AddressEntry[]): void {
    if (this.#isDisposed) return;
    const socket = this.#open();
    try {
      for (const { address, mac } of entries) socket.send(bridge, announcementOf(address, mac));
    } catch (error) {
      // On a bridge that somebody set down nobody hears anything: the doctor tells of it.
      if (!isKernelError(error, "ENETDOWN", "ENXIO", "ENODEV")) throw error;
    }
  }

  #open(): FrameSender {
    this.#socket ??= new FrameSender(this.#namespace);
    this.#closing ??= setTimeout(() => void this.#close(), idleMs).unref();
    this.#closing.refresh();
    return this.#socket;
  }

  #close(): Promise<void> {
    clearTimeout(this.#closing);
    this.#closing = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined)
      this.#closed = Promise.all([this.#closed, socket[Symbol.asyncDispose]()]).then(() => undefined);
    return this.#closed ?? Promise.resolve();
  }

  /** Announces nothing from the call on; returns when its sockets are closed. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    return this.#close();
  }
}
