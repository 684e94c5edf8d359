/**
 * causeway plugin serve: asks no daemon, but is one, for dockerd.
 */
import type { CommandDefinition } from "../../command.ts";
import { collect } from "../options.ts";

interface Options {
  readonly name: string;
  readonly stateDir?: string;
  readonly socket?: string;
  readonly hostNamespace?: string;
  readonly firewallTable?: string;
  readonly defaultAddressPool?: readonly string[];
  readonly allowForeignForwarding?: boolean;
  readonly dockerFilter: boolean;
  readonly selfHeal: boolean;
  readonly logLevel?: string;
}

export const serve: CommandDefinition<Options> = {
  define: (command) =>
    command
      .option("--name <name>", "that dockerd knows it by: docker network create -d NAME", "causeway")
      .option(
        "--state-dir <path>",
        "where what was promised is remembered (default: /var/lib/causeway/plugins/NAME)",
      )
      .option("--socket <path>", "where it listens (default: systemd's, or /run/docker/plugins/NAME.sock)")
      .option("--host-namespace <path>", "network namespace that dockerd is in (default: this process's own)")
      .option("--firewall-table <name>", "of nftables (default: plugin_NAME)")
      .option("--default-address-pool <base=SUBNET,size=N>", "where automatic subnets come from", collect)
      .option("--allow-foreign-forwarding", "where it turns forwarding on, other traffic is forwarded too")
      .option("--no-docker-filter", "leaves it to you to let our networks' traffic pass Docker's own rules")
      .option(
        "--no-self-heal",
        "leaves what somebody takes away in the kernel as it is, until the next start",
      )
      .option("--log-level <level>", "trace, debug, info, warn, error", "info"),
  examples: [
    {
      line: "causeway plugin serve",
      says: "our bridge driver and our IPAM for the dockerd of this machine, until Ctrl-C",
    },
    {
      line: "causeway plugin serve --name second --default-address-pool base=10.200.0.0/16,size=24",
      says: "another one, with networks and addresses of its own: docker network create -d second ...",
    },
  ],
  completesOptions: { "--state-dir": "file", "--socket": "file", "--host-namespace": "file" },
  async run({ options: { defaultAddressPool, ...options } }) {
    const { runPlugin } = await import("@causeway/daemon");
    // Ours end a command that is asked twice: a plugin ends by itself.
    for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
    return runPlugin({
      ...options,
      ...(defaultAddressPool !== undefined && { defaultAddressPools: defaultAddressPool }),
    });
  },
};
