/**
 * Intents: what is to be taken back from plugins, by the id of the network or endpoint that it is about. Stored before a plugin is asked,
 * crossed off when it is taken back, and gone with the commit that stores what was made.
 */
import type { StoreChange } from "../../contracts/store.ts";
import { isRefused } from "../../plugin-errors.ts";
import { holderOn } from "../address-holders.ts";
import type { Engine } from "../engine.ts";
import { carryOut, readStep, returnLink, type Step } from "./step.ts";

const kind = "intent";
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** Steps by the id that they are about. */
export type Notes = ReadonlyMap<string, readonly Step[]>;

export class Intents {
  readonly #engine: Engine;
  /** Steps in the order in which what they undo was done: the last is taken back first. */
  readonly #steps = new Map<string, readonly Step[]>();
  /** Ids that an operation is about at the moment: nobody else goes on with these. */
  readonly #busy = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #started = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How many things each plugin is still to take back, by its name. */
  owed(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const id of this.#pending()) {
      for (const step of this.#steps.get(id) ?? []) {
        const plugin = "driver" in step ? step.driver : "ipam" in step ? step.ipam : undefined;
        if (plugin !== undefined) counts.set(plugin, (counts.get(plugin) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Ids of which something is still to be taken back. */
  #pending(): readonly string[] {
    return [...this.#steps.keys()].filter((id) => !this.#busy.has(id));
  }

  /** What an earlier run left. */
  async load(): Promise<void> {
    for (const { id, value } of await this.#engine.parts.store.list(kind)) {
      const steps = Array.isArray(value) ? value.map(readStep) : [undefined];
      // What a newer release has stored is left for it.
      if (steps.every((step) => step !== undefined)) this.#steps.set(id, steps);
    }
  }

  /** Links go back to the host before namespaces are swept, with which they would go. */
  returnLinks(): void {
    for (const steps of this.#steps.values()) {
      for (const step of steps) if (step.do === "return-link") returnLink(this.#engine, step);
    }
  }

  /** From now on what is left is gone on with, without anybody waiting for it. */
  start(): void {
    this.#started = true;
    for (const id of this.#pending()) this.#goOnLater(id, 0);
  }

  stop(): void {
    this.#started = false;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Stores a step, before that is done which it undoes; or, where only the answer says what it is, right after. */
  async note(id: string, step: Step): Promise<void> {
    this.#busy.add(id);
    this.#steps.set(id, [...(this.#steps.get(id) ?? []), step]);
    await this.#engine.commit(this.#change(id));
  }

  /**
   * Stores steps together with that something has left, or is no more: what is pending of it is still to be taken back before. Each id is to be
   * {@link close}d.
   */
  async commit(notes: Notes, ...changes: readonly StoreChange[]): Promise<void> {
    const noted = [...notes].filter(([id, steps]) => steps.length > 0 || this.#steps.has(id));
    const before = noted.map(([id]) => [id, this.#steps.get(id)] as const);
    for (const [id, steps] of noted) {
      this.#busy.add(id);
      this.#steps.set(id, [...steps, ...(this.#steps.get(id) ?? [])]);
    }
    try {
      await this.#engine.commit(...changes, ...noted.map(([id]) => this.#change(id)));
    } catch (error) {
      for (const [id, steps] of before) {
        this.#busy.delete(id);
        if (steps === undefined) this.#steps.delete(id);
        else this.#steps.set(id, steps);
      }
      throw error;
    }
  }

  /**
   * Takes back one thing. What the plugin refuses is done with, for it will not be otherwise; it is told of all the same.
   *
   * @throws what the plugin says, or that it is away: then the step stays
   */
  async carry(id: string, step: Step): Promise<void> {
    try {
      await carryOut(this.#engine, step);
    } catch (error) {
      if (isRefused(error)) this.cross(id, step);
      throw error;
    }
    this.cross(id, step);
  }

  /** It needs not be taken back any more. Stored by {@link close}. */
  cross(id: string, step: Step): void {
    const text = JSON.stringify(step);
    const left = this.#steps.get(id)?.filter((one) => JSON.stringify(one) !== text);
    if (left !== undefined) this.#steps.set(id, left);
  }

  /** The operation is over, and its lock about to be let go of: what is left is stored, and gone on with in the background. */
  async close(id: string): Promise<void> {
    this.#busy.delete(id);
    const steps = this.#steps.get(id);
    if (steps === undefined) return;
    if (steps.length === 0) this.#steps.delete(id);
    await this.#engine.commit(this.#change(id));
    if (steps.length > 0) this.#goOnLater(id, firstPauseMs);
  }

  /** The changes that belong to the commit by which what was made is stored. */
  made(ids: Iterable<string>): readonly StoreChange[] {
    return [...ids].map((id) => ({ op: "delete", kind, id }));
  }

  /** That commit is durable: nothing of it is to be taken back. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#busy.delete(id);
      this.#steps.delete(id);
    }
  }

  /**
   * Takes back what is left of an object, before something new is asked of the plugin about it. Whoever calls holds its lock.
   *
   * @throws that the plugin is away
   */
  async settle(id: string): Promise<void> {
    if (this.#busy.has(id) || !this.#steps.has(id)) return;
    this.#busy.add(id);
    try {
      for (const step of [...(this.#steps.get(id) ?? [])].reverse()) {
        if (this.#isGivenAnew(id, step)) this.cross(id, step);
        else
          await this.carry(id, step).catch((error: unknown) => {
            if (!isRefused(error)) throw error;
          });
      }
    } finally {
      await this.close(id);
    }
  }

  /** A plugin that forgets what it gave has given the address to another since, who has it or is being made: it would be taken from there. */
  #isGivenAnew(id: string, step: Step): boolean {
    if (step.do !== "release-address") return false;
    const { ipam, poolId, address } = step;
    const isSame = (one: Step) =>
      one.do === "release-address" && one.ipam === ipam && one.poolId === poolId && one.address === address;
    for (const [other, steps] of this.#steps) if (other !== id && steps.some(isSame)) return true;
    for (const network of this.#engine.networks) {
      const { options, pools } = network.record;
      const isOfPool = options.ipamDriver === ipam && pools.some((pool) => pool.poolId === poolId);
      if (isOfPool && holderOn(network)(address) !== undefined) return true;
    }
    return false;
  }

  #change(id: string): StoreChange {
    const steps = this.#steps.get(id) ?? [];
    if (steps.length === 0) return { op: "delete", kind, id };
    return { op: "put", kind, id, value: JSON.parse(JSON.stringify(steps)) };
  }

  #goOnLater(id: string, pauseMs: number): void {
    if (!this.#started || this.#timers.has(id)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(id);
      void this.#goOn(id, Math.min(Math.max(2 * pauseMs, firstPauseMs), longestPauseMs));
    }, pauseMs);
    this.#timers.set(id, timer.unref());
  }

  async #goOn(id: string, nextPauseMs: number): Promise<void> {
    try {
      await this.#engine.exclusively([id], () => this.settle(id));
    } catch {
      // The plugin is away, or the controller closes: what is left is stored.
    }
    if (!this.#steps.has(id) || this.#busy.has(id)) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#goOnLater(id, nextPauseMs);
  }
}
