/**
 * Telling the neighbours once more: an announcement can be lost, so it is repeated a few times, as Docker does.
 */
import { isKernelError, NetNamespace, type Request, Rtnl } from "@causeway/kernel";

export interface Announcement {
  readonly namespacePath: string;
  /** The request that makes the kernel announce. */
  readonly request: Request;
  /** How many times more. */
  readonly times: number;
  readonly intervalMs: number;
}

export class Announcer implements Disposable {
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Announcements whose time has come. Many fall due together after many attaches: they are made one a turn of the loop. */
  readonly #due: Announcement[] = [];
  #turn: NodeJS.Immediate | undefined;

  /** Repeats an announcement after each interval. Nothing here keeps the process alive. */
  schedule(announcement: Announcement): void {
    if (announcement.times <= 0) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#due.push(announcement);
      this.#takeTurns();
    }, announcement.intervalMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #takeTurns(): void {
    if (this.#turn !== undefined || this.#due.length === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      const announcement = this.#due.shift();
      if (announcement !== undefined && repeat(announcement)) {
        this.schedule({ ...announcement, times: announcement.times - 1 });
      }
      this.#takeTurns();
    });
    this.#turn.unref();
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#due.length = 0;
    if (this.#turn !== undefined) clearImmediate(this.#turn);
  }
}

/** Answers false where the sandbox or its interface is gone: there is nothing left to announce. */
function repeat({ namespacePath, request }: Announcement): boolean {
  try {
    using namespace = NetNamespace.open(namespacePath);
    using rtnl = new Rtnl(namespace);
    rtnl.execute(request);
    return true;
  } catch (error) {
    if (isKernelError(error)) return false;
    throw error;
  }
}
