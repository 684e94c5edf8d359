/**
 * What is asked of a new container, checked before anything is made.
 */
import { isAbsolute } from "node:path";
import { files } from "@causeway/kernel";
import { forbidden, invalid } from "@causeway/libnetwork";
import type { ContainerCreate } from "../api/index.ts";
import { type Caller, requireTrust } from "../server/caller.ts";
import type { ProcessWish } from "./oci/config.ts";
import { parseUser } from "./user.ts";

/** @throws caller_not_trusted, not_started_by_caller, invalid_option, invalid_path, invalid_sysctl, invalid_user ... */
export function checkRequest(request: ContainerCreate, caller: Caller): void {
  refuseStrangers(request, caller);
  const { kind, command = [], networks = [] } = request;
  checkPath(request);
  parseUser(request.user);
  if (command.length === 0 && kind !== "bundle")
    throw invalid("invalid_option", "there is no command: say what is to run in the container");
  for (const word of [...command, ...(request.environment ?? []), request.workingDirectory ?? ""])
    if (word.includes("\0")) throw invalid("invalid_option", `${JSON.stringify(word)} has a zero byte in it`);
  for (const entry of request.environment ?? [])
    if (!/^[^=]+=/.test(entry))
      throw invalid("invalid_option", `environment: ${JSON.stringify(entry)} is not NAME=value`, entry);
  if (request.terminal === true && request.detached === true) {
    const mend = "leave one of -t and -d out";
    throw invalid("contradictory_options", `a container that is detached has no terminal: ${mend}`);
  }
  if (kind === "process" && (request.terminal === true || request.readOnly === true))
    throw invalid(
      "contradictory_options",
      "a process of the host's has the caller's own terminal and the host's files: leave -t and --read-only out",
    );
  if (request.shareWith !== undefined && (networks.length > 0 || (request.publish ?? []).length > 0))
    throw invalid(
      "contradictory_options",
      "a container that shares another's network has no networks and no ports of its own: give these to the other",
    );
  checkSysctls(request);
}

function refuseStrangers({ kind, path, detached }: ContainerCreate, caller: Caller): void {
  requireTrust(caller, kind === "process" ? "to start a process of the host's" : `the directory ${path}`);
  const { uid, text } = caller;
  // In the foreground it is the caller that starts it, which only root can.
  if (detached !== true && uid !== 0)
    throw forbidden(
      "not_started_by_caller",
      `in the foreground a container is started by the caller, and ${text} is not root on this host: use -d`,
    );
}

function checkPath({ kind, path }: ContainerCreate): void {
  if (kind === "process") {
    if (path === undefined) return;
    throw invalid(
      "contradictory_options",
      `a process of the host's has no directory of its own: leave ${path} out`,
    );
  }
  const option = kind === "rootfs" ? "--rootfs" : "--bundle";
  if (path === undefined || !isAbsolute(path) || path.includes("\0"))
    throw invalid("invalid_path", `${option}: give the absolute path of a directory`, path);
  if (files.statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw invalid("invalid_path", `${option}: ${path} is not a directory`, path);
}

/** A plain process shares all but the network with the host. */
function checkSysctls({ kind, sysctls = {} }: ContainerCreate): void {
  for (const [name, value] of Object.entries(sysctls)) {
    const form = kind === "process" ? /^net(\.[a-zA-Z0-9_-]+)+$/ : /^[a-z]+(\.[a-zA-Z0-9_-]+)+$/;
    if (form.test(name) && !/[\0\n]/.test(value)) continue;
    const what = kind === "process" ? "of the network: net.ipv4..." : "with points between its parts";
    throw invalid("invalid_sysctl", `${JSON.stringify(name)} is not a setting ${what}`, name);
  }
}

/** @param hostname that it gets where none is asked for */
export function wishOf(request: ContainerCreate, hostname: string | undefined): ProcessWish {
  const { command = [], environment = [], workingDirectory, user, domainname, sysctls = {} } = request;
  const named = request.hostname ?? hostname;
  return {
    command,
    environment,
    ...(workingDirectory !== undefined && { workingDirectory }),
    ...(user !== undefined && { user }),
    terminal: request.terminal === true,
    readOnly: request.readOnly === true,
    ...(named !== undefined && { hostname: named }),
    ...(domainname !== undefined && { domainname }),
    sysctls,
  };
}
