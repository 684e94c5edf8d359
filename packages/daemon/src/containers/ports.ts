/**
 * Ports that a container publishes, whichever networks it is in: where the network has gone that published them, another one does, or the next
 * that the container is connected to.
 */
import type { Endpoint, Network, PublishOptions, Sandbox } from "@causeway/libnetwork";
import type { Logger } from "pino";

/** Label of a sandbox: what its container asked for, in JSON. */
const publishLabel = "causeway.container.publish";

export function labelsOfPorts(publish: readonly PublishOptions[]): Readonly<Record<string, string>> {
  return publish.length === 0 ? {} : { [publishLabel]: JSON.stringify(publish) };
}

/** What a network is to publish that the container is about to be connected to: nothing where another one does, or where nobody gets in. */
export function portsFor(network: Network, sandbox: Sandbox): readonly PublishOptions[] {
  return network.internal || isPublished(sandbox) ? [] : wishOf(sandbox);
}

/** A network has gone: publishes by the way out what no network publishes any more. Where that fails, the log says so, for the network has gone all the same. */
export async function publishElsewhere(sandbox: Sandbox, log: Logger): Promise<void> {
  const wish = wishOf(sandbox);
  if (wish.length === 0 || isPublished(sandbox)) return;
  const reachable = sandbox.endpoints().filter(({ network }) => !network.internal);
  const ways = [sandbox.gateway(4), sandbox.gateway(6)].map((way) => way?.id);
  const best = reachable.find(({ id }) => ways.includes(id)) ?? reachable[0];
  try {
    await best?.publish(wish);
  } catch (err) {
    const { containerId: container } = sandbox;
    log.warn({ err, container }, `container ${container} publishes its ports no more`);
  }
}

function isPublished(sandbox: Sandbox): boolean {
  return sandbox.endpoints().some(publishes);
}

/** Ports that somebody else has at the moment are its own, too. */
function publishes({ bindings, record }: Endpoint): boolean {
  return bindings.length > 0 || record.options.publish.length > 0;
}

function wishOf({ record }: Sandbox): readonly PublishOptions[] {
  const { [publishLabel]: text = "[]" } = record.options.labels;
  try {
    const wish: unknown = JSON.parse(text);
    // What each of them says the library holds against its own rules.
    return Array.isArray(wish) ? wish : [];
  } catch {
    // Whoever makes a sandbox may give it any label.
    return [];
  }
}
