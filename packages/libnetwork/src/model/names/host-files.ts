/**
 * What stands in a sandbox's /etc/hosts, /etc/hostname and /etc/resolv.conf.
 */
import type { SandboxFileContent } from "../../contracts/sandbox-files.ts";
import { isGatewayEndpoint } from "../gateway/way-out.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { extraHostsOf } from "./extra-hosts.ts";
import { addressesOf } from "./sandbox-names.ts";
import { hasResolver, tellNames } from "./sandbox-resolver.ts";

/** Brings the files up to date with the sandbox's options and endpoints. */
export function writeHostFiles(sandbox: SandboxCore): void {
  const linking = sandbox.engine.hostLinks.update(sandbox);
  for (const one of [sandbox, ...linking]) sandbox.engine.parts.files.update(hostFileContent(one));
}

/** Brings the files of those up to date that link to a sandbox which goes. */
export function writeLinking(sandbox: SandboxCore): void {
  for (const one of sandbox.engine.hostLinks.update(sandbox))
    sandbox.engine.parts.files.update(hostFileContent(one));
}

/** In the sandbox's files, to the resolver, and to other hosts. */
export function announceNames(sandbox: SandboxCore): void {
  writeHostFiles(sandbox);
  tellNames(sandbox);
  sandbox.engine.global?.tellNames(sandbox);
}

/**
 * Looks at what stands in the files: after a restart, for a run that was killed may have left them ahead of what is stored, or behind it; and
 * when somebody asks for it, who may have emptied them.
 */
export function reviewHostFiles(sandbox: SandboxCore): void {
  sandbox.engine.parts.files.review(hostFileContent(sandbox));
}

export function hostFileContent(sandbox: SandboxCore): SandboxFileContent {
  const { engine, id, record, joined } = sandbox;
  const { hostname, domainname, dns, dnsSearch, dnsOptions } = record.options;
  return {
    sandboxId: id,
    hostname,
    domainname,
    extraHosts: extraHostsOf(sandbox),
    links: engine.hostLinks.lines(sandbox),
    hasResolver: hasResolver(sandbox),
    dns,
    dnsSearch,
    dnsOptions,
    addresses: [...joined].filter((endpoint) => !isGatewayEndpoint(endpoint)).flatMap(addressesOf),
  };
}
