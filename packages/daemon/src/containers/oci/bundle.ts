/**
 * Somebody's OCI bundle, read, and its configuration with what is ours to change. The bundle itself is never written to.
 */
import { isAbsolute, join } from "node:path";
import { files, O_NONBLOCK, O_RDONLY } from "@causeway/kernel";
import { invalid, messageOf } from "@causeway/libnetwork";
import { parseUser } from "../user.ts";
import {
  fileMounts,
  mergedEnvironment,
  type OciMount,
  type OciNamespace,
  type Place,
  type ProcessWish,
} from "./config.ts";

/** Larger than any that a tool writes, bytes. */
const largest = 1 << 20;

interface OciConfig {
  readonly process?: {
    readonly args?: readonly string[];
    readonly env?: readonly string[];
    readonly [name: string]: unknown;
  };
  readonly root?: { readonly path?: string; readonly [name: string]: unknown };
  readonly mounts?: readonly OciMount[];
  readonly hostname?: string;
  readonly linux?: {
    readonly namespaces?: readonly OciNamespace[];
    readonly sysctl?: Readonly<Record<string, string>>;
    readonly [name: string]: unknown;
  };
  readonly [name: string]: unknown;
}

export interface Bundle {
  readonly directory: string;
  readonly config: OciConfig;
}

/** @throws invalid_bundle */
export function readBundle(directory: string): Bundle {
  const path = join(directory, "config.json");
  let config: unknown;
  try {
    config = JSON.parse(readLimited(path));
  } catch (error) {
    throw broken(path, messageOf(error));
  }
  checkShape(path, config);
  return { directory, config };
}

/** Opened without waiting: a FIFO would hold the event loop until somebody writes. */
function readLimited(path: string): string {
  const fd = files.openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const there = files.fstatSync(fd);
    if (!there.isFile()) throw new Error("it is not a regular file");
    if (there.size > largest)
      throw new Error(`it has ${there.size} bytes, more than the ${largest} that are read`);
    return files.readFileSync(fd, "utf8");
  } finally {
    files.closeSync(fd);
  }
}

function broken(path: string, why: string): Error {
  return invalid("invalid_bundle", `${path} cannot be used: ${why}; "runc spec" writes one that can`, path);
}

/** Only what is read or changed here is looked at: the runtime checks the rest. */
function checkShape(path: string, config: unknown): asserts config is OciConfig {
  const refuse = (what: string) => broken(path, what);
  if (!isObject(config)) throw refuse("it is not a JSON object");
  const { root, process, mounts, linux } = config;
  for (const part of [config, root, process, linux]) {
    const twin = isObject(part) ? twinIn(part) : undefined;
    if (twin !== undefined) throw refuse(`${JSON.stringify(twin)} is not in small letters`);
  }
  if (!isObject(root) || typeof root.path !== "string" || root.path === "")
    throw refuse("root.path is not a text");
  for (const [name, part] of Object.entries({ process, linux }))
    if (part !== undefined && !isObject(part)) throw refuse(`${name} is not an object`);
  if (isObject(process)) {
    for (const name of ["args", "env"])
      if (process[name] !== undefined && !isTexts(process[name]))
        throw refuse(`process.${name} is not a list of texts`);
  }
  if (mounts !== undefined && !isListOf(mounts, "destination"))
    throw refuse("mounts is not a list of mounts");
  if (!hasOwnMounts(linux))
    throw refuse("linux.namespaces has none of type mount: what is mounted would stay on the host");
  if (!isObject(linux)) return;
  if (linux.namespaces !== undefined && !isListOf(linux.namespaces, "type"))
    throw refuse("linux.namespaces is not a list of namespaces");
  if (linux.sysctl !== undefined && !isObject(linux.sysctl)) throw refuse("linux.sysctl is not an object");
}

/** What is set here. */
const ours: ReadonlySet<string> = new Set(
  ["process", "root", "hostname", "mounts", "linux"].concat(
    ["terminal", "args", "env", "cwd", "user"],
    ["path", "readonly"],
    ["namespaces", "sysctl"],
  ),
);

/** runc reads names without regard to their case, and the last one counts: over ours, such as the network's namespace. */
function twinIn(part: object): string | undefined {
  // Both, by which "ſ" is an s and "\u212a" a k, as for Go.
  return Object.keys(part).find((name) => !ours.has(name) && ours.has(name.toUpperCase().toLowerCase()));
}

function hasOwnMounts(linux: unknown): boolean {
  const namespaces = isObject(linux) ? linux.namespaces : undefined;
  return Array.isArray(namespaces) && namespaces.some((one) => isObject(one) && one.type === "mount");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isListOf(value: unknown, name: string): boolean {
  return Array.isArray(value) && value.every((item) => isObject(item) && typeof item[name] === "string");
}

/** Hooks, mounts, limits and all else stay as they are. */
export function bundleConfig({ directory, config }: Bundle, wish: ProcessWish, place: Place): object {
  const { process = {}, root = {}, mounts = [], linux = {} } = config;
  const namespaces = linux.namespaces ?? [];
  const hasOwnName = namespaces.some(({ type }) => type === "uts");
  const taken = new Set(mounts.map(({ destination }) => destination));
  const sysctl = { ...linux.sysctl, ...wish.sysctls };
  return {
    ...config,
    process: {
      ...process,
      terminal: wish.terminal,
      args: wish.command.length > 0 ? wish.command : process.args,
      env: mergedEnvironment(process.env ?? [], wish.environment),
      ...(wish.workingDirectory !== undefined && { cwd: wish.workingDirectory }),
      ...(wish.user !== undefined && { user: parseUser(wish.user) }),
    },
    root: {
      ...root,
      path: below(directory, root.path ?? ""),
      ...(wish.readOnly && { readonly: true }),
    },
    ...(hasOwnName && wish.hostname !== undefined && { hostname: wish.hostname }),
    mounts: [
      ...mounts.map((mount) => anchored(directory, mount)),
      ...fileMounts(place.files).filter(({ destination }) => !taken.has(destination)),
    ],
    linux: {
      ...linux,
      namespaces: [
        ...namespaces.filter(({ type }) => type !== "network"),
        { type: "network", path: place.netnsPath },
      ],
      ...(Object.keys(sysctl).length > 0 && { sysctl }),
    },
  };
}

/** What a bind mount's source is relative to is the bundle; ours stands elsewhere. */
function anchored(directory: string, mount: OciMount): OciMount {
  const { type, source, options = [] } = mount;
  const isBind = type === "bind" || options.includes("bind") || options.includes("rbind");
  return isBind && source !== undefined ? { ...mount, source: below(directory, source) } : mount;
}

function below(directory: string, path: string): string {
  return isAbsolute(path) ? path : join(directory, path);
}
