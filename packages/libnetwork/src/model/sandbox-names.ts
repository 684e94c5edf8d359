/**
 * What a sandbox is called in its networks, and what is told of it to the resolver.
 */
import { addressOf } from "../address/cidr.ts";
import type { Membership, NamedPort, SandboxNames } from "../contracts/names.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import type { Engine } from "./engine.ts";
import { extraHostsOf } from "./extra-hosts.ts";
import type { NetworkCore } from "./network-core.ts";
import type { SandboxCore } from "./sandbox-core.ts";

/** How long an address that was chosen may be kept, seconds: Docker's. */
const chosenTtl = 600;

/** Whether its questions are answered by the resolver: as in Docker, the default network alone has none. */
export function hasResolver(sandbox: SandboxCore): boolean {
  if (sandbox.engine.parts.resolver === undefined) return false;
  return [...sandbox.joined].some(
    (endpoint) => isNamed(endpoint) && !endpoint.record.options.disableResolution,
  );
}

function sandboxNames(sandbox: SandboxCore): SandboxNames {
  const { id, record, joined } = sandbox;
  const { dns, dnsOptions } = record.options;
  const forwards = [...joined].some(({ network }) => !network.record.options.internal);
  return {
    sandboxId: id,
    memberships: [...joined].filter(isNamed).map((endpoint) => membershipOf(endpoint, sandbox)),
    extraHosts: extraHostsOf(sandbox),
    forwards,
    servers: dns,
    options: dnsOptions,
  };
}

/** The resolver is going to be asked, now that there is a network which somebody made. */
export function expectQuestions({ networks, parts }: Engine): void {
  if ([...networks].some(({ record }) => !record.predefined)) parts.resolver?.start();
}

/** Makes a namespace ready that a run before made, and whose sandbox has no resolver: whoever asks there is not to wait in vain. */
export function prepareResolver({ engine, record: { namespace, ownsNamespace } }: SandboxCore): void {
  if (namespace !== undefined && ownsNamespace) engine.parts.resolver?.prepare(namespace);
}

/**
 * Has its questions answered, unless they are already; when they are, {@link whenAnswered} says.
 *
 * @param again where they are already, what is missing in the sandbox is made again
 */
export function openResolver(sandbox: SandboxCore, { again = false } = {}): void {
  const { engine, id, namespace, answered } = sandbox;
  const { resolver } = engine.parts;
  if (resolver === undefined || namespace === undefined || (answered && !again)) return;
  resolver.open(id, namespace);
  sandbox.answered = true;
}

/** @throws resolver_failed, and the next to join tries again */
export async function whenAnswered(sandbox: SandboxCore): Promise<void> {
  if (!sandbox.answered) return;
  try {
    await sandbox.engine.parts.resolver?.opened(sandbox.id);
  } catch (error) {
    closeResolver(sandbox);
    throw error;
  }
}

/** What keeps a sandbox that has a resolver from being answered; undefined: nothing. */
export async function obstacleToNames(sandbox: SandboxCore): Promise<string | undefined> {
  if (sandbox.namespace === undefined || !hasResolver(sandbox)) return undefined;
  return sandbox.engine.parts.resolver?.obstacle(sandbox.id);
}

/** @throws resolver_failed */
export async function answerAgain(sandbox: SandboxCore): Promise<void> {
  openResolver(sandbox, { again: true });
  tellNames(sandbox);
  await whenAnswered(sandbox);
}

export function closeResolver(sandbox: SandboxCore): void {
  if (!sandbox.answered) return;
  sandbox.answered = false;
  sandbox.engine.parts.resolver?.close(sandbox.id);
}

/** Tells the resolver what has changed. */
export function tellNames(sandbox: SandboxCore): void {
  if (sandbox.answered) sandbox.engine.parts.resolver?.tell(sandboxNames(sandbox));
}

/** One of a network that somebody made, with an interface of its own. */
export function isNamed({ network, record: { interface: ends } }: EndpointCore): boolean {
  return isOfUsers(network) && (ends.ipv4 !== undefined || ends.ipv6 !== undefined);
}

/** Whether names are answered in it: as in Docker, in none that is there from the start. */
export function isOfUsers({ record, configOnly }: NetworkCore): boolean {
  return !record.predefined && !configOnly;
}

/** What others in the network find it by, and how its address is called: by the first. */
export function namesOf(endpoint: EndpointCore, sandbox: SandboxCore): readonly string[] {
  const { name, record } = endpoint;
  if (sandbox.record.hidden === true) return [];
  return [...new Set([name, ...record.options.aliases, ...containerNames(sandbox)])].filter(canBeAsked);
}

/** An endpoint as the others in its network find it. */
export interface NetworkName {
  readonly endpointId: string;
  readonly sandboxId: string;
  /** Its address is called by the first. */
  readonly names: readonly string[];
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly ports: readonly NamedPort[];
  /** Seconds that an answer may be kept. */
  readonly ttl: number;
}

/** Of the endpoints that are in a sandbox. */
export function networkNames({ endpoints }: NetworkCore): readonly NetworkName[] {
  return [...endpoints].flatMap((endpoint) => {
    const { sandbox } = endpoint;
    if (sandbox === undefined || sandbox.lost || !isNamed(endpoint)) return [];
    const { endpointId, names, ipv4, ipv6, ports, ttl } = membershipOf(endpoint, sandbox);
    const addresses = { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
    return [{ endpointId, sandboxId: sandbox.id, names, ...addresses, ports, ttl }];
  });
}

/** Seconds. */
function ttlOf({ network, record: { options } }: EndpointCore): number {
  const isChosen = options.ipv4 !== undefined || options.ipv6 !== undefined;
  return network.record.options.dnsTtl ?? (isChosen ? chosenTtl : 0);
}

function membershipOf(endpoint: EndpointCore, sandbox: SandboxCore): Membership {
  const { id, network, record } = endpoint;
  const { options, interface: ends } = record;
  return {
    endpointId: id,
    networkId: network.id,
    networkName: network.name,
    subnets: network.record.pools.map(({ pool }) => pool).filter((pool) => pool !== ""),
    names: namesOf(endpoint, sandbox),
    ...(ends.ipv4 !== undefined && { ipv4: addressOf(ends.ipv4) }),
    ...(ends.ipv6 !== undefined && { ipv6: addressOf(ends.ipv6) }),
    ttl: ttlOf(endpoint),
    ports: options.namedPorts,
    links: options.links,
    servers: network.record.options.dns,
  };
}

/** Objects may be called what no question can be about. RFC 1035 section 2.3.4. */
function canBeAsked(name: string): boolean {
  return name.length <= 253 && name.split(".").every((label) => /^[\x21-\x5b\x5d-\x7e]{1,63}$/.test(label));
}

/** The container's id, short where it is one of Docker's, and its hostname. */
export function containerNames({ name, record: { options } }: SandboxCore): readonly string[] {
  const id = /^[0-9a-f]{64}$/.test(name) ? name.slice(0, 12) : name;
  return options.hostname === undefined ? [id] : [id, options.hostname];
}
