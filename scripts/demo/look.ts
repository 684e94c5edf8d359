// What there is in a namespace, and below a directory.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { link, NetNamespace, NftContext, Rtnl } from "@causeway/kernel";

export function linksIn(namespacePath: string): readonly string[] {
  using namespace = NetNamespace.open(namespacePath);
  using rtnl = new Rtnl(namespace);
  return rtnl.dump(link.list()).map(({ name }) => name);
}

/** Names of the nftables tables, with their families. */
export function tablesIn(namespacePath: string): readonly string[] {
  using namespace = NetNamespace.open(namespacePath);
  using context = new NftContext(namespace);
  return lines(context.run("list tables"));
}

/** Where something is mounted, proc_pid_mountinfo(5). */
export function mountsBelow(directory: string): readonly string[] {
  return lines(readFileSync("/proc/self/mountinfo", "utf8"))
    .flatMap((line) => line.split(" ")[4] ?? [])
    .filter((path) => path.startsWith(`${directory}/`));
}

export function filesBelow(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

function lines(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
