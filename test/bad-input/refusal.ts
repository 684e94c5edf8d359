// A case of bad input: what is tried, and how it is refused.

import type {
  EndpointOptions,
  ErrorKind,
  NetworkOptions,
  PublishOptions,
  SandboxOptions,
} from "@causeway/libnetwork";
import type { Scene } from "./scene.ts";

export interface Refusal {
  readonly title: string;
  readonly kind: ErrorKind;
  readonly code: string;
  /** The offending value, and what to do. */
  readonly message: RegExp;
  readonly act: (scene: Scene) => unknown;
}

export const refusal = (
  kind: ErrorKind,
  code: string,
  title: string,
  message: RegExp,
  act: (scene: Scene) => unknown,
): Refusal => ({ kind, code, title, message, act });

/** Options as a JavaScript program may give them. */
export const loose = (options: object) => options as never;

export const makeNetwork =
  (options: NetworkOptions, name = "new") =>
  ({ controller }: Scene) =>
    controller.newNetwork("bridge", name, options);
export const withSubnet = (subnet: string, more: object = {}) =>
  makeNetwork({ ipam: { config: [{ subnet, ...more }] } });
export const withDriverOptions = (driverOptions: Record<string, unknown>) => makeNetwork({ driverOptions });
export const makeEndpoint =
  (options: EndpointOptions, name = "new") =>
  ({ network }: Scene) =>
    network.createEndpoint(name, options);
export const publishing = (...publish: PublishOptions[]) => makeEndpoint({ publish });
export const makeSandbox =
  (options: SandboxOptions, containerId = "new") =>
  ({ controller }: Scene) =>
    controller.newSandbox(containerId, options);
/** Attaches with options that only the kernel refuses: everything has to be undone. */
export const attaching =
  (endpoint: EndpointOptions) =>
  ({ controller, network }: Scene) =>
    controller.attach(network, { containerId: "new", endpoint });
