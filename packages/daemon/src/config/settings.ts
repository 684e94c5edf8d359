/**
 * Every setting of the daemon, once: what it is called in the file, as a flag and as a variable, what it may be, what it is by default.
 * Checks, help, the example file and the guide's table are made of this.
 */
import { logFormats, logLevels } from "./config.ts";
import {
  boolean,
  choice,
  hostGateways,
  integer,
  listenAddress,
  loopbackAddress,
  options,
  path,
  paths,
  pools,
  text,
} from "./kinds.ts";
import { controllers, limit, type Setting, setting } from "./setting.ts";

export const settings = {
  stateDir: setting({
    key: "state-dir",
    flag: "state-dir",
    kind: path,
    byDefault: "/var/lib/causeway",
    about: "Where networks, endpoints and sandboxes are remembered. One daemon at a time uses it.",
  }),
  runDir: setting({
    key: "run-dir",
    flag: "run-dir",
    kind: path,
    byDefault: "/run/causeway",
    about: "Where the namespaces and files of sandboxes are. Best on a tmpfs.",
  }),
  hostNamespace: setting({
    key: "host-namespace",
    flag: "host-namespace",
    kind: path,
    example: "/run/netns/host",
    about: "Network namespace that is taken for the host. Default: the daemon's own.",
  }),
  drainSeconds: setting({
    key: "drain-seconds",
    flag: "drain-seconds",
    kind: integer(0, 3600, "SECONDS"),
    byDefault: 20,
    about: "How long what has begun may take when the daemon ends. New requests get 503 meanwhile.",
    reloads: true,
  }),
  socket: setting({
    key: "api.socket",
    flag: "socket",
    kind: path,
    byDefault: "/run/causeway/causeway.sock",
    about: "The unix socket, mode 0660.",
  }),
  socketGroup: setting({
    key: "api.group",
    flag: "group",
    kind: text,
    byDefault: "causeway",
    about:
      "Group that may use the socket, besides root: a name or a number. Without such a group, only root may.",
  }),
  trustGroup: setting({
    key: "api.trust-group",
    flag: "trust-group",
    kind: boolean,
    byDefault: false,
    about:
      "Callers that are not root may use namespaces, host networks and directories that are not ours. That makes them root.",
  }),
  tcp: setting({
    key: "api.tcp",
    flag: "tcp",
    kind: listenAddress,
    example: { host: "192.0.2.1", port: 2376 },
    about: "Where TLS clients are listened to; they must show a certificate. Needs the three settings below.",
  }),
  tlsCa: setting({
    key: "api.tls-ca",
    flag: "tls-ca",
    kind: path,
    example: "/etc/causeway/ca.pem",
    about: "Certificates of those who may sign a client's certificate.",
  }),
  tlsCertificate: setting({
    key: "api.tls-certificate",
    flag: "tls-certificate",
    kind: path,
    example: "/etc/causeway/server.pem",
    about: "The daemon's own certificate.",
  }),
  tlsKey: setting({
    key: "api.tls-key",
    flag: "tls-key",
    kind: path,
    example: "/etc/causeway/server-key.pem",
    about: "The key of that certificate.",
  }),
  tcpTrusted: setting({
    key: "api.tcp-trusted",
    flag: "tcp-trusted",
    kind: boolean,
    byDefault: false,
    about:
      "TLS clients may do what root may: use namespaces, host networks and directories that are not ours.",
  }),
  limitBody: limit("body", "", 1 << 10, 1 << 28, "Largest body that is read, bytes."),
  limitHead: limit("head", "", 1 << 10, 1 << 20, "Largest head of a request, bytes."),
  limitDepth: limit("depth", "", 4, 1000, "Deepest nesting of a JSON body."),
  limitConnections: limit("connections", "", 1, 100_000, "Connections at a time."),
  limitRequests: limit(
    "requests",
    "",
    1,
    100_000,
    "Requests at a time; those beyond get 503 with Retry-After.",
  ),
  limitStreams: limit(
    "streams",
    "",
    0,
    100_000,
    "Answers at a time that go on for as long as the client listens.",
  ),
  limitHeadTime: limit("headTime", "-ms", 100, 3_600_000, "How long a request's head may take to come."),
  limitRequestTime: limit("requestTime", "-ms", 100, 3_600_000, "How long a whole request may take to come."),
  limitAnswerTime: limit(
    "answerTime",
    "-ms",
    100,
    3_600_000,
    "How long a client may leave an answer unread.",
  ),
  limitIdleTime: limit("idleTime", "-ms", 100, 3_600_000, "How long a connection may be idle."),
  limitLateness: limit(
    "lateness",
    "-ms",
    50,
    3_600_000,
    "How late the event loop may be before requests are refused.",
  ),
  logLevel: setting({
    key: "log.level",
    flag: "log-level",
    kind: choice(...logLevels),
    byDefault: "info",
    about: "The least that is logged. `trace` logs every call into the kernel.",
    reloads: true,
  }),
  logFormat: setting({
    key: "log.format",
    flag: "log-format",
    kind: choice(...logFormats),
    byDefault: "auto",
    about: "`auto`: lines for people on a terminal, JSON elsewhere.",
  }),
  metricsListen: setting({
    key: "metrics.listen",
    flag: "metrics-listen",
    kind: loopbackAddress,
    example: { host: "127.0.0.1", port: 9323 },
    about: "Where /metrics is answered besides the socket: an address of the loopback.",
  }),
  metricsTraffic: setting({
    key: "metrics.traffic",
    flag: "metrics-traffic",
    kind: boolean,
    byDefault: true,
    about: "/metrics tells the traffic of each endpoint.",
    reloads: true,
  }),
  metricsTrafficLimit: setting({
    key: "metrics.traffic-limit",
    flag: "metrics-traffic-limit",
    kind: integer(0, 100_000),
    byDefault: 1000,
    about: "Of how many endpoints at most, the oldest first.",
    reloads: true,
  }),
  defaultPools: setting({
    key: "network.default-address-pools",
    flag: "default-address-pool",
    kind: controllers(pools, (defaultAddressPools) => ({ defaultAddressPools })),
    byDefault: [],
    example: [{ base: "10.64.0.0/12", size: 24 }],
    about: "Where subnets come from that nobody names, in this order. Default: what Docker takes.",
    reloads: true,
  }),
  warmNamespaces: setting({
    key: "network.warm-namespaces",
    flag: "warm-namespaces",
    kind: controllers(integer(0, 1024), (warmNamespaces) => ({ warmNamespaces })),
    byDefault: 4,
    about: "How many namespaces are kept ready for the next sandboxes.",
  }),
  selfHeal: setting({
    key: "network.self-heal",
    flag: "self-heal",
    kind: boolean,
    byDefault: true,
    about: "What somebody else takes away of ours in the kernel is put back.",
  }),
  resolver: setting({
    key: "names.resolver",
    flag: "resolver",
    kind: boolean,
    byDefault: true,
    about: "Names are answered in sandboxes, at 127.0.0.11. Without it they ask the host's name servers.",
  }),
  resolverCacheBytes: setting({
    key: "names.cache-bytes",
    flag: "resolver-cache-bytes",
    kind: controllers(integer(0, 1 << 30, "BYTES"), (resolverCacheBytes) => ({ resolverCacheBytes })),
    byDefault: 4 << 20,
    about: "How much is kept of what other name servers answered, for all sandboxes together; 0: nothing.",
  }),
  hostResolvConf: setting({
    key: "names.host-resolv-conf",
    flag: "host-resolv-conf",
    kind: path,
    byDefault: "/etc/resolv.conf",
    about: "Where it stands whom the host asks for names. Looked at again when it has changed.",
  }),
  hostGateways: setting({
    key: "names.host-gateway-ip",
    flag: "host-gateway-ip",
    kind: hostGateways,
    byDefault: [],
    example: ["192.0.2.1"],
    about:
      "What `host-gateway` stands for in extra hosts: an address of each family at most. Default: the gateway of the container's network.",
  }),
  defaultNetwork: setting({
    key: "default-network.enabled",
    flag: "default-network",
    kind: boolean,
    byDefault: true,
    about: "There is a network from the start.",
  }),
  defaultNetworkName: setting({
    key: "default-network.name",
    flag: "default-network-name",
    kind: controllers(text, (name) => ({ defaultNetwork: { name } })),
    byDefault: "bridge",
    about: "Its name.",
  }),
  defaultNetworkBridge: setting({
    key: "default-network.bridge",
    flag: "bridge",
    kind: text,
    byDefault: "causeway0",
    about: "Its bridge's name. A bridge that is there already is used, and never deleted.",
  }),
  defaultNetworkSubnet: setting({
    key: "default-network.subnet",
    flag: "bip",
    kind: controllers(text, (subnet) => ({ defaultNetwork: { subnet } })),
    example: "172.17.0.0/16",
    about: "Its IPv4 subnet. Default: a free one.",
  }),
  defaultNetworkSubnetIpv6: setting({
    key: "default-network.subnet-ipv6",
    flag: "bip6",
    kind: controllers(text, (subnetIpv6) => ({ defaultNetwork: { subnetIpv6 } })),
    example: "fd00:17::/64",
    about: "Its IPv6 subnet. Default: none.",
  }),
  defaultNetworkOptions: setting({
    key: "default-network.driver-options",
    flag: "default-network-opt",
    kind: options,
    byDefault: {},
    example: { mtu: 1400 },
    about: "Its options of the bridge driver.",
  }),
  gatewayNetwork: setting({
    key: "gateway-network.enabled",
    flag: "gateway-network",
    kind: boolean,
    byDefault: true,
    about:
      "Containers whose networks give no gateway get out by the gateway bridge, which is made when the first needs it.",
  }),
  gatewayNetworkName: setting({
    key: "gateway-network.name",
    flag: "gateway-network-name",
    kind: controllers(text, (name) => ({ gatewayNetwork: { name } })),
    byDefault: "causeway_gwbridge",
    about: "Its network's name.",
  }),
  gatewayNetworkBridge: setting({
    key: "gateway-network.bridge",
    flag: "gateway-bridge",
    kind: text,
    example: "causeway_gw",
    about: "Its bridge's name. Default: `causeway_gw`, or one of its own where that is taken.",
  }),
  gatewayNetworkSubnet: setting({
    key: "gateway-network.subnet",
    flag: "gateway-subnet",
    kind: controllers(text, (subnet) => ({ gatewayNetwork: { subnet } })),
    example: "172.18.0.0/16",
    about: "Its IPv4 subnet. Default: a free one.",
  }),
  gatewayNetworkOptions: setting({
    key: "gateway-network.driver-options",
    flag: "gateway-network-opt",
    kind: options,
    byDefault: {},
    example: { mtu: 1400 },
    about: "Its options of the bridge driver. Default: its containers do not reach each other by it.",
  }),
  plugins: setting({
    key: "plugins.enabled",
    flag: "plugins",
    kind: boolean,
    byDefault: true,
    about:
      "Network drivers and IPAMs of other names than the built-in ones are looked for among Docker's plugins.",
  }),
  pluginSockets: setting({
    key: "plugins.sockets",
    flag: "plugin-sockets",
    kind: path,
    byDefault: "/run/docker/plugins",
    about: "Directory in which their sockets are looked for.",
  }),
  pluginSpecs: setting({
    key: "plugins.specs",
    flag: "plugin-specs",
    kind: paths,
    byDefault: ["/etc/docker/plugins", "/usr/lib/docker/plugins"],
    about: "Directories of files NAME.spec and NAME.json that say where they listen.",
  }),
  pluginTimeoutSeconds: setting({
    key: "plugins.timeout-seconds",
    flag: "plugin-timeout-seconds",
    kind: integer(1, 3600, "SECONDS"),
    byDefault: 60,
    about: "How long a plugin may take to answer.",
  }),
  enableForwarding: setting({
    key: "bridge.enable-forwarding",
    flag: "ip-forward",
    kind: boolean,
    byDefault: true,
    about: "Forwarding is turned on in the host when a network needs it.",
  }),
  allowForeignForwarding: setting({
    key: "bridge.allow-foreign-forwarding",
    flag: "allow-foreign-forwarding",
    kind: boolean,
    byDefault: false,
    about: "Where we turned it on: traffic between interfaces that are not ours is forwarded too.",
  }),
  firewall: setting({
    key: "firewall.backend",
    flag: "firewall",
    kind: choice("nftables", "none"),
    byDefault: "nftables",
    about: "`none` leaves filtering and address translation to you.",
  }),
  firewallTable: setting({
    key: "firewall.table",
    flag: "firewall-table",
    kind: controllers(text, (firewallTable) => ({ firewallTable })),
    byDefault: "causeway",
    about: "Name of our nftables tables.",
  }),
  userChainFile: setting({
    key: "firewall.user-chain-file",
    flag: "user-chain-file",
    kind: path,
    example: "/etc/causeway/user.nft",
    about:
      "nftables rules of yours: what the chains `user` are to hold, put there at the start and on SIGHUP. Default: they are left alone.",
    reloads: true,
  }),
  runtime: setting({
    key: "containers.runtime",
    flag: "runtime",
    kind: text,
    byDefault: "runc",
    about: "The OCI runtime: a program's name or path.",
  }),
} satisfies Readonly<Record<string, unknown>>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** A value for each setting; those without a default may be undefined. */
export type SettingValues = {
  readonly [K in SettingName]: (typeof settings)[K] extends Setting<infer T>
    ? (typeof settings)[K] extends { readonly byDefault: T }
      ? T
      : T | undefined
    : never;
};

/** Any setting, whatever its kind of value. */
export function settingOf(name: SettingName): Setting<unknown> {
  return settings[name] as unknown as Setting<unknown>;
}
