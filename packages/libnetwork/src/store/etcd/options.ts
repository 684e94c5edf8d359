/**
 * What the cluster's store is and how it is reached: options from outside, checked.
 */
import { invalid } from "../../errors.ts";
import { absolutePath } from "../../options/absolute-path.ts";
import { type Complete, completeObjectOf, withDefault } from "../../options/defaults.ts";
import { invalidOption, listOf, objectOf, type Parsed, type Parser, string } from "../../options/parse.ts";

/** An endpoint's address in one form: `http://10.0.0.1:2379`. Without a port: 2379. */
const endpoint: Parser<string> = (value, name) => {
  const url = URL.parse(string(value, name));
  const isEndpoint =
    url !== null &&
    ["http:", "https:"].includes(url.protocol) &&
    url.hostname !== "" &&
    url.username === "" &&
    url.password === "" &&
    ["", "/"].includes(url.pathname) &&
    url.search === "" &&
    url.hash === "";
  // What stands there may be a password.
  if (!isEndpoint && url !== null && (url.username !== "" || url.password !== ""))
    throw invalid(
      "invalid_option",
      `${name}: an endpoint has no user in it: name it by "user" and "passwordFile"`,
      { option: name },
    );
  if (!isEndpoint)
    throw invalidOption(name, value, "an etcd endpoint: http://HOST:PORT or https://HOST:PORT");
  // URL leaves out the scheme's own port, which is not etcd's.
  const hasPort = /:\d+\/?$/.test(string(value, name).trim());
  const port = url.port !== "" ? url.port : hasPort ? (url.protocol === "http:" ? "80" : "443") : "2379";
  return `${url.protocol}//${url.hostname}:${port}`;
};

const endpoints: Parser<readonly string[]> = (value, name) => {
  const list = listOf(endpoint)(value, name);
  if (list.length === 0) throw invalidOption(name, value, "a list of at least one endpoint");
  return [...new Set(list)];
};

/** A part of every key, and of messages. */
const clusterName: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i.test(text)) return text;
  throw invalidOption(
    name,
    value,
    "a cluster's name: up to 63 letters, digits, dots, dashes and underscores, letters or digits at both ends",
  );
};

const userName: Parser<string> = (value, name) => {
  const text = string(value, name);
  if (text === "") throw invalidOption(name, value, "a user's name");
  return text;
};

const tls = {
  /** A PEM file of the certificates that an endpoint's must come from. Absent: those that Node.js trusts. */
  ca: absolutePath,
  /** A PEM file: the certificate by which this host is known to etcd. With `key`. */
  cert: absolutePath,
  /** A PEM file: its private key. */
  key: absolutePath,
};

const table = {
  /** Where etcd is: `http://` or `https://`, host and port (2379). Of several, which are members of one cluster, any that answers is asked. */
  etcd: endpoints,
  /** Which of the clusters in this etcd: its keys begin with `/causeway/<cluster>/`. */
  cluster: withDefault(clusterName, "default"),
  /** For `https://` endpoints. */
  tls: objectOf(tls),
  /** Who this host is to etcd, where etcd asks. With `passwordFile`. */
  user: userName,
  /** A file with the password of `user`; one line feed at its end does not count. It is read anew at each login. */
  passwordFile: absolutePath,
};

/** As users write them. */
export type ClusterOptions = Parsed<typeof table>;

export interface CheckedClusterOptions extends Complete<typeof table> {
  readonly etcd: readonly string[];
}

/** @throws invalid_option, unknown_option, invalid_path */
export function checkClusterOptions(options: unknown, name = "cluster"): CheckedClusterOptions {
  const checked = completeObjectOf(table)(options, name);
  const { etcd, tls, user, passwordFile } = checked;
  if (etcd === undefined) throw invalidOption(`${name}.etcd`, etcd, "a list of at least one endpoint");
  const schemes = new Set(etcd.map((url) => new URL(url).protocol));
  if (schemes.size > 1)
    throw invalidOption(`${name}.etcd`, etcd, "of one kind: use https:// for all endpoints, or for none");
  if (tls !== undefined && schemes.has("http:"))
    throw invalidOption(`${name}.etcd`, etcd, "for TLS: use https:// with the option tls, or leave that out");
  together(`${name}.tls.cert`, tls?.cert, `${name}.tls.key`, tls?.key);
  together(`${name}.user`, user, `${name}.passwordFile`, passwordFile);
  return { ...checked, etcd };
}

function together(one: string, first: unknown, other: string, second: unknown): void {
  if ((first === undefined) === (second === undefined)) return;
  const [given, missing] = first === undefined ? [other, one] : [one, other];
  throw invalid("invalid_option", `${given}: it goes with ${missing}, which is missing`, { option: missing });
}
