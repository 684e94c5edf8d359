/**
 * Options of what stands in a sandbox's files, for making one and for changing it.
 */
import type { SandboxRefresh } from "@causeway/daemon/api";
import type { Command } from "commander";
import { usageError } from "../../errors.ts";
import { collect, given, pairs } from "../options.ts";

export interface FileOptions {
  readonly hostname?: string;
  readonly domainname?: string;
  readonly addHost?: readonly string[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOption?: readonly string[];
  readonly label?: readonly string[];
}

export function addFileOptions(command: Command): Command {
  return command
    .option("--hostname <name>", "its host name")
    .option("--domainname <name>", "its domain")
    .option("--add-host <name:address>", "a line more in /etc/hosts; host-gateway is the host", collect)
    .option("--dns <address>", "a name server", collect)
    .option("--dns-search <domain>", "a domain to search in", collect)
    .option("--dns-option <option>", "of resolv.conf", collect)
    .option("--label <name=value>", "a label", collect);
}

export function fileOptions(options: FileOptions): SandboxRefresh {
  const { hostname, domainname, addHost, dns, dnsSearch, dnsOption, label } = options;
  return given({
    hostname,
    domainname,
    extraHosts: addHost?.map((line) => extraHost(line, "--add-host ")),
    dns: dns && [...dns],
    dnsSearch: dnsSearch && [...dnsSearch],
    dnsOptions: dnsOption && [...dnsOption],
    labels: label && pairs(label),
  });
}

/** @param option where it was given, for the error */
export function extraHost(text: string, option = ""): { name: string; address: string } {
  const [, name, address] = text.match(/^([^:=]+)[:=]\[?([^\]]+)\]?$/) ?? [];
  if (name === undefined || address === undefined)
    throw usageError(`${option}"${text}" is not of the form name:address`);
  return { name, address };
}
