/**
 * The files of a TLS client, from options or CAUSEWAY_CERT_PATH: the daemon takes nobody without a certificate on TCP.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, usageError } from "../errors.ts";
import type { TlsFiles } from "./http.ts";

export interface TlsPaths {
  readonly tlscacert?: string;
  readonly tlscert?: string;
  readonly tlskey?: string;
}

/** @param directory where ca.pem, cert.pem and key.pem are, for what the paths do not name */
export function readTlsFiles(paths: TlsPaths, directory: string | undefined): TlsFiles {
  const ca = paths.tlscacert ?? below(directory, "ca.pem");
  const cert = paths.tlscert ?? below(directory, "cert.pem");
  const key = paths.tlskey ?? below(directory, "key.pem");
  if (cert === undefined || key === undefined) {
    throw usageError(
      "a daemon on tcp:// asks for a certificate: give --tlscert and --tlskey, or CAUSEWAY_CERT_PATH with cert.pem and key.pem in it",
    );
  }
  return { ...(ca !== undefined && { ca: read(ca) }), cert: read(cert), key: read(key) };
}

function below(directory: string | undefined, name: string): string | undefined {
  return directory === undefined || directory === "" ? undefined : join(directory, name);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw usageError(`${path} cannot be read: ${messageOf(error)}`);
  }
}
