/**
 * What a check has made in a plugin and has not taken away again.
 */
import type { MethodName, RequestFor } from "../protocol/index.ts";
import type { Made } from "./report.ts";

/** A call that takes something away. */
export type Removal = {
  readonly [M in MethodName]: { readonly method: M; readonly request: RequestFor<M> };
}[MethodName];

interface Item {
  /** For a person, and what tells it from others. */
  readonly text: string;
  readonly removal: Removal;
  readonly counted?: keyof Made;
}

/** Of a request and its answer: what is missing is empty. */
interface Named {
  readonly network: string;
  readonly endpoint: string;
  readonly pool: string;
  readonly address: string;
  readonly chosenPool: string;
  readonly chosenAddress: string;
}

const makers: Readonly<Partial<Record<MethodName, (named: Named) => Item>>> = {
  "NetworkDriver.AllocateNetwork": ({ network }) => ({
    text: `allocated ${network}`,
    removal: { method: "NetworkDriver.FreeNetwork", request: { NetworkID: network } },
  }),
  "NetworkDriver.CreateNetwork": ({ network }) => ({
    text: `network ${network}`,
    removal: { method: "NetworkDriver.DeleteNetwork", request: { NetworkID: network } },
    counted: "networks",
  }),
  "NetworkDriver.CreateEndpoint": ({ network, endpoint }) => ({
    text: `endpoint ${endpoint}`,
    removal: {
      method: "NetworkDriver.DeleteEndpoint",
      request: { NetworkID: network, EndpointID: endpoint },
    },
    counted: "endpoints",
  }),
  "NetworkDriver.Join": ({ network, endpoint }) => ({
    text: `interface of ${endpoint}`,
    removal: { method: "NetworkDriver.Leave", request: { NetworkID: network, EndpointID: endpoint } },
  }),
  "IpamDriver.RequestPool": ({ chosenPool }) => ({
    text: `pool ${chosenPool}`,
    removal: { method: "IpamDriver.ReleasePool", request: { PoolID: chosenPool } },
    counted: "pools",
  }),
  "IpamDriver.RequestAddress": ({ pool, chosenAddress }) => ({
    text: `address ${chosenAddress} of ${pool}`,
    removal: { method: "IpamDriver.ReleaseAddress", request: { PoolID: pool, Address: chosenAddress } },
    counted: "addresses",
  }),
};

const takers: Readonly<Partial<Record<MethodName, (named: Named) => readonly string[]>>> = {
  "NetworkDriver.FreeNetwork": ({ network }) => [`allocated ${network}`],
  "NetworkDriver.DeleteNetwork": ({ network }) => [`network ${network}`],
  "NetworkDriver.DeleteEndpoint": ({ endpoint }) => [`endpoint ${endpoint}`, `interface of ${endpoint}`],
  "NetworkDriver.Leave": ({ endpoint }) => [`interface of ${endpoint}`],
  "IpamDriver.ReleasePool": ({ pool }) => [`pool ${pool}`],
  "IpamDriver.ReleaseAddress": ({ pool, address }) => [`address ${address} of ${pool}`],
};

export class Inventory {
  /** In the order of their making. */
  readonly #items = new Map<string, Item>();
  readonly #made = { networks: 0, endpoints: 0, pools: 0, addresses: 0 };

  /** A call has succeeded. */
  note(method: MethodName, request: unknown, answer: unknown): void {
    const named: Named = {
      network: textIn(request, "NetworkID"),
      endpoint: textIn(request, "EndpointID"),
      pool: textIn(request, "PoolID"),
      address: textIn(request, "Address"),
      chosenPool: textIn(answer, "PoolID"),
      chosenAddress: textIn(answer, "Address").split("/", 1)[0] ?? "",
    };
    for (const text of takers[method]?.(named) ?? []) this.#items.delete(text);
    const item = makers[method]?.(named);
    // Where there is no id, something succeeded that should not have, and there is nothing to name.
    if (item === undefined || Object.values(item.removal.request).includes("")) return;
    if (!this.#items.has(item.text) && item.counted !== undefined) this.#made[item.counted]++;
    this.#items.set(item.text, item);
  }

  /** What takes away what is left, the latest first. */
  removals(): readonly Removal[] {
    return [...this.#items.values()].map(({ removal }) => removal).reverse();
  }

  /** How much was made, all in all. */
  get made(): Made {
    return { ...this.#made };
  }

  get left(): readonly string[] {
    return [...this.#items.keys()];
  }
}

function textIn(value: unknown, field: string): string {
  if (typeof value !== "object" || value === null) return "";
  const text: unknown = Reflect.get(value, field);
  return typeof text === "string" ? text : "";
}
