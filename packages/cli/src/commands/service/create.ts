/**
 * causeway service create
 */
import type { Service, ServiceCreate } from "@causeway/daemon/api";
import { type Command, Option } from "commander";
import { path } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { showMade } from "../../output/made.ts";
import { whileWaiting } from "../../output/progress.ts";
import { named } from "../names.ts";
import { collect, given, milliseconds, pairs } from "../options.ts";
import { servicePort } from "./ports.ts";

interface Options {
  readonly mode?: ServiceCreate["mode"];
  readonly port?: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly drain?: number;
  readonly label?: readonly string[];
  readonly json?: boolean;
}

const modes = ["vip", "dnsrr"];

export const create: CommandDefinition<Options> = {
  define: (command: Command) =>
    command
      .argument("<network>", "name, id, or beginning of an id")
      .argument("<name>", "as it is asked for in the network")
      .addOption(
        new Option(
          "--mode <mode>",
          "vip: an address of its own; dnsrr: its name has its members' (default: vip)",
        ).choices(modes),
      )
      .option(
        "-p, --port <port>",
        "PORT[:TARGET][/tcp|udp]; others are refused (default: all). HOSTPORT:PORT:TARGET: at every host of the cluster, too",
        collect,
      )
      .option("--ip <address>", "its IPv4 address (default: the next free one)")
      .option("--ip6 <address>", "its IPv6 address")
      .option(
        "--drain <time>",
        "10s: a member that leaves keeps what it has so long (default: 0)",
        milliseconds,
      )
      .option("--label <name=value>", "a label", collect)
      .option("--json", "the service, whole; otherwise its id"),
  examples: [
    {
      line: "causeway service create n1 web",
      says: "a name and an address for endpoints with --service web",
    },
    {
      line: "causeway service create -p 80:8080 --drain 10s n1 web",
      says: "port 80 leads to the members' 8080; who leaves has ten seconds",
    },
    {
      line: "causeway service create -p 8000:80:8080 shared web",
      says: "and port 8000 of every host of the cluster leads there",
    },
    { line: "causeway service create --mode dnsrr n1 db", says: "no address: the name has the members'" },
  ],
  completes: ["network", "none"],
  completesOptions: { "--mode": modes },
  async run({ client, output, args: [network = "", name = ""], options }) {
    const { mode, port, ip, ip6, drain, label } = options;
    const body: ServiceCreate = {
      name,
      ...given({
        mode,
        ports: port?.map(servicePort),
        ipv4: ip,
        ipv6: ip6,
        drainMs: drain,
        labels: label && pairs(label),
      }),
    };
    const made = client.post<Service>(path("networks", network, "services"), body);
    const service = await named(client, "network", network, () =>
      whileWaiting(output, `making ${name}`, made),
    );
    showMade(output, service, service.id, options.json);
    return undefined;
  },
};
