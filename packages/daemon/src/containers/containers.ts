/**
 * The containers of a controller.
 */
import { type NetworkController, notFound, type Sandbox, unsupported } from "@causeway/libnetwork";
import type { ContainerInfo, Containers } from "./contract.ts";

export class SandboxContainers implements Containers {
  readonly #controller: NetworkController;

  constructor(controller: NetworkController) {
    this.#controller = controller;
  }

  list(): readonly ContainerInfo[] {
    return this.#controller.sandboxes().map(foreignContainer);
  }

  find(reference: string): ContainerInfo | undefined {
    const sandbox = this.#controller.findSandbox(reference);
    return sandbox === undefined ? undefined : foreignContainer(sandbox);
  }

  get(reference: string): ContainerInfo {
    const found = this.find(reference);
    if (found !== undefined) return found;
    throw notFound("container_not_found", `No such container: ${reference}`, reference);
  }

  create(): Promise<never> {
    return Promise.reject(unsupported("not_yet", "containers are not started yet"));
  }

  stop(): Promise<never> {
    return this.create();
  }

  async remove(reference: string): Promise<void> {
    await this.get(reference).sandbox?.delete({ endpoints: "delete" });
  }

  wait(): Promise<never> {
    return this.create();
  }

  async close(): Promise<void> {}
}

/** A sandbox whose process somebody else starts, as a container. */
function foreignContainer(sandbox: Sandbox): ContainerInfo {
  return {
    id: sandbox.id,
    name: sandbox.containerId,
    kind: "foreign",
    path: undefined,
    command: [],
    created: sandbox.created,
    state: sandbox.lost ? "exited" : "running",
    pid: undefined,
    exitCode: undefined,
    started: sandbox.created,
    finished: undefined,
    removeWhenEnded: false,
    hostname: sandbox.record.options.hostname,
    labels: sandbox.labels,
    sandbox,
  };
}
