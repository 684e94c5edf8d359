/**
 * What systemd is told of us, where it has started us and asks for it: sd_notify(3).
 */
import { notifyServiceManager } from "@causeway/kernel";

export class ServiceManager implements Disposable {
  readonly #socket: string | undefined;
  /** Microseconds within which a sign of life is waited for. */
  readonly #watchdog: number;
  #timer: NodeJS.Timeout | undefined;

  /** Without NOTIFY_SOCKET nobody is told anything. */
  constructor(environment: Readonly<Record<string, string | undefined>>, pid: number = process.pid) {
    this.#socket = environment.NOTIFY_SOCKET;
    const forUs = [undefined, String(pid)].includes(environment.WATCHDOG_PID);
    this.#watchdog = forUs ? Number(environment.WATCHDOG_USEC ?? 0) : 0;
  }

  /** We answer requests. From now on there are signs of life, for as long as the event loop turns. */
  ready(status: string): void {
    this.#tell("READY=1", `STATUS=${status}`, `MAINPID=${process.pid}`);
    if (this.#watchdog > 0 && this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tell("WATCHDOG=1"), this.#watchdog / 2000);
      this.#timer.unref();
    }
  }

  /** {@link ready} ends it. */
  reloading(): void {
    this.#tell("RELOADING=1", `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  /** @param seconds that it may take */
  stopping(seconds: number): void {
    this.#tell("STOPPING=1", `EXTEND_TIMEOUT_USEC=${(seconds + 5) * 1_000_000}`);
  }

  /** What went wrong, for `systemctl status`. */
  failed(reason: string): void {
    this.#tell(`STATUS=${reason.replaceAll("\n", "; ")}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tell(...lines: readonly string[]): void {
    if (this.#socket === undefined) return;
    try {
      notifyServiceManager(this.#socket, lines.join("\n"));
    } catch {
      // Nobody listens there any more, or its queue is full: a daemon's work does not depend on it.
    }
  }
}
