/**
 * An endpoint's interface in its sandbox, as it is and as it should be.
 */
import { linkLocalAddress } from "../../address/link-local.ts";
import type { EndpointInterface } from "../../contracts/driver.ts";
import type { Finding } from "../../contracts/health.ts";
import type { InterfaceState, LiveInterface, NamespacePlace } from "../../contracts/netstack.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";

interface InterfacePlace {
  readonly sandbox: SandboxCore;
  readonly namespace: NamespacePlace;
  readonly made: InterfaceState;
}

/** Where an endpoint's interface is to be; undefined where it has none, or its namespace is lost. */
export function placeOf({ sandbox, record, engine }: EndpointCore): InterfacePlace | undefined {
  const namespace = sandbox?.namespace;
  const made = record.join?.interface;
  if (sandbox === undefined || namespace === undefined || made === undefined) return undefined;
  return engine.parts.netstack.isThere(namespace) ? { sandbox, namespace, made } : undefined;
}

/** What is wrong with an interface: the first of what follows from each other. */
export function ailments(
  live: readonly LiveInterface[],
  { name, index }: InterfaceState,
  wanted: EndpointInterface,
): readonly Pick<Finding, "code" | "nature" | "message">[] {
  const found = live.find((one) => one.index === index && one.name === name);
  if (found === undefined) {
    return [
      {
        code: "interface_missing",
        nature: "missing",
        message: `its interface ${name} is not in the sandbox`,
      },
    ];
  }
  // What is down has no routes, and no IPv6 addresses.
  if (!found.up)
    return [
      { code: "interface_down", nature: "altered", message: `its interface ${name} is down in the sandbox` },
    ];
  const other =
    found.mac === wanted.mac || wanted.mac === ""
      ? []
      : [
          {
            code: "interface_altered",
            nature: "altered",
            message: `${name} has MAC ${found.mac}, and not ${wanted.mac}`,
          } as const,
        ];
  const there = new Set(found.addresses);
  const gone = addressesOf(wanted).filter((cidr) => !there.has(cidr));
  return [
    ...other,
    ...gone.map(
      (cidr) => ({ code: "address_missing", nature: "missing", message: `${name} lacks ${cidr}` }) as const,
    ),
  ];
}

function addressesOf({ mac, ipv4, ipv6 }: EndpointInterface): readonly string[] {
  const linkLocal = ipv6 === undefined || mac === "" ? undefined : `${linkLocalAddress(mac)}/64`;
  return [ipv4, ipv6, linkLocal].filter((cidr) => cidr !== undefined);
}
