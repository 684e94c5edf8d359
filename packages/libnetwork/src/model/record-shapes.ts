/**
 * What stored records must look like: checked when they are read, and completed with the defaults of options that the release which
 * wrote them did not have.
 */
import type { StoredRecord } from "../contracts/store.ts";
import { CausewayError, messageOf } from "../errors.ts";
import { defaultsOf } from "../options/defaults.ts";
import {
  boolean,
  integer,
  invalidOption,
  listOf,
  objectOf,
  type Parser,
  recordOf,
  string,
} from "../options/parse.ts";
import { endpointTable } from "./endpoint-options.ts";
import { ipamConfig, networkTable } from "./network-options.ts";
import type { RecordKind, RecordOfKind } from "./records.ts";
import { sandboxTable } from "./sandbox-options.ts";
import { serviceTable } from "./services/service-options.ts";

type Shape = Readonly<Record<string, Parser<unknown>>>;
type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with these fields. What a newer release has stored besides stays as it is. */
function shaped(shape: Shape): Parser<Fields> {
  const checks = Object.entries(shape);
  return (value, name) => {
    if (!isObject(value)) throw invalidOption(name, value, "an object");
    for (const [key, check] of checks) check(value[key], name === "" ? key : `${name}.${key}`);
    return value;
  };
}

/** The options of a table; `changed` are those that are stored in another form, or never left out. */
function optionsOf(table: Shape, changed: Shape): Parser<Fields> {
  const optional = Object.entries(table).map(([key, check]) => [key, maybe(check)] as const);
  const check = shaped({ ...Object.fromEntries(optional), ...changed });
  const defaults = defaultsOf(table);
  return (value, name) => ({ ...defaults, ...check(value, name) });
}

/** As {@link shaped}, with its field `options` completed. */
function withOptions(shape: Shape, options: Parser<Fields>): Parser<Fields> {
  const check = shaped(shape);
  return (value, name) => {
    const fields = check(value, name);
    return { ...fields, options: options(fields.options, "options") };
  };
}

function maybe(check: Parser<unknown>): Parser<unknown> {
  return (value, name) => (value === undefined ? undefined : check(value, name));
}

const whole = integer(0, Number.MAX_SAFE_INTEGER);
const texts = recordOf(string);
const family: Parser<unknown> = (value, name) => {
  if (value !== 4 && value !== 6) throw invalidOption(name, value, "4 or 6");
  return value;
};

const route = shaped({ destination: string, nextHop: maybe(string) });
const mapping = { protocol: string, containerPort: whole };

const { ipam: _, ...networkOptions } = networkTable;
const nameRecord = shaped({ name: string, ttl: whole, data: shaped({ type: string }) });
const pool = shaped({
  family,
  addressSpace: string,
  poolId: string,
  pool: string,
  subPool: maybe(string),
  gateway: maybe(string),
  auxiliaryAddresses: texts,
});
const ipamTable = { ipamDriver: string, ipamOptions: texts, ipamConfig: listOf(objectOf(ipamConfig)) };
const network = withOptions(
  {
    name: string,
    driver: string,
    created: whole,
    predefined: boolean,
    gatewayBridge: maybe(boolean),
    pools: listOf(pool),
    shared: maybe(boolean),
    names: maybe(listOf(nameRecord)),
  },
  optionsOf({ ...ipamTable, ...networkOptions }, { ...ipamTable, ipv6: boolean }),
);

const joinedInterface = shaped({
  plan: shaped({ kind: string }),
  prefix: string,
  mtu: maybe(whole),
  announce: shaped({ count: whole, intervalMs: whole, urgent: boolean }),
});
const origin = shaped({
  kind: maybe(string),
  parent: maybe(whole),
  paired: boolean,
  alias: string,
  alternativeNames: listOf(string),
});
const join = shaped({
  sandboxId: string,
  answer: shaped({
    interface: maybe(joinedInterface),
    gatewayIpv4: maybe(string),
    gatewayIpv6: maybe(string),
    staticRoutes: listOf(route),
    disableGatewayService: maybe(boolean),
  }),
  interface: maybe(shaped({ name: string, index: whole, origin: maybe(origin) })),
  order: maybe(whole),
  macOfLink: maybe(boolean),
});
const binding = shaped({ ...mapping, hostAddress: string, hostPort: whole, containerAddress: string });
const endpoint = withOptions(
  {
    networkId: string,
    name: string,
    created: whole,
    interface: shaped({ mac: string, ipv4: maybe(string), ipv6: maybe(string) }),
    state: shaped({ bindings: listOf(binding) }),
    join: maybe(join),
    withheld: maybe(listOf(binding)),
    healthy: maybe(boolean),
    gateway: maybe(boolean),
    yielded: maybe(boolean),
  },
  optionsOf(endpointTable, {
    publish: maybe(listOf(shaped(mapping))),
    sysctls: maybe(texts),
    staticRoutes: maybe(listOf(route)),
  }),
);

const servicePort = shaped({ protocol: string, port: whole, targetPort: whole, hostPort: maybe(whole) });
const service = withOptions(
  { networkId: string, name: string, created: whole, ipv4: maybe(string), ipv6: maybe(string) },
  optionsOf(serviceTable, { ports: maybe(listOf(servicePort)) }),
);

const madeSandbox = withOptions(
  {
    containerId: string,
    created: whole,
    namespace: maybe(shaped({ path: string, identity: string })),
    ownsNamespace: boolean,
    sharedWith: maybe(string),
    released: maybe(boolean),
    hidden: maybe(boolean),
    ingress: maybe(string),
  },
  optionsOf(sandboxTable, {}),
);

/** A namespace that is ours to unmount, and its file to remove, is none but the one that we made. */
const sandbox: Parser<Fields> = (value, name) => {
  const fields = madeSandbox(value, name);
  const path = textIn(fields, "namespace", "path");
  if (fields.ownsNamespace !== true || path === undefined) return fields;
  if (path.endsWith(`/netns/${String(fields.id).slice(0, 12)}`)) return fields;
  throw invalidOption("namespace.path", path, "the sandbox's own place in a run directory");
};

const shapes: Readonly<Record<RecordKind, Parser<Fields>>> = { network, service, endpoint, sandbox };

/**
 * The record as the model has it.
 *
 * @throws record_unreadable, with the field that is not as it should be
 */
export function readRecord<K extends RecordKind>(kind: K, stored: StoredRecord): RecordOfKind[K] {
  try {
    // Files and links are named after it.
    if (!/^[0-9a-z]+$/.test(stored.id)) throw invalidOption("id", stored.id, "letters and digits");
    const fields = shapes[kind](stored.value, "");
    if (fields.id !== stored.id) throw invalidOption("id", fields.id, `the id that it is stored by`);
    return fields as unknown as RecordOfKind[K];
  } catch (error) {
    throw unreadable(kind, stored, error);
  }
}

function unreadable(kind: RecordKind, { id, value }: StoredRecord, cause: unknown): CausewayError {
  const why = messageOf(cause);
  const field = fieldOf(cause);
  return new CausewayError(
    "unavailable",
    "record_unreadable",
    `what is stored of ${kind} "${nameIn(value) ?? id}" (${id}) cannot be read: ${why}; it and what it has in the kernel are left ` +
      "alone: open with the release that wrote it, restore a backup, or give it up by controller.discardRecord",
    { cause, detail: { kind, id, field } },
  );
}

/** The field, by the parser's own word; the whole record where it is no object. */
function fieldOf(cause: unknown): string {
  const detail = cause instanceof CausewayError ? cause.detail : undefined;
  const isNamed = typeof detail === "object" && detail !== null && "option" in detail;
  if (isNamed && typeof detail.option === "string") return detail.option;
  const [name = ""] = cause instanceof Error ? cause.message.split(":", 1) : [];
  return /^[\w.[\]]*$/.test(name) ? name : "";
}

/** What a person knows it by, as far as that can be read. */
export function nameIn(value: unknown): string | undefined {
  return textIn(value, "name") ?? textIn(value, "containerId");
}

/** A text in a value that may be anything, by its path. */
export function textIn(value: unknown, ...path: readonly string[]): string | undefined {
  let found: unknown = value;
  for (const key of path) {
    const inside: unknown = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
    found = inside;
  }
  return typeof found === "string" ? found : undefined;
}
