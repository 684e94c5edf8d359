/**
 * causeway network create
 */
import type { Network, NetworkCreate } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { collect, given, pairs, wholeNumber } from "../options.ts";
import { type IpamOptions, ipamOf } from "./ipam.ts";

interface Options extends IpamOptions {
  readonly driver?: string;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ingress?: boolean;
  readonly scope?: NetworkCreate["scope"];
  readonly dns?: readonly string[];
  readonly dnsTtl?: number;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
  readonly label?: readonly string[];
  readonly opt?: readonly string[];
  readonly json?: boolean;
}

export const create: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("<name>", "letters, digits, _, . and -")
      .option("-d, --driver <driver>", "who makes it, a plugin too (default: bridge)")
      .option("--subnet <cidr>", "the network's addresses; more than once for several, IPv6 too", collect)
      .option("--ip-range <cidr>", "the part of a subnet that endpoints get theirs from", collect)
      .option("--gateway <address>", "the host's own address in a subnet", collect)
      .option("--aux-address <name=address>", "an address that nobody gets", collect)
      .option("--ipv6", "IPv6, besides")
      .option("--no-ipv6", "no IPv6")
      .option("--ipv4", "IPv4 (the default)")
      .option("--no-ipv4", "no IPv4")
      .option("--internal", "no way to the outside, and none in")
      .option("--attachable", "noted, as Docker does")
      .option("--ingress", "noted, as Docker does")
      .option("--scope <scope>", "local or global")
      .option("--dns <address>", "a name server for what is not found in it, asked from the host", collect)
      .option("--dns-ttl <seconds>", "how long addresses of its endpoints may be kept", wholeNumber)
      .option("--config-only", "holds options for other networks, and is none itself")
      .option("--config-from <network>", "a network that was made with --config-only")
      .option("--ipam-driver <driver>", "who gives addresses, a plugin too (default: default)")
      .option("--ipam-opt <name=value>", "an option for who gives addresses", collect)
      .option("--label <name=value>", "a label", collect)
      .option("-o, --opt <name[=value]>", "an option of the driver's; some take no value: encrypted", collect)
      .option("--json", "the network, whole; otherwise its id"),
  examples: [
    { line: "causeway network create n1", says: "a bridge with a free subnet" },
    {
      line: "causeway network create --subnet 10.1.0.0/24 --gateway 10.1.0.254 --ipv6 --subnet fd00:1::/64 n2",
      says: "subnets of one's own, in both families",
    },
    { line: "causeway network create --internal --label team=a n3", says: "without a way out" },
    {
      line: "causeway network create -o com.docker.network.bridge.enable_icc=false n4",
      says: "endpoints do not reach each other",
    },
  ],
  completes: ["none"],
  completesOptions: {
    "--driver": ["bridge"],
    "--scope": ["local", "global"],
    "--config-from": "network",
    "--ipam-driver": ["default", "null"],
  },
  async run({ client, output, args, options }) {
    const [name = ""] = args;
    const { driver, ipv4, ipv6, internal, attachable, ingress, scope, dnsTtl, configOnly, configFrom } =
      options;
    const body: NetworkCreate = {
      name,
      ...given({ driver, ipv4, ipv6, internal, attachable, ingress, scope, dnsTtl, configOnly, configFrom }),
      ...given({ dns: options.dns && [...options.dns] }),
      ...given({
        ipam: ipamOf(options),
        labels: options.label && pairs(options.label),
        driverOptions: options.opt && pairs(options.opt),
      }),
    };
    const network = await whileWaiting(output, `making ${name}`, client.post<Network>("/networks", body));
    showMade(output, network, network.id, options.json);
    return undefined;
  },
};
