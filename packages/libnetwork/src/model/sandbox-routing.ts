/**
 * The way out of a sandbox: which endpoint is its gateway, the routes that follow, and interfaces that go.
 */
import type { InterfaceState, RoutedEndpoint, RoutingPlan } from "../contracts/netstack.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { JoinRecord } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import type { UndoStack } from "./undo.ts";

/** Chooses the gateways anew and makes the routes so. */
export function route(sandbox: SandboxCore, undo?: UndoStack): void {
  const { namespace } = sandbox;
  if (namespace === undefined) return;
  const { netstack, planRouting } = sandbox.engine.parts;
  const before = sandbox.routing;
  const after = plannedRouting(sandbox);
  undo?.push(() => {
    sandbox.routing = before;
    netstack.applyRouting(namespace, after, before ?? planRouting([]));
  });
  netstack.applyRouting(namespace, before, after);
  sandbox.routing = after;
}

/** What {@link route} makes. */
export function plannedRouting({ engine, joined }: Pick<SandboxCore, "engine" | "joined">): RoutingPlan {
  const endpoints = [...joined].map(routed).filter((item) => item !== undefined);
  return engine.parts.planRouting(endpoints);
}

/** An endpoint's part in the choice; undefined without interface. */
function routed({ id, network, record }: EndpointCore): RoutedEndpoint | undefined {
  const { join, interface: addresses, options } = record;
  if (join?.interface === undefined) return undefined;
  return {
    endpointId: id,
    networkName: network.name,
    interface: join.interface,
    addresses,
    gatewayIpv4: join.answer.gatewayIpv4,
    gatewayIpv6: addresses.ipv6 === undefined ? undefined : join.answer.gatewayIpv6,
    priority: options.gatewayPriority,
    internal: network.record.options.internal,
    gatewayBridge: network.record.gatewayBridge === true,
  };
}

/** Tells of a change of the way out since it was last told. */
export function announceGateway(sandbox: SandboxCore): void {
  const { gatewayEndpointIpv4 = "", gatewayEndpointIpv6 = "" } = sandbox.routing ?? {};
  const gateways = `${gatewayEndpointIpv4} ${gatewayEndpointIpv6}`;
  if (gateways === sandbox.announcedGateways) return;
  sandbox.announcedGateways = gateways;
  sandbox.engine.events.emit("sandbox:gateway", sandbox, {
    ipv4: gatewayEndpointIpv4,
    ipv6: gatewayEndpointIpv6,
  });
}

/** Takes the interface of an endpoint that leaves out of the sandbox: a link of ours is about to go, one of somebody else's goes back. */
export function takeOut(sandbox: SandboxCore, join: JoinRecord): void {
  const { interface: made } = join;
  if (made === undefined) return;
  if (join.answer.interface?.plan.kind === "move") {
    returnGuest(sandbox, join);
    forgetRoutes(sandbox, made);
  } else retire(sandbox, made);
}

/** Nothing goes by the interface of an endpoint any more; where it goes itself is seen to later. */
export function cutOff({ namespace, engine }: SandboxCore, join: JoinRecord | undefined): void {
  const made = join?.interface;
  if (namespace === undefined || made === undefined) return;
  engine.parts.netstack.disableInterface(namespace, made.name);
}

/** Gives the host its link back, if that was moved in. */
function returnGuest({ namespace, engine }: SandboxCore, { answer, interface: made }: JoinRecord): void {
  const plan = answer.interface?.plan;
  if (namespace === undefined || made === undefined || plan?.kind !== "move") return;
  engine.parts.netstack.returnInterface(namespace, { ...made, sourceName: plan.sourceName });
}

/** Takes an interface out of use whose link is about to go. */
function retire(sandbox: SandboxCore, made: InterfaceState): void {
  const { namespace } = sandbox;
  if (namespace === undefined) return;
  sandbox.leftInterfaces = [...sandbox.leftInterfaces, made.name];
  sandbox.engine.parts.netstack.disableInterface(namespace, made.name);
  forgetRoutes(sandbox, made);
}

/** They go with their interface, by the kernel. */
function forgetRoutes(sandbox: SandboxCore, { index }: InterfaceState): void {
  const { routing } = sandbox;
  if (routing === undefined) return;
  sandbox.routing = { ...routing, routes: routing.routes.filter(({ link }) => link !== index) };
}

/** Waits until interfaces that have left are gone, so that their names are free. */
export async function interfacesGone(sandbox: SandboxCore): Promise<void> {
  const { engine, leftInterfaces, namespace } = sandbox;
  if (leftInterfaces.length === 0 || namespace === undefined) return;
  await engine.parts.netstack.interfacesGone(namespace, leftInterfaces);
  sandbox.leftInterfaces = sandbox.leftInterfaces.filter((name) => !leftInterfaces.includes(name));
}
