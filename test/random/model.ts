// What there is, as plain data: the oracle's whole memory. A key is an object's identity, whatever its name.

import type { PortBinding } from "@causeway/libnetwork";

export interface ModelNetwork {
  readonly key: number;
  readonly name: string;
  readonly type: "bridge" | "host" | "null";
  /** 172.30.`subnet`.0/24 and fd00:`subnet`::/64. */
  readonly subnet: number;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly icc: boolean;
  readonly mode: "nat" | "routed" | "isolated";
}

export interface ModelEndpoint {
  readonly key: number;
  readonly name: string;
  readonly network: number;
  /** Without prefix length. */
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly priority: number;
  /** The name that was asked for. */
  readonly interfaceName?: string | undefined;
  bindings: readonly PortBinding[];
}

export interface ModelSandbox {
  readonly key: number;
  name: string;
  readonly stack: "own" | "host" | "outer" | "shared";
  /** Key of the sandbox whose stack is shared. */
  readonly owner?: number | undefined;
  /** Which of somebody else's namespaces it was given. */
  outer?: number | undefined;
  hostname?: string | undefined;
  /** Its container is gone, and others share its stack. */
  released: boolean;
  /** In the order of their joining. */
  joined: Joined[];
}

export interface Joined {
  readonly endpoint: number;
  /** Undefined without interface, or while there is no namespace. */
  interface: string | undefined;
}

export interface Model {
  networks: ModelNetwork[];
  endpoints: ModelEndpoint[];
  sandboxes: ModelSandbox[];
}

/** The host as it is opened first. */
export function emptyModel(): Model {
  const stackless = { subnet: 0, ipv4: false, ipv6: false, internal: false, icc: true, mode: "nat" } as const;
  return {
    networks: [
      { key: -1, name: "host", type: "host", ...stackless },
      { key: -2, name: "none", type: "null", ...stackless },
    ],
    endpoints: [],
    sandboxes: [],
  };
}

export function byKey<T extends { readonly key: number }>(list: readonly T[], key: number): T | undefined {
  return list.find((item) => item.key === key);
}

/** The sandbox that an endpoint has joined. */
export function sandboxOf({ sandboxes }: Model, endpoint: number): ModelSandbox | undefined {
  return sandboxes.find(({ joined }) => joined.some((one) => one.endpoint === endpoint));
}

export function networkOf({ networks }: Model, { network, name }: ModelEndpoint): ModelNetwork {
  const found = byKey(networks, network);
  if (found === undefined) throw new Error(`the model has lost the network of endpoint ${name}`);
  return found;
}

export function hasNamespace({ stack, outer }: ModelSandbox): boolean {
  return stack === "own" || stack === "host" || outer !== undefined;
}
