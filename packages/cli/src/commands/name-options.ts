/**
 * Options of what an endpoint is called, and calls others: `--alias`, `--link`, `--named-port`.
 */
import type { EndpointCreate, NamedPort } from "@causeway/daemon/api";
import type { Command } from "commander";
import { usageError } from "../errors.ts";
import { collect, given } from "./options.ts";

export interface NameOptions {
  readonly alias?: readonly string[];
  readonly link?: readonly string[];
  readonly namedPort?: readonly string[];
}

export function addNameOptions(command: Command): Command {
  return command
    .option("--alias <name>", "a name more, in this network; *.app.local for all below app.local", collect)
    .option("--link <name[:alias]>", "a name of its own for another in this network", collect)
    .option("--named-port <name=port[/protocol]>", "a port that is found by its name: http=8080", collect);
}

/** @throws usage error */
export function nameOptions(options: NameOptions): Pick<EndpointCreate, "aliases" | "links" | "namedPorts"> {
  const { alias, link, namedPort } = options;
  return given({
    aliases: alias && [...alias],
    links: link && linksOf(link),
    namedPorts: namedPort?.map(namedPortOf),
  });
}

/** As Docker has it: `db:database` calls db database. */
export function linksOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, alias = name] = text.match(/^([^:]+)(?::([^:]+))?$/) ?? [];
      if (name === undefined)
        throw usageError(`--link "${text}" is not of the form NAME[:ALIAS], as db:database`);
      return [alias, name];
    }),
  );
}

const protocols = ["tcp", "udp", "sctp"] as const;

export function namedPortOf(text: string): NamedPort {
  const [, name, digits, written] = text.match(/^([^=]+)=(\d+)(?:\/(\w+))?$/) ?? [];
  const protocol = protocols.find((known) => known === written?.toLowerCase());
  if (name === undefined || (written !== undefined && protocol === undefined))
    throw usageError(`--named-port "${text}" is not of the form NAME=PORT[/tcp|udp|sctp], as http=8080`);
  const port = Number(digits);
  if (port < 1 || port > 65535)
    throw usageError(`--named-port "${text}": ${digits} is no port: there are 1 to 65535`);
  return { name, port, ...given({ protocol }) };
}
