/**
 * causeway network connect
 */
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { whileWaiting } from "../../output/progress.ts";
import { addNameOptions, type NameOptions, nameOptions } from "../name-options.ts";
import { named } from "../names.ts";
import { collect, given, strictPairs, wholeNumber } from "../options.ts";
import { addServiceOption, type ServiceOption, serviceOption } from "../service-option.ts";

interface Options extends NameOptions, ServiceOption {
  readonly ip?: string;
  readonly ip6?: string;
  readonly linkLocalIp?: readonly string[];
  readonly driverOpt?: readonly string[];
  readonly gwPriority?: number;
  readonly macAddress?: string;
  readonly interfaceName?: string;
}

export const connect: CommandDefinition<Options> = {
  define: (command) =>
    addServiceOption(
      addNameOptions(
        command
          .argument("<network>", "name, id, or beginning of an id")
          .argument("<container>", "name, id, or beginning of an id"),
      ),
    )
      .option("--ip <address>", "its IPv4 address (default: the next free one)")
      .option("--ip6 <address>", "its IPv6 address")
      .option("--mac-address <mac>", "its MAC address")
      .option("--interface-name <name>", "in the container (default: eth0 and so on)")
      .option("--gw-priority <number>", "the highest is the way out (default: 0)", wholeNumber)
      .option("--driver-opt <name=value>", "an option of the driver's", collect)
      .option("--link-local-ip <address>", "not supported", collect),
  examples: [
    { line: "causeway network connect n1 web", says: "while it runs, if it runs" },
    { line: "causeway network connect --ip 10.1.0.7 --alias db n1 web", says: "with a place of its own" },
    { line: "causeway network connect --gw-priority 10 n1 web", says: "and it is the way out from now on" },
  ],
  completes: ["network", "container"],
  async run({ client, output, args, options }) {
    const [network = "", container = ""] = args;
    if (options.linkLocalIp !== undefined)
      throw usageError(
        "--link-local-ip is not supported: link-local addresses are the kernel's own, give --ip6",
      );
    const body = {
      network,
      ...nameOptions(options),
      ...serviceOption(options),
      ...given({
        ipv4: options.ip,
        ipv6: options.ip6,
        mac: options.macAddress,
        interfaceName: options.interfaceName,
        gatewayPriority: options.gwPriority,
        driverOptions: options.driverOpt && strictPairs("--driver-opt", options.driverOpt),
      }),
    };
    const asked = () =>
      whileWaiting(
        output,
        `connecting ${container}`,
        client.post(path("containers", container, "connect"), body),
      );
    await named(client, "network", network, () => named(client, "container", container, asked));
    return undefined;
  },
};
