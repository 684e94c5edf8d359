/**
 * Kinds of values: how each is read from the file, from a text (a flag, a variable), and written as TOML.
 */
import { isIP } from "node:net";
import { invalid, suggestion } from "@causeway/libnetwork";

export interface Kind<T> {
  /** For the manual: `PATH`, `NUMBER` ... */
  readonly shape: string;
  /** A flag may be given several times, and a variable holds several with blanks between. */
  readonly many?: true;
  /** Takes a value as it stands in the file. The error completes the setting's name. @throws invalid_setting */
  read(value: unknown): T;
  /** What was written in one flag or variable, as the file would say it; where there are many, all of them. */
  fromTexts(texts: readonly string[]): unknown;
  toToml(value: T): string;
}

function refused(value: unknown, expected: string): Error {
  return invalid("invalid_setting", `${JSON.stringify(value)} is not ${expected}`, value);
}

const last = (texts: readonly string[]) => texts.at(-1) ?? "";
const quoted = (value: unknown) => JSON.stringify(value);

export const text: Kind<string> = {
  shape: "TEXT",
  read(value) {
    if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
    throw refused(value, "a text");
  },
  fromTexts: last,
  toToml: quoted,
};

export const path: Kind<string> = {
  ...text,
  shape: "PATH",
  read(value) {
    if (typeof value === "string" && value.startsWith("/") && !value.includes("\0")) return value;
    throw refused(value, "an absolute path");
  },
};

/** @param unit what is counted, for the manual */
export function integer(minimum: number, maximum: number, unit = "NUMBER"): Kind<number> {
  return {
    shape: unit,
    read(value) {
      if (typeof value === "number" && Number.isInteger(value) && value >= minimum && value <= maximum)
        return value;
      throw refused(value, `a whole number from ${minimum} to ${maximum}`);
    },
    fromTexts: (texts) => (/^\d{1,15}$/.test(last(texts)) ? Number(last(texts)) : last(texts)),
    toToml: quoted,
  };
}

export const boolean: Kind<boolean> = {
  shape: "BOOLEAN",
  read(value) {
    if (typeof value === "boolean") return value;
    throw refused(value, "true or false");
  },
  fromTexts(texts) {
    const known: Readonly<Record<string, boolean>> = { true: true, "1": true, false: false, "0": false };
    return known[last(texts)] ?? last(texts);
  },
  toToml: quoted,
};

export function choice<const T extends string>(...allowed: readonly T[]): Kind<T> {
  return {
    shape: allowed.join("|"),
    read(value) {
      const found = allowed.find((item) => item === value);
      if (found !== undefined) return found;
      throw refused(value, `one of ${allowed.join(", ")}${suggestion(String(value), allowed)}`);
    },
    fromTexts: last,
    toToml: quoted,
  };
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `address:port`, an IPv6 address in brackets. */
export const listenAddress: Kind<ListenAddress> = {
  shape: "ADDRESS:PORT",
  read(value) {
    const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(String(value)) ?? [];
    const host = bracketed ?? plain;
    if (typeof value === "string" && host !== undefined && Number(port) < 65536)
      return { host, port: Number(port) };
    throw refused(value, 'an address and a port, such as "127.0.0.1:9323" or "[::1]:9323"');
  },
  fromTexts: last,
  toToml: ({ host, port }) => quoted(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`),
};

/** The same, of an address that only this machine reaches. */
export const loopbackAddress: Kind<ListenAddress> = {
  ...listenAddress,
  read(value) {
    const address = listenAddress.read(value);
    if (/^(127(\.\d{1,3}){3}|::1|localhost)$/.test(address.host)) return address;
    throw refused(value, "an address of the loopback: nobody is asked who he is there");
  },
};

export interface PoolRange {
  readonly base: string;
  readonly size: number;
}

/** Ranges that pools are cut from: tables of `base` and `size`; as a text `base=10.0.0.0/8,size=24`, as dockerd has it. */
export const pools: Kind<readonly PoolRange[]> = {
  shape: "base=SUBNET,size=LENGTH",
  many: true,
  read(value) {
    if (!Array.isArray(value))
      throw refused(value, 'a list of { base = "10.0.0.0/8", size = 24 }: put [ ] around it');
    return value.map(poolRange);
  },
  fromTexts: (texts) => texts.map((pool) => numbered(fields(pool, ","))),
  toToml: (ranges) =>
    `[${ranges.map(({ base, size }) => `{ base = "${base}", size = ${size} }`).join(", ")}]`,
};

function poolRange(item: unknown): PoolRange {
  const { base, size, ...rest }: Partial<Record<string, unknown>> =
    typeof item === "object" && item !== null ? { ...item } : {};
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw refused(item, `a pool: there is no "${unknown}" in one, only base and size`);
  if (typeof base === "string" && typeof size === "number") return { base, size };
  throw refused(item, 'a pool: give base and size, as in { base = "10.0.0.0/8", size = 24 }');
}

/** Addresses of the host, one of each family at most. */
export const hostGateways: Kind<readonly string[]> = {
  shape: "ADDRESS",
  many: true,
  read(value) {
    const addresses: unknown[] = Array.isArray(value) ? value : [value];
    const families = addresses.map((address) => (typeof address === "string" ? isIP(address) : 0));
    if (families.includes(0) || new Set(families).size < families.length)
      throw refused(value, 'an address of each family at most, such as ["192.0.2.1", "2001:db8::1"]');
    return addresses.map(String);
  },
  fromTexts: (texts) => texts,
  toToml: quoted,
};

export const paths: Kind<readonly string[]> = {
  shape: "PATH",
  many: true,
  read(value) {
    const all: unknown[] = Array.isArray(value) ? value : [value];
    if (!all.every((one) => typeof one === "string" && one.startsWith("/")))
      throw refused(value, 'absolute paths, such as ["/etc/docker/plugins"]');
    return all.map(String);
  },
  fromTexts: (texts) => texts,
  toToml: quoted,
};

/** Where a store is that hosts share. What else is asked of them, the controller says. */
export const endpoints: Kind<readonly string[]> = {
  shape: "URL",
  many: true,
  read(value) {
    const urls: unknown[] = Array.isArray(value) ? value : [value];
    if (!urls.every((url) => typeof url === "string" && /^https?:\/\/[^/@]+\/?$/.test(url)))
      throw refused(value, 'endpoints of etcd, such as ["http://10.0.0.1:2379"]');
    return urls.map(String);
  },
  fromTexts: (texts) => texts,
  toToml: quoted,
};

/** Options for somebody else to check: `name=value`. */
export const options: Kind<Readonly<Record<string, unknown>>> = {
  shape: "NAME=VALUE",
  many: true,
  read(value) {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
    throw refused(value, 'a table, such as { mtu = 1400 }, or "mtu=1400"');
  },
  fromTexts: (texts) => Object.assign({}, ...texts.map((option) => fields(option, "\n"))),
  toToml: (value) => {
    const entries = Object.entries(value).map(([name, item]) => `${quoted(name)} = ${quoted(item)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  },
};

/** A value that is looked at once more, by whoever knows what it means. */
export function checked<T>(kind: Kind<T>, check: (value: T) => void): Kind<T> {
  return {
    ...kind,
    read(value) {
      const read = kind.read(value);
      check(read);
      return read;
    },
  };
}

/** `a=1,b=2` as an object of texts. */
function fields(written: string, between: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    written.split(between).map((field) => {
      const at = field.indexOf("=");
      return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
    }),
  );
}

function numbered({ size, ...rest }: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  if (size === undefined) return rest;
  return { ...rest, size: /^\d+$/.test(size) ? Number(size) : size };
}
