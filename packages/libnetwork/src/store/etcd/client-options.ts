/**
 * What a client is opened with: the certificates and the password that options name, read from their files.
 */
import { createSecureContext } from "node:tls";
import { files } from "@causeway/kernel";
import { CausewayError, messageOf } from "../../errors.ts";
import type { ClientOptions } from "./client.ts";
import { Credentials } from "./credentials.ts";
import type { Keys } from "./keys.ts";
import type { CheckedClusterOptions } from "./options.ts";

/** @throws cluster_file_unusable for a certificate, a key or a password that cannot be read */
export function clientOptions(
  { etcd, tls, user, passwordFile }: CheckedClusterOptions,
  keys: Keys,
): Omit<ClientOptions, "patience"> {
  const [ca, cert, key] = [tls?.ca, tls?.cert, tls?.key].map((path) => path && readFile(path));
  const certificates = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    createSecureContext(certificates);
  } catch (error) {
    throw unusable([tls?.ca, tls?.cert, tls?.key].filter((path) => path !== undefined).join(", "), error);
  }
  const reached = { endpoints: etcd, tls: certificates, probe: keys.probe };
  if (user === undefined || passwordFile === undefined) return reached;
  const password = (): string =>
    readFile(passwordFile)
      .toString()
      .replace(/\r?\n$/, "");
  password(); // that it can be read
  return { ...reached, credentials: new Credentials(user, password) };
}

function readFile(path: string): Buffer {
  try {
    return files.readFileSync(path);
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): CausewayError {
  const message = `${path} cannot be used to reach etcd (${messageOf(cause)}): name a PEM file, or a password's, that this process may read`;
  return new CausewayError("invalid", "cluster_file_unusable", message, { detail: { path }, cause });
}
