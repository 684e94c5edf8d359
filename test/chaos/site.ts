// Where a scenario is played: a host with a controller, in the process of the trial or in the one that is killed.

import { NetNamespace } from "@causeway/kernel";
import { type ControllerOptions, NetworkController } from "@causeway/libnetwork";
import type { TestHost } from "../support/host.ts";

/** As much of a {@link TestHost} as scenarios need. */
export type Site = Pick<TestHost, "directory" | "namespace" | "options" | "controller"> & {
  start(options?: Partial<ControllerOptions>): Promise<NetworkController>;
  stop(): Promise<void>;
};

/** A host that another process made. */
export class ForeignSite implements Site, Disposable {
  readonly directory: string;
  readonly namespace: NetNamespace;
  #options: ControllerOptions;
  #controller: NetworkController | undefined;

  constructor(directory: string, options: ControllerOptions) {
    this.directory = directory;
    this.#options = options;
    this.namespace = NetNamespace.open(options.hostNamespace ?? "/proc/self/ns/net");
  }

  get options(): ControllerOptions {
    return this.#options;
  }

  get controller(): NetworkController {
    if (this.#controller === undefined) throw new Error("the controller is stopped");
    return this.#controller;
  }

  async start(options: Partial<ControllerOptions> = {}): Promise<NetworkController> {
    this.#options = { ...this.#options, ...options };
    this.#controller = await NetworkController.open(this.#options);
    return this.#controller;
  }

  async stop(): Promise<void> {
    const controller = this.#controller;
    this.#controller = undefined;
    await controller?.close();
  }

  [Symbol.dispose](): void {
    this.namespace[Symbol.dispose]();
  }
}
