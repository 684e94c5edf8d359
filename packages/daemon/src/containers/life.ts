/**
 * The lives of containers: begun by whoever starts their keeper, ended when its mark says so, by a signal, or because nobody began.
 */
import { DirectoryWatch, files } from "@causeway/kernel";
import { KeyedMutex, messageOf } from "@causeway/libnetwork";
import type { Logger } from "pino";
import type { Launch } from "../api/index.ts";
import { type EndingParts, endContainer, removeRunFiles, tell } from "./ending.ts";
import { livingKeeper, withdrawLaunch } from "./keeper.ts";
import type { LiveContainer } from "./live.ts";
import { descendantsOf, isStillThere, signalProcess } from "./process.ts";
import { unknownExitCode } from "./record.ts";
import type { Registry } from "./registry.ts";
import type { Runtime } from "./runtime.ts";
import { startKeeper } from "./start.ts";
import { readStart, rememberStart, sweepStrays, takeUp } from "./take-up.ts";

/** Who is to be stopped while it is being started may begin for so long at least, milliseconds. */
const patienceWithStarts = 5_000;

/** A keeper whose process is gone has this long to tell of it, milliseconds. */
const patienceWithKeepers = 5_000;

/** How often one that was killed is looked for, milliseconds. */
const lookEvery = 200;

/** A client has this long from the answer to its start of what it was told, milliseconds. One that died has not begun by then. */
const patienceWithClients = 30_000;

export class Lives {
  readonly #parts: EndingParts;
  readonly #registry: Registry;
  readonly #runtime: Runtime;
  readonly #log: Logger;
  readonly #mutex = new KeyedMutex();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #watch: DirectoryWatch;
  #closing = false;

  constructor(parts: EndingParts, registry: Registry, runtime: Runtime, log: Logger) {
    this.#parts = parts;
    this.#registry = registry;
    this.#runtime = runtime;
    this.#log = log;
    this.#watch = new DirectoryWatch(parts.places.marks, (name) => this.#told(name), "come");
  }

  /**
   * What an earlier run has left goes on, is ended, or swept; see take-up.ts.
   *
   * @param untouched ids of containers that nothing is known of, but that they are
   */
  async takeUp(untouched: ReadonlySet<string>): Promise<void> {
    for (const container of [...this.#registry.own()]) {
      const { id } = container.record;
      await this.exclusively(id, async () => {
        if (container.ended && container.record.end === undefined) return;
        try {
          const standing = await takeUp(this.#parts, this.#runtime, container);
          if (standing === "gone") this.#registry.remove(container);
          if (standing === "waits") this.giveUpLater(container);
          if (standing === "runs" && container.pid !== undefined) container.began.resolve(true);
        } catch (error) {
          // One container is no reason for all the others to be without their daemon.
          this.#leave(container, error);
        }
      });
    }
    await sweepStrays(this.#parts, {
      isKnown: (id) => untouched.has(id) || this.#registry.ownById(id) !== undefined,
      failed: (id, error) => this.#tellLeft(id, error),
    });
  }

  /** One thing at a time is done to a container. */
  exclusively<T>(id: string, action: () => T | Promise<T>): Promise<T> {
    return this.#mutex.run([id], action);
  }

  startDetached(container: LiveContainer, launch: Launch): void {
    startKeeper(launch, this.#parts.places.log(container.record.id), {
      failed: (error) => {
        container.failure = messageOf(error);
        this.#giveUp(container);
      },
      ended: () => void this.#keeperEnded(container),
    });
  }

  /** Where it left no word of how the container ended, it was killed, or could not write one: nobody will know. */
  async #keeperEnded(container: LiveContainer): Promise<void> {
    if (this.#closing) return;
    this.#look(container);
    if (container.ended || this.#hasExitMark(container.record.id)) return;
    container.failure ??= "its keeper ended without a word: it was killed, or the run directory is full";
    await this.#finishWithout(container);
  }

  /** Signals it, and again with SIGKILL when the time is up; resolves when it has ended. */
  async end(container: LiveContainer, signal: string, seconds: number): Promise<void> {
    if (container.ended) return void (await container.finished.promise);
    const { id } = container.record;
    if (container.pid === undefined && withdrawLaunch(this.#parts.places, id)) return this.#finish(container);
    // Somebody has begun to start it: its process is told as soon as there is one.
    const patience = Math.max(seconds * 1000, patienceWithStarts);
    if (!(await this.#within(patience, container.began.promise, container.finished.promise)))
      return this.#breakOff(container);
    if (this.#hasNoKeeper(container)) return this.#finishWithout(container);
    await this.#runtime.kill(container, signal);
    if (!(await this.#within(seconds * 1000, container.finished.promise))) await this.#kill(container);
  }

  /** Its keeper tells how it ended. Where it was killed itself, was stopped, or finds no space, nobody will. */
  async #kill(container: LiveContainer): Promise<void> {
    await this.#runtime.kill(container, "SIGKILL");
    const patientUntil = performance.now() + patienceWithKeepers;
    while (!(await this.#within(lookEvery, container.finished.promise)) && !this.#closing) {
      if (isStillThere(container)) continue;
      if (this.#hasNoKeeper(container)) return this.#finishWithout(container);
      const keeper = livingKeeper(this.#parts.places, container.record.id);
      if (keeper !== undefined && performance.now() > patientUntil) signalProcess(keeper, "SIGKILL");
    }
  }

  /**
   * Its start hangs, as by a hook of its bundle: without what it started, the runtime gives up, and takes away what it has made. Where
   * it hangs itself, it goes, too.
   */
  async #breakOff(container: LiveContainer): Promise<void> {
    const keeper = livingKeeper(this.#parts.places, container.record.id);
    if (keeper === undefined) return this.#finishWithout(container);
    const [runtime, ...started] = descendantsOf(keeper);
    for (const pid of started) signalProcess(pid, "SIGKILL");
    if (await this.#within(patienceWithStarts, container.finished.promise)) return;
    if (runtime !== undefined) signalProcess(runtime, "SIGKILL");
    await this.#kill(container);
  }

  #hasNoKeeper({ record: { id } }: LiveContainer): boolean {
    return livingKeeper(this.#parts.places, id) === undefined && !this.#hasExitMark(id);
  }

  async #finishWithout(container: LiveContainer): Promise<void> {
    await this.#runtime.delete(container);
    await this.#finish(container);
  }

  /** @returns false where the time is up, milliseconds, and nothing of it has come */
  async #within(time: number, ...awaited: readonly Promise<unknown>[]): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), time);
    this.#timers.add(timer);
    try {
      return await Promise.race([late, ...awaited.map((come) => come.then(() => true))]);
    } finally {
      clearTimeout(timer);
      this.#timers.delete(timer);
    }
  }

  #hasExitMark(id: string): boolean {
    return files.existsSync(this.#parts.places.mark(id, "exit"));
  }

  giveUpLater(container: LiveContainer): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#giveUp(container);
    }, patienceWithClients);
    timer.unref();
    this.#timers.add(timer);
    container.began.promise.finally(() => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  /** Unless somebody has begun to start it. */
  #giveUp(container: LiveContainer): void {
    if (container.ended || !withdrawLaunch(this.#parts.places, container.record.id)) return;
    void this.#finish(container);
  }

  /** @param name a mark that came; undefined where the kernel could not keep up */
  #told(name: string | undefined): void {
    if (name === undefined) {
      for (const container of this.#registry.own()) this.#look(container);
      return;
    }
    const container = this.#registry.ownById(name.slice(0, 64));
    if (container !== undefined) this.#look(container);
  }

  #look(container: LiveContainer): void {
    if (container.ended) return;
    if (container.pid === undefined && readStart(this.#parts.places, container)) {
      rememberStart(container);
      tell(this.#parts.journal, "container:start", container, { pid: String(container.pid) });
      container.began.resolve(true);
    }
    if (this.#hasExitMark(container.record.id)) void this.#finish(container);
  }

  /** What cannot be taken away now is, by the next start. */
  async #finish(container: LiveContainer): Promise<void> {
    const { id } = container.record;
    await this.exclusively(id, async () => {
      if (container.ended) return;
      try {
        if (await endContainer(this.#parts, container)) this.#registry.remove(container);
      } catch (error) {
        this.#leave(container, error);
      }
    });
  }

  /** It has ended, though not all of it can be taken away now. */
  #leave(container: LiveContainer, error: unknown): void {
    const { id, end } = container.record;
    this.#tellLeft(id, error);
    container.ended = true;
    container.began.resolve(false);
    container.finish(end?.exitCode ?? unknownExitCode);
  }

  #tellLeft(id: string, error: unknown): void {
    const message = `what is left of container ${id} stays until the next start`;
    this.#log.error({ container: id, err: error }, message);
  }

  /** Nothing of a container whose making failed is left. */
  async undo(container: LiveContainer): Promise<void> {
    const { id } = container.record;
    container.ended = true;
    try {
      await this.#parts.controller.sandboxByContainerId(id)?.delete({ endpoints: "delete" });
      removeRunFiles(this.#parts.places, id);
      this.#parts.records.remove(id);
    } catch (error) {
      this.#tellLeft(id, error);
    } finally {
      this.#registry.remove(container);
      container.began.resolve(false);
      container.finish(125);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#watch[Symbol.dispose]();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#mutex.idle();
  }
}
