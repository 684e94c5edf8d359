/**
 * Telling sandboxes of services: each has in its namespace what its networks' services lead to.
 */
import { addressOf } from "../../address/cidr.ts";
import type { BalancedService, BalancerChange } from "../../contracts/balancing.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { balancedOf, serviceOf } from "./members.ts";
import type { ServiceCore } from "./service-core.ts";

/** Makes what stands in a sandbox as it is to be: the services of its networks, and no others. */
export function balance(sandbox: SandboxCore): void {
  const { namespace, engine } = sandbox;
  if (namespace === undefined || sandbox.lost) return;
  engine.parts.balancer?.settle(namespace, balancedIn(sandbox));
}

/** What keeps a sandbox's connections from the members of services; undefined: nothing. */
export function obstacleToServices(sandbox: SandboxCore): string | undefined {
  const { namespace, engine } = sandbox;
  if (namespace === undefined) return undefined;
  return engine.parts.balancer?.obstacle(namespace, balancedIn(sandbox));
}

/** Whether a network of the endpoint's has services: where none has, nothing stands in a sandbox. */
export function hasServices({ network }: EndpointCore): boolean {
  return network.services.size > 0;
}

/** Something about an endpoint has changed: its service may have one member more, or one less. */
export function reviewMember(endpoint: EndpointCore): void {
  const service = serviceOf(endpoint);
  if (service !== undefined) reviewService(service);
}

/** Tells the sandboxes of its network what has changed of a service. */
export function reviewService(service: ServiceCore): void {
  const after = service.deleted ? [] : balancedOf(service);
  const before = service.balanced;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  service.balanced = after;
  const stays = new Set(after.map(({ id }) => id));
  tell(service.network, { put: after, remove: before.filter(({ id }) => !stays.has(id)) });
}

/** Nobody is told: at the start, each sandbox is told of all. */
export function noteMembers(service: ServiceCore): void {
  service.balanced = balancedOf(service);
}

/** Connections that were led to an endpoint which has gone begin anew; those to the others go on. */
export function forgetMember(endpoint: EndpointCore): void {
  const service = serviceOf(endpoint);
  if (service === undefined) return;
  const { balancer } = endpoint.engine.parts;
  const { ipv4, ipv6 } = endpoint.record.interface;
  const gone = [ipv4, ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
  for (const { namespace } of sandboxesIn(service.network)) {
    if (namespace === undefined) continue;
    for (const balanced of service.balanced) {
      const alike = gone.filter((address) => address.includes(":") === balanced.address.includes(":"));
      if (alike.length > 0) balancer?.forget(namespace, balanced, alike);
    }
  }
}

function balancedIn({ joined }: SandboxCore): readonly BalancedService[] {
  return [...joined].flatMap(({ network }) => [...network.services].flatMap(({ balanced }) => balanced));
}

/** Goes on past a sandbox that fails: the others are told all the same. */
function tell(network: NetworkCore, change: BalancerChange): void {
  const failures: unknown[] = [];
  for (const sandbox of sandboxesIn(network)) {
    const { namespace, engine } = sandbox;
    if (namespace === undefined || sandbox.lost) continue;
    try {
      engine.parts.balancer?.change(namespace, change, () => balancedIn(sandbox));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

function sandboxesIn({ endpoints }: NetworkCore): ReadonlySet<SandboxCore> {
  const joined = [...endpoints].map(({ sandbox }) => sandbox);
  return new Set(joined.filter((sandbox) => sandbox !== undefined));
}
