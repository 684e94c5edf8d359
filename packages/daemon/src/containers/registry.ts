/**
 * Which containers there are: ours, and sandboxes whose process somebody else starts; found by id, name, or beginning of an id.
 */
import { conflict, invalid, type NetworkController, notFound, type Sandbox } from "@causeway/libnetwork";
import type { ContainerInfo } from "./contract.ts";
import { foreignContainer, LiveContainer } from "./live.ts";
import type { ContainerRecord } from "./record.ts";

export class Registry {
  readonly #controller: NetworkController;
  readonly #byId = new Map<string, LiveContainer>();
  readonly #byName = new Map<string, LiveContainer>();

  constructor(controller: NetworkController) {
    this.#controller = controller;
  }

  /** From now on its name is taken. */
  add(record: ContainerRecord): LiveContainer {
    const container = new LiveContainer(record);
    this.#byId.set(record.id, container);
    this.#byName.set(record.name, container);
    return container;
  }

  /** @returns false where it is gone already */
  remove({ record: { id, name } }: LiveContainer): boolean {
    this.#byName.delete(name);
    return this.#byId.delete(id);
  }

  /** Those of ours. */
  own(): IterableIterator<LiveContainer> {
    return this.#byId.values();
  }

  ownById(id: string): LiveContainer | undefined {
    return this.#byId.get(id);
  }

  /** By the id, or the name, of one of ours. */
  isOwn(name: string): boolean {
    return this.#byId.has(name) || this.#byName.has(name);
  }

  isTaken(name: string): boolean {
    return this.#byName.has(name) || this.#controller.sandboxByContainerId(name) !== undefined;
  }

  list(): readonly ContainerInfo[] {
    const own = [...this.#byId.values()].map((container) => this.infoOf(container));
    const foreign = this.#controller.sandboxes().filter(({ containerId }) => !this.#byId.has(containerId));
    return [...own, ...foreign.map(foreignContainer)];
  }

  find(reference: string): ContainerInfo | undefined {
    const own = this.#findOwn(reference);
    if (own !== undefined) return this.infoOf(own);
    const sandbox = this.#controller.findSandbox(reference);
    if (sandbox === undefined) return undefined;
    const ours = this.#byId.get(sandbox.containerId);
    return ours === undefined ? foreignContainer(sandbox) : ours.info(sandbox);
  }

  get(reference: string): ContainerInfo {
    const found = this.find(reference);
    if (found !== undefined) return found;
    throw notFound("container_not_found", `No such container: ${reference}`, reference);
  }

  infoOf(container: LiveContainer): ContainerInfo {
    return container.info(this.#controller.sandboxByContainerId(container.record.id));
  }

  /** @throws container_not_running where it is in no network any more */
  sandboxOf(reference: string): Sandbox {
    const { sandbox, name } = this.get(reference);
    if (sandbox !== undefined) return sandbox;
    throw conflict("container_not_running", `container ${name} has ended, and is in no network any more`);
  }

  /** @throws container_not_found, container_foreign */
  ours(reference: string, verb: string): LiveContainer {
    const { kind, id, name } = this.get(reference);
    const container = this.#byId.get(id);
    if (container !== undefined) return container;
    const who = kind === "foreign" ? "somebody else started its process" : "it is gone";
    throw conflict("container_foreign", `${verb}: container ${name} is not ours to deal with: ${who}`, id);
  }

  #findOwn(reference: string): LiveContainer | undefined {
    if (reference === "") return undefined;
    const whole = this.#byId.get(reference);
    if (whole !== undefined) return whole;
    const named = this.#byName.get(reference);
    if (named !== undefined || !/^[0-9a-f]{1,63}$/.test(reference)) return named;
    const begun = [...this.#byId.values()].filter(({ record }) => record.id.startsWith(reference));
    if (begun.length < 2) return begun[0];
    const ids = begun.map(({ record }) => record.id);
    const message = `"${reference}" is the beginning of ${ids.length} containers' ids: give more of it`;
    throw invalid("ambiguous_id", message, ids);
  }
}
