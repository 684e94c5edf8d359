/**
 * Which bindings of an endpoint are meant, when published ports are taken back.
 */
import { parseIp } from "../address/ip.ts";
import type { PortBinding } from "../contracts/driver.ts";
import { notFound } from "../errors.ts";
import { listOf, objectOf, type Parsed, textBy } from "../options/parse.ts";
import { port, protocol } from "./publish-options.ts";

const selectorTable = {
  protocol,
  containerPort: port,
  hostPort: port,
  hostAddress: textBy((text) => parseIp(text).toString()),
};

/** What is left out matches any. */
export interface BindingSelector extends Parsed<typeof selectorTable> {}

/**
 * The bindings that the selectors match.
 *
 * @throws unknown_option, invalid_option, invalid_port, invalid_address, and binding_not_found where one matches none
 */
export function selectBindings(
  bindings: readonly PortBinding[],
  given: readonly BindingSelector[],
  endpointName: string,
): ReadonlySet<PortBinding> {
  const selectors = listOf(objectOf(selectorTable))(given, "unpublish");
  // Hundreds of ports may be taken back in one call: each is looked up, not searched for.
  const byHostPort = Map.groupBy(bindings, ({ hostPort }) => hostPort);
  const chosen = new Set<PortBinding>();
  for (const selector of selectors) {
    const candidates = selector.hostPort === undefined ? bindings : (byHostPort.get(selector.hostPort) ?? []);
    const matching = candidates.filter((binding) => matches(binding, selector));
    if (matching.length === 0) throw bindingNotFound(bindings, selector, endpointName);
    for (const binding of matching) chosen.add(binding);
  }
  return chosen;
}

function matches(binding: PortBinding, selector: BindingSelector): boolean {
  return (
    (selector.protocol ?? binding.protocol) === binding.protocol &&
    (selector.containerPort ?? binding.containerPort) === binding.containerPort &&
    (selector.hostPort ?? binding.hostPort) === binding.hostPort &&
    (selector.hostAddress ?? binding.hostAddress) === binding.hostAddress
  );
}

function bindingNotFound(bindings: readonly PortBinding[], selector: BindingSelector, name: string): Error {
  const some = bindings.slice(0, 5).map(bindingText).join(", ");
  const more = bindings.length > 5 ? ` and ${bindings.length - 5} more` : "";
  const message = `endpoint "${name}" publishes nothing like ${JSON.stringify(selector)}: it publishes ${some || "nothing"}${more}`;
  return notFound("binding_not_found", message, selector);
}

/** `0.0.0.0:8080->80/tcp` */
export function bindingText({ protocol, hostAddress, hostPort, containerPort }: PortBinding): string {
  const host = hostAddress.includes(":") ? `[${hostAddress}]` : hostAddress;
  return `${host}:${hostPort}->${containerPort}/${protocol}`;
}
