/**
 * Telling the neighbours who has an address now, outside of the join that it belongs to, and a few times: an announcement
 * can be lost.
 */
import { isKernelError, type Request, Rtnl, withReserve } from "@causeway/kernel";
import type { NamespacePlace } from "../contracts/netstack.ts";
import { findNamespace } from "./namespace-place.ts";

export interface Announcement {
  readonly namespace: NamespacePlace;
  /** The request that makes the kernel announce. */
  readonly request: Request;
  /** How many times. */
  readonly times: number;
  readonly intervalMs: number;
}

/** Keeps the process alive for what is due now, not for what is to be repeated later. */
export class Announcer implements Disposable {
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Those whose time has come. Many fall due together after many attaches: they are made one a turn of the event loop. */
  readonly #due: Announcement[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** Announces as soon as the event loop gets to it, and again after each interval. */
  announce(announcement: Announcement): void {
    if (announcement.times <= 0) return;
    this.#due.push(announcement);
    this.#takeTurns();
  }

  /** Announces after each interval. */
  repeat(announcement: Announcement): void {
    if (announcement.times <= 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.announce(announcement);
    }, announcement.intervalMs);
    timer.unref();
    this.#timers.add(timer);
  }

  /** By immediates that are not unref()ed: the event loop would not turn for their sake. */
  #takeTurns(): void {
    if (this.#turn !== undefined || this.#due.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      const announcement = this.#due.shift();
      if (announcement !== undefined && tell(announcement)) {
        this.repeat({ ...announcement, times: announcement.times - 1 });
      }
      this.#takeTurns();
    });
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#due.length = 0;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
  }
}

/** Answers false where the sandbox or its interface is gone: there is nothing left to announce. */
function tell(announcement: Announcement): boolean {
  try {
    return withReserve(() => tellOnce(announcement));
  } catch (error) {
    if (isKernelError(error)) return false;
    throw error;
  }
}

function tellOnce({ namespace: place, request }: Announcement): boolean {
  using namespace = findNamespace(place);
  if (namespace === undefined) return false;
  using rtnl = new Rtnl(namespace);
  rtnl.execute(request);
  return true;
}
