/**
 * causeway endpoint create
 */
import type { Endpoint, EndpointCreate } from "@causeway/daemon/api";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { addNameOptions, type NameOptions, nameOptions } from "../name-options.ts";
import { named } from "../names.ts";
import { collect, given, pairs, strictPairs, wholeNumber } from "../options.ts";
import { publishedPort } from "../ports.ts";
import { addServiceOption, type ServiceOption, serviceOption } from "../service-option.ts";

interface Options extends NameOptions, ServiceOption {
  readonly ip?: string;
  readonly ip6?: string;
  readonly macAddress?: string;
  readonly publish?: readonly string[];
  readonly expose?: readonly string[];
  readonly gwPriority?: number;
  readonly interfaceName?: string;
  readonly sysctl?: readonly string[];
  readonly route?: readonly string[];
  readonly disableIpv6?: boolean;
  readonly disableResolution?: boolean;
  readonly label?: readonly string[];
  readonly driverOpt?: readonly string[];
  readonly json?: boolean;
}

export const create: CommandDefinition<Options> = {
  define: (command) =>
    addServiceOption(
      addNameOptions(
        command
          .argument("<network>", "name, id, or beginning of an id")
          .argument("<name>", "letters, digits, _, . and -"),
      ),
    )
      .option("--ip <address>", "its IPv4 address (default: the next free one)")
      .option("--ip6 <address>", "its IPv6 address")
      .option("--mac-address <mac>", "its MAC address")
      .option("-p, --publish <port>", "[[ADDRESS:]HOST:]PORT[/PROTOCOL], with ranges", collect)
      .option("--expose <port>", "noted, as Docker does: 80/tcp", collect)
      .option("--disable-resolution", "nobody answers names in its sandbox on its account")
      .option("--gw-priority <number>", "the highest is the way out (default: 0)", wholeNumber)
      .option("--interface-name <name>", "in the sandbox (default: eth0 and so on)")
      .option("--sysctl <name=value>", "of its interface: net.ipv4.conf.IFNAME.x=1", collect)
      .option("--route <destination[=next-hop]>", "a route into the sandbox", collect)
      .option("--disable-ipv6", "no IPv6 on its interface")
      .option("--label <name=value>", "a label", collect)
      .option("--driver-opt <name=value>", "an option of the driver's", collect)
      .option("--json", "the endpoint, whole; otherwise its id"),
  examples: [
    { line: "causeway endpoint create n1 web", says: "a place in n1, with the next free address" },
    {
      line: "causeway endpoint create --ip 10.1.0.7 -p 8080:80 n1 web",
      says: "this address, and port 8080 of the host",
    },
    { line: "causeway endpoint create --service web n1 web-1", says: "one of those behind web" },
  ],
  completes: ["network", "none"],
  async run({ client, output, args, options }) {
    const [network = "", name = ""] = args;
    const body: EndpointCreate = {
      name,
      ...endpointOptions(options),
      ...nameOptions(options),
      ...serviceOption(options),
    };
    const made = client.post<Endpoint>(path("networks", network, "endpoints"), body);
    const endpoint = await named(client, "network", network, () =>
      whileWaiting(output, `making ${name}`, made),
    );
    showMade(output, endpoint, endpoint.id, options.json);
    return undefined;
  },
};

function endpointOptions(options: Options): Omit<EndpointCreate, "name"> {
  const { ip, ip6, macAddress, publish, gwPriority, interfaceName, sysctl, route, label, driverOpt } =
    options;
  return given({
    ipv4: ip,
    ipv6: ip6,
    mac: macAddress,
    publish: publish?.map(publishedPort),
    exposedPorts: options.expose && [...options.expose],
    gatewayPriority: gwPriority,
    interfaceName,
    sysctls: sysctl && strictPairs("--sysctl", sysctl),
    staticRoutes: route?.map(routeOf),
    disableIpv6: options.disableIpv6,
    disableResolution: options.disableResolution,
    labels: label && pairs(label),
    driverOptions: driverOpt && strictPairs("--driver-opt", driverOpt),
  });
}

function routeOf(text: string): { destination: string; nextHop?: string } {
  const [destination = "", nextHop, more] = text.split("=");
  if (destination === "" || nextHop === "" || more !== undefined)
    throw usageError(
      `--route "${text}" is not of the form 10.0.0.0/8=10.1.0.1, or 10.0.0.0/8 for what is next door`,
    );
  return { destination, ...(nextHop !== undefined && { nextHop }) };
}
