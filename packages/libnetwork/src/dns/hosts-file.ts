/**
 * The text of a sandbox's /etc/hosts: hosts(5), with the lines that Docker writes.
 */
import type { SandboxFileContent } from "../contracts/sandbox-files.ts";

const loopbackLines = `\
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** Loopback first, then a line for each address of the sandbox's own, then the extra hosts in the order given. */
export function hostsText(
  content: Pick<SandboxFileContent, "hostname" | "domainname" | "addresses" | "extraHosts">,
): string {
  let text = loopbackLines;
  const names = ownNames(content.hostname, content.domainname);
  if (names !== undefined) for (const address of content.addresses) text += `${address}\t${names}\n`;
  for (const { address, name } of content.extraHosts) text += `${address}\t${name}\n`;
  return text;
}

/** The full name first, as hosts(5) wants it, then the part before its first dot. Users give either as the hostname. */
function ownNames(hostname: string | undefined, domainname: string | undefined): string | undefined {
  if (!hostname) return undefined;
  const fullName = domainname ? `${hostname}.${domainname}` : hostname;
  const dotAt = fullName.indexOf(".");
  return dotAt === -1 ? fullName : `${fullName} ${fullName.slice(0, dotAt)}`;
}
