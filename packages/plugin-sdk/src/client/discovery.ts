/**
 * Finding a plugin by its name, in the places and the order of moby's pkg/plugins: sockets, then .spec and .json.
 */
import { join } from "node:path";
import Type from "typebox";
import { messageOf, PluginError } from "../errors.ts";
import { existsSync, readFileSync, statSync } from "../files.ts";
import { readMessage } from "../protocol/index.ts";
import { type PluginAddress, parseAddress } from "./address.ts";

export interface PluginDirectories {
  /** Of sockets: `NAME.sock`, `NAME/NAME.sock`. Default: `/run/docker/plugins`. */
  readonly sockets: string;
  /** Of `NAME.spec`, `NAME/NAME.spec`, `NAME.json`, `NAME/NAME.json`. Default: `/etc/docker/plugins`, `/usr/lib/docker/plugins`. */
  readonly specs: readonly string[];
}

export const defaultDirectories: PluginDirectories = {
  sockets: "/run/docker/plugins",
  specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
};

export interface FoundPlugin {
  readonly name: string;
  readonly address: PluginAddress;
  /** The file that says so. */
  readonly source: string;
}

/** moby's pkg/plugins: Plugin and tlsconfig.Options, as JSON. */
const JsonSpec = Type.Object({
  Name: Type.String(),
  Addr: Type.String(),
  TLSConfig: Type.Object({
    InsecureSkipVerify: Type.Boolean(),
    CAFile: Type.String(),
    CertFile: Type.String(),
    KeyFile: Type.String(),
  }),
});

/**
 * @throws PluginError plugin_not_found, plugin_name_invalid; plugin_address_invalid for a .spec or .json that says none
 */
export function findPlugin(name: string, directories: PluginDirectories = defaultDirectories): FoundPlugin {
  if (name === "" || name.startsWith(".") || /[/\0]/.test(name))
    throw new PluginError(
      "plugin_name_invalid",
      `"${name}" is no name for a plugin: it is part of a file's name`,
    );
  const sockets = places(directories.sockets, name, "sock");
  for (const path of sockets) {
    if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true)
      return { name, address: { kind: "unix", path }, source: path };
  }
  const specs = directories.specs.flatMap((directory) => [
    ...places(directory, name, "spec"),
    ...places(directory, name, "json"),
  ]);
  for (const path of specs) {
    if (existsSync(path)) return { name, address: readSpec(path), source: path };
  }
  const socket = `no socket ${name}.sock in ${directories.sockets}`;
  const spec =
    directories.specs.length > 0 && `no ${name}.spec or ${name}.json in ${directories.specs.join(" or ")}`;
  const missing = [socket, ...(spec === false ? [] : [spec])].join(", and ");
  const message = `there is no plugin "${name}": ${missing} (nor in a folder ${name} there): start it, or say where it listens`;
  throw new PluginError("plugin_not_found", message, { detail: name });
}

function places(directory: string, name: string, ending: string): string[] {
  return [join(directory, `${name}.${ending}`), join(directory, name, `${name}.${ending}`)];
}

function readSpec(path: string): PluginAddress {
  try {
    const text = readFileSync(path, "utf8");
    return path.endsWith(".json") ? readJsonSpec(text) : parseAddress(text);
  } catch (error) {
    throw new PluginError("plugin_address_invalid", `${path}: ${messageOf(error)}`, {
      cause: error,
      detail: path,
    });
  }
}

function readJsonSpec(text: string): PluginAddress {
  const { Addr, TLSConfig } = readMessage(JsonSpec, JSON.parse(text));
  return parseAddress(Addr, {
    caFile: TLSConfig.CAFile || undefined,
    certFile: TLSConfig.CertFile || undefined,
    keyFile: TLSConfig.KeyFile || undefined,
    insecureSkipVerify: TLSConfig.InsecureSkipVerify || TLSConfig.CAFile === "",
  });
}
