/**
 * Names that an endpoint is asked to go by, checked: in the options of createEndpoint, and in `endpoint.updateNames`.
 */
import type { NamedPort } from "../../contracts/names.ts";
import { invalid } from "../../errors.ts";
import { hostname } from "../../options/host-file-texts.ts";
import {
  invalidOption,
  listOf,
  objectOf,
  type Parsed,
  type Parser,
  parseObject,
  recordOf,
} from "../../options/parse.ts";
import { port, protocol } from "../publish-options.ts";

/** Seconds, RFC 2181 section 8. */
export const longestTtl = 0x7fff_ffff;

/** A name, or `*.NAME` for all below it. */
export const alias: Parser<string> = (value, name) => {
  if (typeof value !== "string" || !value.startsWith("*.")) return hostname(value, name);
  return `*.${hostname(value.slice(2), name)}`;
};

/** Alias to name. */
export const links: Parser<Readonly<Record<string, string>>> = (value, name) => {
  const given = recordOf(hostname)(value, name);
  for (const key of Object.keys(given)) hostname(key, `${name}: the alias`);
  return given;
};

/** RFC 6335 section 5.1, and longer ones: people call their ports as they like. */
const portName: Parser<string> = (value, name) => {
  if (typeof value === "string" && /^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$/i.test(value)) return value;
  throw invalidOption(name, value, 'letters, digits and "-", as in "http"');
};

const namedPortTable = {
  /** Without the underscore of the question: `http`. */
  name: portName,
  /** Default: tcp. */
  protocol,
  port,
};

export const namedPortList = listOf(objectOf(namedPortTable));

/** @throws invalid_option */
export function namedPorts(
  list: readonly Parsed<typeof namedPortTable>[],
  name: string,
): readonly NamedPort[] {
  return list.map(({ name: called, protocol: transport = "tcp", port: number }, at) => {
    if (called === undefined || number === undefined)
      throw invalid("invalid_option", `${name}[${at}]: give a name and a port`);
    return { name: called, protocol: transport, port: number };
  });
}

const namesTable = { aliases: listOf(alias), links, namedPorts: namedPortList };

/** What is left out stays as it is. */
export interface EndpointNames extends Parsed<typeof namesTable> {}

/** @throws unknown_option, invalid_option, invalid_hostname, invalid_port */
export function checkedEndpointNames(given: unknown) {
  const { namedPorts: ports, ...names } = parseObject(namesTable, given, "names");
  return { ...names, ...(ports !== undefined && { namedPorts: namedPorts(ports, "names.namedPorts") }) };
}
