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
  const { kind, command = [] } = request;
  checkPath(request);
  checkCommand(request);
  if (command.length === 0 && kind !== "bundle")
    throw invalid("invalid_option", "there is no command: say what is to run in the container");
  if (request.terminal === true && request.detached === true) {
    const mend = "leave one of -t and -d out";
    throw invalid("contradictory_options", `a container that is detached has no terminal: ${mend}`);
  }
  if (kind === "process" && (request.terminal === true || request.readOnly === true))
    throw invalid(
      "contradictory_options",
      "a process of the host's has the caller's own terminal and the host's files: leave -t and --read-only out",
    );
  if (request.shareWith !== undefined) checkSharing(request);
  checkSysctls(request);
}

/** <linux/binfmts.h> MAX_ARG_STRLEN, with the zero byte at its end: the kernel starts no program with a longer word. */
const longestWord = 131_072 - 1;

/**
 * What is asked of a command in a container, the first or a further one.
 *
 * @throws invalid_option, invalid_user
 */
export function checkCommand({
  command = [],
  environment = [],
  workingDirectory = "",
  user,
}: CommandWish): void {
  parseUser(user);
  for (const word of [...command, ...environment, workingDirectory]) {
    if (word.includes("\0")) throw invalid("invalid_option", `${JSON.stringify(word)} has a zero byte in it`);
    const length = Buffer.byteLength(word);
    if (length > longestWord)
      throw invalid(
        "invalid_option",
        `${JSON.stringify(word.slice(0, 50))}... has ${length} bytes: Linux takes ${longestWord}`,
      );
  }
  for (const entry of environment)
    if (!/^[^=]+=/.test(entry))
      throw invalid("invalid_option", `environment: ${JSON.stringify(entry)} is not NAME=value`, entry);
}

type CommandWish = Pick<ContainerCreate, "command" | "environment" | "workingDirectory" | "user">;

/** Network and files with names are the other's; a hostname may be its own. */
function checkSharing(request: ContainerCreate): void {
  const {
    networks = [],
    publish = [],
    domainname,
    extraHosts = [],
    dns = [],
    dnsSearch = [],
    hostname,
  } = request;
  if (networks.length > 0 || publish.length > 0)
    throw invalid(
      "contradictory_options",
      "a container that shares another's network has no networks and no ports of its own: give these to the other",
    );
  const named = [...extraHosts, ...dns, ...dnsSearch, ...(request.dnsOptions ?? [])];
  if (domainname !== undefined || named.length > 0)
    throw invalid(
      "contradictory_options",
      "a container that shares another's network has its hosts and resolv.conf, too: give names and servers to the other",
    );
  // Others are looked at by their sandbox.
  if (hostname !== undefined && !/^[a-z0-9_]([a-z0-9_.-]{0,62}[a-z0-9_-])?$/i.test(hostname))
    throw invalid(
      "invalid_hostname",
      `hostname: ${JSON.stringify(hostname.slice(0, 100))} is not a host name: use letters, digits, "-" and ".", at most 64`,
      hostname,
    );
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
