/**
 * Telling sandboxes of services: each has in its namespace what its networks' services lead to.
 */
import { addressOf } from "../../address/cidr.ts";
import type { BalancedService, BalancerChange } from "../../contracts/balancing.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { NetworkCore } from "../network-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { balancedOf, serviceOf } from "./members.ts";
import type { RemoteMember } from "./remote-members.ts";
import type { ServiceCore } from "./service-core.ts";

/** Makes what stands in a sandbox as it is to be: the services of its networks, and no others. */
export function balance(sandbox: SandboxCore): void {
  const { namespace, engine } = sandbox;
  if (namespace === undefined || sandbox.lost) return;
  const all = () => balancedIn(sandbox);
  if (isWhole(sandbox)) engine.parts.balancer?.settle(namespace, all());
  else if (all().length > 0) engine.parts.balancer?.change(namespace, { put: all(), remove: [] }, all);
}

/**
 * Whether all that is to stand in a sandbox is known: after a restart with the store away, members on other hosts are not, and what stands of
 * their services stays as it was left.
 */
function isWhole({ joined }: SandboxCore): boolean {
  return [...joined].every(({ network }) => network.services.size === 0 || isKnown(network));
}

/** Where hosts share a network, it takes the others to know who is in it. */
function isKnown({ record, others, engine }: NetworkCore): boolean {
  return record.shared !== true || others.known || engine.global === undefined;
}

/** What keeps a sandbox's connections from the members of services; undefined: nothing. */
export function obstacleToServices(sandbox: SandboxCore): string | undefined {
  const { namespace, engine } = sandbox;
  if (namespace === undefined || !isWhole(sandbox)) return undefined;
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
  if (!service.deleted && !isKnown(service.network)) return;
  const after = service.deleted ? [] : balancedOf(service);
  const before = service.balanced;
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  service.balanced = after;
  const stays = new Set(after.map(({ id }) => id));
  service.engine.global?.ingress.touch();
  tell(service.network, { put: after, remove: before.filter(({ id }) => !stays.has(id)) });
}

/** All of a network's members on other hosts are known, for the first time or again. */
export function settleServices(network: NetworkCore): void {
  const isFirst = !network.others.known;
  network.others.known = true;
  if (network.services.size === 0) return;
  if (!isFirst) {
    for (const service of network.services) reviewService(service);
    return;
  }
  for (const service of network.services) noteMembers(service);
  network.engine.global?.ingress.touch();
  // A run before may have left others in them.
  eachSandbox(network, balance);
}

/** Nobody is told: at the start, each sandbox is told of all. */
export function noteMembers(service: ServiceCore): void {
  service.balanced = balancedOf(service);
}

/** Connections that were led to an endpoint which has gone begin anew; those to the others go on. */
export function forgetMember(endpoint: EndpointCore): void {
  const service = serviceOf(endpoint);
  if (service === undefined) return;
  const { ipv4, ipv6 } = endpoint.record.interface;
  const gone = [ipv4, ipv6].filter((cidr) => cidr !== undefined).map(addressOf);
  forgetAddresses(service, gone);
}

/** The same of one on another host. */
export function forgetRemoteMember(network: NetworkCore, name: string, { ipv4, ipv6 }: RemoteMember): void {
  const service = network.services.byName(name);
  const gone = [ipv4, ipv6].filter((address) => address !== undefined);
  if (service !== undefined) forgetAddresses(service, gone);
}

function forgetAddresses(service: ServiceCore, gone: readonly string[]): void {
  service.engine.global?.ingress.forget(service, gone);
  const { balancer } = service.engine.parts;
  for (const { namespace } of sandboxesIn(service.network)) {
    if (namespace === undefined) continue;
    for (const balanced of service.balanced) {
      const alike = gone.filter((address) => address.includes(":") === balanced.address.includes(":"));
      if (alike.length > 0) balancer?.forget(namespace, balanced, alike);
    }
  }
}

function balancedIn({ joined }: SandboxCore): readonly BalancedService[] {
  // It may be in one of them twice.
  const networks = new Set([...joined].map(({ network }) => network));
  return [...networks]
    .filter(isKnown)
    .flatMap(({ services }) => [...services].flatMap(({ balanced }) => balanced));
}

function tell(network: NetworkCore, change: BalancerChange): void {
  eachSandbox(network, (sandbox) => {
    const { namespace, engine } = sandbox;
    if (namespace === undefined || sandbox.lost) return;
    engine.parts.balancer?.change(namespace, change, () => balancedIn(sandbox));
  });
}

/** Goes on past a sandbox that fails. */
function eachSandbox(network: NetworkCore, action: (sandbox: SandboxCore) => void): void {
  const failures: unknown[] = [];
  for (const sandbox of sandboxesIn(network)) {
    try {
      action(sandbox);
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
