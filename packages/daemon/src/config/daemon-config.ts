/**
 * Of settings as they stand outside, what the rest of the daemon is given.
 */
import { type ControllerOptions, invalid } from "@causeway/libnetwork";
import type { DaemonConfig, TcpConfig } from "./config.ts";
import type { Limits } from "./limits.ts";
import { type SettingValues, settingNames, settingOf } from "./settings.ts";

export const defaultValues = Object.fromEntries(
  settingNames.map((name) => [name, settingOf(name).byDefault]),
) as unknown as SettingValues;

/** @throws invalid_setting where settings do not go together */
export function daemonConfigOf(values: SettingValues): DaemonConfig {
  const { metricsListen, metricsTraffic: traffic, metricsTrafficLimit: trafficLimit } = values;
  const tcp = tcpOf(values);
  return {
    controller: controllerOptionsOf(values),
    socket: values.socket,
    socketGroup: values.socketGroup,
    ...(tcp !== undefined && { tcp }),
    logLevel: values.logLevel,
    logFormat: values.logFormat,
    trustGroup: values.trustGroup,
    runtime: values.runtime,
    drainSeconds: values.drainSeconds,
    ...(values.userChainFile !== undefined && { userChainFile: values.userChainFile }),
    limits: limitsOf(values),
    metrics: { traffic, trafficLimit, ...(metricsListen !== undefined && { listen: metricsListen }) },
  };
}

export const defaultConfig: DaemonConfig = daemonConfigOf(defaultValues);

function controllerOptionsOf(values: SettingValues): ControllerOptions {
  const { enableForwarding, allowForeignForwarding, hostNamespace } = values;
  const cluster = clusterOf(values);
  return {
    stateDir: values.stateDir,
    runDir: values.runDir,
    ...(hostNamespace !== undefined && { hostNamespace }),
    drivers: {
      bridge: { enableForwarding, allowForeignForwarding },
      ...(cluster !== false && {
        overlay: { vxlanPort: values.vxlanPort, encryptedPort: values.encryptedPort },
      }),
    },
    cluster,
    defaultNetwork: values.defaultNetwork && defaultNetworkOf(values),
    gatewayNetwork: values.gatewayNetwork && gatewayNetworkOf(values),
    plugins: values.plugins && {
      directories: { sockets: values.pluginSockets, specs: values.pluginSpecs },
      timeout: values.pluginTimeoutSeconds * 1000,
    },
    firewall: values.firewall,
    firewallTable: values.firewallTable,
    defaultAddressPools: values.defaultPools,
    warmNamespaces: values.warmNamespaces,
    selfHeal: values.selfHeal,
    resolver: values.resolver,
    resolverCacheBytes: values.resolverCacheBytes,
    hostResolvConf: values.hostResolvConf,
    hostGateways: values.hostGateways,
  };
}

function defaultNetworkOf(values: SettingValues) {
  const { defaultNetworkSubnet: subnet, defaultNetworkSubnetIpv6: subnetIpv6 } = values;
  return {
    name: values.defaultNetworkName,
    bridgeName: values.defaultNetworkBridge,
    ...(subnet !== undefined && { subnet }),
    ...(subnetIpv6 !== undefined && { subnetIpv6 }),
    driverOptions: values.defaultNetworkOptions,
  };
}

function gatewayNetworkOf(values: SettingValues) {
  const { gatewayNetworkBridge: bridgeName, gatewayNetworkSubnet: subnet } = values;
  return {
    name: values.gatewayNetworkName,
    ...(bridgeName !== undefined && { bridgeName }),
    ...(subnet !== undefined && { subnet }),
    driverOptions: values.gatewayNetworkOptions,
  };
}

/** @throws invalid_setting for what says how to reach an etcd that is not named */
function clusterOf(values: SettingValues) {
  const { clusterEtcd: etcd } = values;
  const given = (key: string, value: string | undefined) => (value === undefined ? {} : { [key]: value });
  const tls = {
    ...given("ca", values.clusterTlsCa),
    ...given("cert", values.clusterTlsCertificate),
    ...given("key", values.clusterTlsKey),
  };
  const optional = {
    ...given("advertise", values.clusterAdvertise),
    ...given("name", values.clusterHostName),
    ...given("user", values.clusterUser),
    ...given("passwordFile", values.clusterPasswordFile),
    ...(Object.keys(tls).length > 0 && { tls }),
  };
  if (etcd.length > 0) {
    return {
      ...optional,
      etcd,
      cluster: values.clusterName,
      life: values.clusterLifeSeconds,
      retention: values.clusterRetentionSeconds,
      keyPeriod: values.clusterKeyPeriodSeconds,
      defaultAddressPools: values.clusterPools,
    };
  }
  const [unused] = Object.keys(optional);
  if (unused === undefined) return false;
  throw invalid(
    "invalid_setting",
    `cluster: ${unused} is set, and cluster.etcd is not: say where etcd is, or leave it out`,
    unused,
  );
}

function tcpOf({
  tcp,
  tlsCa: ca,
  tlsCertificate: certificate,
  tlsKey: key,
  tcpTrusted: trusted,
}: SettingValues) {
  if (tcp === undefined) return undefined;
  if (ca !== undefined && certificate !== undefined && key !== undefined)
    return { ...tcp, ca, certificate, key, trusted } satisfies TcpConfig;
  throw invalid(
    "invalid_setting",
    "api.tcp needs api.tls-ca, api.tls-certificate and api.tls-key: without a certificate anybody could be root here",
  );
}

function limitsOf(values: SettingValues): Limits {
  return {
    body: values.limitBody,
    head: values.limitHead,
    depth: values.limitDepth,
    connections: values.limitConnections,
    requests: values.limitRequests,
    streams: values.limitStreams,
    headTime: values.limitHeadTime,
    requestTime: values.limitRequestTime,
    answerTime: values.limitAnswerTime,
    idleTime: values.limitIdleTime,
    lateness: values.limitLateness,
  };
}
