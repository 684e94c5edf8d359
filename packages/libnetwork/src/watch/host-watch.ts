/**
 * KernelHostWatch: the host's kernel, listened to. Three ears (rtnetlink, nf_tables, the run directory), any of which may be deaf.
 */

import { join } from "node:path";
import {
  DirectoryWatch,
  isKernelError,
  type LossEvent,
  lossEvents,
  Monitor,
  type NetNamespace,
  type Overrun,
  type Rtnl,
  strangersTransactions,
} from "@causeway/kernel";
import type { Hint, HostWatch } from "../contracts/host-watch.ts";
import { messageOf } from "../errors.ts";
import { Losses } from "./losses.ts";

export interface HostWatchOptions {
  readonly host: NetNamespace;
  /** A connection to rtnetlink in the host's namespace. */
  readonly rtnl: Rtnl;
  /** Of namespaces that go from its folder `netns` is told. Undefined: there are none. */
  readonly runDir: string | undefined;
  /** What the aliases of our links begin with. */
  readonly mark: string;
  /** There are tables of ours in the packet filter. */
  readonly filtered: boolean;
}

/** Milliseconds for which events are gathered: what belongs together comes within one or two. */
const gathering = 25;
/** Tracing them takes a tenth of the thread's time at most; but it is not put off for longer than this, milliseconds. */
const share = 9;
const longestPause = 400;

export class KernelHostWatch implements HostWatch {
  readonly #options: HostWatchOptions;
  readonly #losses: Losses;
  #ears = new DisposableStack();
  #tell: (hints: readonly Hint[]) => void = () => undefined;
  #hints: Hint[] = [];
  #timer: NodeJS.Timeout | undefined;
  #notBefore = 0;
  #closed = false;

  constructor(options: HostWatchOptions) {
    this.#options = options;
    this.#losses = new Losses(options.mark);
  }

  start(tell: (hints: readonly Hint[]) => void): void {
    this.#tell = tell;
    const { host, runDir, filtered } = this.#options;
    this.#attempt("links, addresses and routes", () =>
      this.#hear(this.#openLosses(), (event) => this.#losses.add(event)),
    );
    if (filtered) {
      this.#attempt("the packet filter", () => {
        const monitor = new Monitor([strangersTransactions(host)], { namespace: host });
        this.#hear(monitor, () => this.#hints.push({ about: "firewall" }));
      });
    }
    if (runDir === undefined) return;
    const directory = join(runDir, "netns");
    this.#attempt(`files that go from ${directory}`, () => {
      const gone = (name: string | undefined) =>
        this.#gather(
          name === undefined ? { about: "everything" } : { about: "namespace", path: join(directory, name) },
        );
      this.#ears.use(new DirectoryWatch(directory, gone));
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#ears.dispose();
  }

  #attempt(unheard: string, listen: () => void): void {
    try {
      listen();
    } catch (error) {
      this.#deaf(unheard, error);
    }
  }

  #deaf(unheard: string, error: unknown): void {
    this.#gather({
      about: "nothing",
      unheard,
      reason: messageOf(error),
    });
  }

  #openLosses(): Monitor<LossEvent> {
    const { host } = this.#options;
    try {
      return new Monitor([lossEvents], { namespace: host, allNamespaces: true });
    } catch (error) {
      if (!isKernelError(error, "EPERM")) throw error;
      this.#deaf("what happens in sandboxes (CAP_NET_BROADCAST is missing)", error);
      return new Monitor([lossEvents], { namespace: host });
    }
  }

  /** Reads until it is closed. */
  #hear<E extends { readonly type: string }>(monitor: Monitor<E>, receive: (event: E) => void): void {
    this.#ears.use(monitor.unref());
    const read = async () => {
      for await (const event of monitor) {
        if (isOverrun(event)) this.#hints.push({ about: "everything" });
        else receive(event);
        this.#schedule();
      }
    };
    read().catch((error: unknown) => this.#deaf("the kernel's events", error));
  }

  #gather(hint: Hint): void {
    this.#hints.push(hint);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return;
    const wait = Math.max(gathering, this.#notBefore - performance.now());
    this.#timer = setTimeout(() => this.#flush(), wait).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    const start = performance.now();
    let hints = this.#hints;
    this.#hints = [];
    try {
      hints = [...hints, ...this.#losses.take(this.#options.rtnl)];
    } catch {
      // Not even that could be asked: whoever looks will say what is wrong.
      hints = [...hints, { about: "everything" }];
    }
    const end = performance.now();
    this.#notBefore = end + Math.min(share * (end - start), longestPause);
    if (this.#losses.unripe) this.#schedule();
    if (hints.length > 0) this.#tell(hints);
  }
}

function isOverrun(event: { readonly type: string }): event is Overrun {
  return event.type === "overrun";
}
