/**
 * One step by which something is taken back from a plugin. Plain data: it is carried out by this run, or by a later one.
 */
import type { AllocationOwner } from "../../contracts/ipam.ts";
import type { GuestInterface, InterfaceState, NamespacePlace } from "../../contracts/netstack.ts";
import type { PlainData } from "../../contracts/store.ts";
import type { Engine } from "../engine.ts";

interface OfEndpoint {
  readonly driver: string;
  readonly networkId: string;
  readonly endpointId: string;
}

/** A link that a plugin made, and that may be in a sandbox. */
interface ReturnLink {
  readonly do: "return-link";
  readonly namespace: NamespacePlace;
  readonly sourceName: string;
  /** What it may be called there: before a number, or whole. */
  readonly prefix: string;
  readonly name?: string;
  /** Where it is known: it was there for long. */
  readonly interface?: GuestInterface;
}

export type Step =
  | {
      readonly do: "release-pool";
      readonly ipam: string;
      readonly poolId: string;
      readonly owner?: AllocationOwner;
    }
  | {
      readonly do: "release-address";
      readonly ipam: string;
      readonly poolId: string;
      readonly address: string;
      readonly owner?: AllocationOwner;
    }
  | { readonly do: "delete-network"; readonly driver: string; readonly networkId: string }
  | ({ readonly do: "delete-endpoint" } & OfEndpoint)
  | ({ readonly do: "leave" } & OfEndpoint)
  | ReturnLink;

export async function carryOut(engine: Engine, step: Step): Promise<void> {
  switch (step.do) {
    case "release-pool":
      return engine.ipam(step.ipam).releasePool(step.poolId, step.owner);
    case "release-address":
      return engine.ipam(step.ipam).releaseAddress(step.poolId, step.address, step.owner);
    case "delete-network":
      return engine.driver(step.driver).deleteNetwork(step.networkId);
    case "delete-endpoint":
      return engine.driver(step.driver).deleteEndpoint(step.networkId, step.endpointId);
    case "leave":
      return engine.driver(step.driver).leave(step.networkId, step.endpointId);
    case "return-link":
      return returnLink(engine, step);
  }
}

/** Needs nobody but the kernel. */
export function returnLink(engine: Engine, step: ReturnLink): void {
  const { namespace, sourceName } = step;
  const { netstack } = engine.parts;
  const guest = step.interface ?? strayGuest(engine, step);
  if (guest !== undefined) netstack.returnInterface(namespace, { ...guest, sourceName });
}

/** A link that was moved in without anybody having written down what it is called there. */
function strayGuest({ parts, endpoints }: Engine, step: ReturnLink): InterfaceState | undefined {
  const { namespace, sourceName, prefix, name } = step;
  const { netstack } = parts;
  if (!netstack.isThere(namespace) || netstack.interfaces().some((one) => one.name === sourceName))
    return undefined;
  const joined = [...endpoints.values()].filter(({ sandbox }) => sandbox?.namespace?.path === namespace.path);
  const known = new Set(joined.map(({ record }) => record.join?.interface?.index));
  const mayBeCalled = (text: string) =>
    text === name || (text.startsWith(prefix) && /^\d+$/.test(text.slice(prefix.length)));
  return netstack
    .interfaces(namespace)
    .find((one) => one.owner === undefined && !known.has(one.index) && mayBeCalled(one.name));
}

/** What is stored, read; undefined where it is none. */
export function readStep(value: PlainData): Step | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { do: kind } = value as Readonly<Record<string, PlainData>>;
  const wanted = typeof kind === "string" && Object.hasOwn(fields, kind) ? fields[kind as Step["do"]] : [];
  const isText = (field: string) => typeof (value as Readonly<Record<string, PlainData>>)[field] === "string";
  return wanted.length > 0 && wanted.every(isText) ? (value as unknown as Step) : undefined;
}

/** Texts that each kind of step has. */
const fields: Readonly<Record<Step["do"], readonly string[]>> = {
  "release-pool": ["ipam", "poolId"],
  "release-address": ["ipam", "poolId", "address"],
  "delete-network": ["driver", "networkId"],
  "delete-endpoint": ["driver", "networkId", "endpointId"],
  leave: ["driver", "networkId", "endpointId"],
  "return-link": ["sourceName", "prefix"],
};
