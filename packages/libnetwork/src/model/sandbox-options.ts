/**
 * What a sandbox is asked to be: the options of newSandbox, checked.
 */
import { parseIp } from "../address/ip.ts";
import { invalid } from "../errors.ts";
import { hostname, word } from "../options/host-file-texts.ts";
import {
  boolean,
  listOf,
  objectOf,
  type Parsed,
  type Parser,
  parseObject,
  recordOf,
  string,
  textBy,
} from "../options/parse.ts";

const address = textBy((text) => parseIp(text).toString());

/** A path of this machine, absolute and without a NUL. */
const path: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (text.startsWith("/") && !text.includes("\0")) return text;
  throw invalid("invalid_path", `${name}: ${JSON.stringify(text)} is not an absolute path`, text);
};

const sandboxTable = {
  hostname,
  domainname: hostname,
  /** Lines of /etc/hosts besides those of the endpoints. */
  extraHosts: listOf(objectOf({ name: hostname, address })),
  /** Name servers. Default: the host's. */
  dns: listOf(address),
  dnsSearch: listOf(word),
  dnsOptions: listOf(word),
  /** Use the host's own network instead of a namespace. Default: false. */
  useHostNetwork: boolean,
  /** Path of a namespace that was made elsewhere. Default: one is made; see also `sandbox.setKey`. */
  key: path,
  /** The namespace is made by somebody else later: `sandbox.setKey` adopts it. Default: false. */
  externalKey: boolean,
  /** Container id, or id of its sandbox, whose network stack is shared. */
  shareWith: string,
  labels: recordOf(string),
};

/** Options of {@link NetworkController.newSandbox}. */
export interface SandboxOptions extends Parsed<typeof sandboxTable> {}

export interface CheckedSandboxOptions {
  readonly hostname: string | undefined;
  readonly domainname: string | undefined;
  readonly extraHosts: readonly { readonly name: string; readonly address: string }[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly useHostNetwork: boolean;
  readonly key: string | undefined;
  readonly externalKey: boolean;
  readonly shareWith: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** The options with those changed that are given. */
export function changedSandboxOptions(
  current: CheckedSandboxOptions,
  given: SandboxOptions,
): CheckedSandboxOptions {
  const checked = checkedSandboxOptions(given);
  const changes = Object.entries(checked).filter(([name]) => Object.hasOwn(given, name));
  return { ...current, ...Object.fromEntries(changes) };
}

/** @throws unknown_option, invalid_option, invalid_hostname, invalid_path, invalid_address, contradictory_options */
export function checkedSandboxOptions(given: unknown): CheckedSandboxOptions {
  const options = parseObject(sandboxTable, given, "options");
  const sources = (["useHostNetwork", "key", "externalKey", "shareWith"] as const).filter(
    (name) => options[name] !== undefined && options[name] !== false,
  );
  if (sources.length > 1) {
    throw invalid(
      "contradictory_options",
      `options: ${sources.join(" and ")} exclude each other: give one of them`,
    );
  }
  return {
    hostname: options.hostname,
    domainname: options.domainname,
    extraHosts: (options.extraHosts ?? []).map(({ name, address: ip }, at) => {
      if (name === undefined || ip === undefined) {
        throw invalid("invalid_option", `options.extraHosts[${at}]: give a name and an address`);
      }
      return { name, address: ip };
    }),
    dns: options.dns ?? [],
    dnsSearch: options.dnsSearch ?? [],
    dnsOptions: options.dnsOptions ?? [],
    useHostNetwork: options.useHostNetwork ?? false,
    key: options.key,
    externalKey: options.externalKey ?? false,
    shareWith: options.shareWith,
    labels: options.labels ?? {},
  };
}
