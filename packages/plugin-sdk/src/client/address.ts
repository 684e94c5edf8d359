/**
 * Where a plugin listens.
 */
import { PluginError } from "../errors.ts";

export interface TlsFiles {
  /** Paths of PEM files; undefined where none is named. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** The plugin's certificate is not verified: so without `caFile`, as in Docker. */
  readonly insecureSkipVerify: boolean;
}

export type PluginAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles };

const withoutFiles: TlsFiles = {
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  insecureSkipVerify: true,
};

/**
 * @param url `unix:///run/x.sock`, `tcp://host:port`, `http://host:port`, `https://host:port`; what stands after is left out, as dockerd does
 * @param tls for `https`
 * @throws PluginError plugin_address_invalid
 */
export function parseAddress(url: string, tls: TlsFiles = withoutFiles): PluginAddress {
  const text = url.trim();
  const [, path] = text.match(/^unix:\/\/(\/.+)$/) ?? [];
  if (path !== undefined) return { kind: "unix", path };
  const parsed = URL.parse(text);
  const protocol = parsed?.protocol ?? "";
  if (parsed === null || !["tcp:", "http:", "https:"].includes(protocol) || parsed.hostname === "")
    throw new PluginError(
      "plugin_address_invalid",
      `"${text}" is no plugin's address: unix:///PATH, tcp://HOST:PORT, http://HOST:PORT or https://HOST:PORT`,
      { detail: text },
    );
  const host = parsed.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = protocol === "https:";
  const port = parsed.port === "" ? (secure ? 443 : 80) : Number(parsed.port);
  return { kind: "tcp", host, port, ...(secure && { tls }) };
}

/** For messages. */
export function addressText(address: PluginAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${address.tls === undefined ? "tcp" : "https"}://${host}:${address.port}`;
}
