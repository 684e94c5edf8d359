/**
 * A container as Docker shows it: what it has of a network is its sandbox's.
 */
import type { Endpoint } from "@causeway/libnetwork";
import type { ContainerInfo } from "../containers/contract.ts";
import type {
  Addresses,
  ContainerInspect,
  ContainerState,
  ContainerSummary,
  EndpointResource,
  PortMap,
  PortSummary,
} from "./answers.ts";
import { lastingText } from "./go-time.ts";

/** Docker's form of no moment. */
const never = "0001-01-01T00:00:00Z";

/** Of a list. */
export function containerSummary(container: ContainerInfo, size: boolean): ContainerSummary {
  const { id, name, created, labels, state } = container;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: imageOf(container),
    ImageID: "",
    Command: container.command.join(" "),
    Created: Math.floor(created.getTime() / 1000),
    Ports: endpointsOf(container).flatMap(portsOf),
    ...(size && { SizeRw: 0, SizeRootFs: 0 }),
    Labels: labels,
    State: state,
    Status: statusText(container),
    HostConfig: { NetworkMode: networkMode(container) },
    NetworkSettings: { Networks: networksOf(container) },
    Mounts: [],
  };
}

export function containerResource(container: ContainerInfo, size: boolean): ContainerInspect {
  const { id, name, created, sandbox, command, hostname, labels } = container;
  const [path = "", ...args] = command;
  const files = sandbox?.files;
  const first = endpointsOf(container)[0];
  return {
    Id: id,
    Created: created.toISOString(),
    Path: path,
    Args: args,
    State: stateOf(container),
    Image: "",
    ResolvConfPath: files?.resolvConf ?? "",
    HostnamePath: files?.hostname ?? "",
    HostsPath: files?.hosts ?? "",
    LogPath: "",
    Name: `/${name}`,
    RestartCount: 0,
    Driver: "",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: {
      NetworkMode: networkMode(container),
      PortBindings: portBindings(container),
      AutoRemove: container.removeWhenEnded,
      Dns: [...(sandbox?.record.options.dns ?? [])],
      DnsOptions: [...(sandbox?.record.options.dnsOptions ?? [])],
      DnsSearch: [...(sandbox?.record.options.dnsSearch ?? [])],
      ExtraHosts: sandbox?.record.options.extraHosts.map((host) => `${host.name}:${host.address}`) ?? [],
    },
    GraphDriver: { Name: "", Data: null },
    ...(size && { SizeRw: 0, SizeRootFs: 0 }),
    Mounts: [],
    Config: {
      Hostname: hostname ?? "",
      Domainname: sandbox?.record.options.domainname ?? "",
      User: "",
      ExposedPorts: exposedPorts(container),
      Env: [],
      Cmd: [...command],
      Image: imageOf(container),
      Volumes: null,
      WorkingDir: "",
      Entrypoint: null,
      Labels: labels,
    },
    NetworkSettings: {
      Bridge: "",
      SandboxID: sandbox?.id ?? "",
      SandboxKey: sandbox?.key ?? "",
      HairpinMode: false,
      LinkLocalIPv6Address: "",
      LinkLocalIPv6PrefixLen: 0,
      Ports: portMap(container),
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      ...addressesOf(first?.network.predefined === true ? first : undefined),
      Networks: networksOf(container),
    },
  };
}

/** There are no images: the directory that the container was made of is shown in the place of one. */
export function imageOf({ path }: ContainerInfo): string {
  return path ?? "";
}

export function endpointsOf({ sandbox }: ContainerInfo): readonly Endpoint[] {
  return sandbox?.endpoints() ?? [];
}

function networkMode(container: ContainerInfo): string {
  const { sandbox } = container;
  if (sandbox?.usesHostNetwork === true) return "host";
  if (sandbox?.sharedWith !== undefined) return `container:${sandbox.sharedWith.id}`;
  return endpointsOf(container)[0]?.network.name ?? "none";
}

function stateOf({ state, pid, exitCode, started, finished }: ContainerInfo): ContainerState {
  return {
    Status: state,
    Running: state === "running",
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Dead: false,
    Pid: pid ?? 0,
    ExitCode: exitCode ?? 0,
    Error: "",
    StartedAt: started?.toISOString() ?? never,
    FinishedAt: finished?.toISOString() ?? never,
  };
}

/** `Up 5 minutes`, `Exited (0) 2 hours ago`, `Created` */
function statusText({ state, started, finished, created, exitCode }: ContainerInfo): string {
  if (state === "created") return "Created";
  if (state === "running") return `Up ${lastingText(Date.now() - (started ?? created).getTime())}`;
  return `Exited (${exitCode ?? 0}) ${lastingText(Date.now() - (finished ?? created).getTime())} ago`;
}

/** Of a list: published ports, and those that are only served. */
export function portsOf({ bindings, record }: Endpoint): readonly PortSummary[] {
  const published = bindings.map(({ hostAddress, containerPort, hostPort, protocol }) => ({
    IP: hostAddress,
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }));
  const served = record.options.exposedPorts
    .map((text) => {
      const [port = "", type = "tcp"] = text.split("/");
      return { PrivatePort: Number(port), Type: type };
    })
    .filter(
      (port) => !published.some((one) => one.PrivatePort === port.PrivatePort && one.Type === port.Type),
    );
  return [...published, ...served];
}

/** `80/tcp` to host addresses and ports, null where it is only served. */
function portMap(container: ContainerInfo): PortMap {
  const map: PortMap = {};
  for (const endpoint of endpointsOf(container)) {
    for (const exposed of endpoint.record.options.exposedPorts) map[withType(exposed)] = null;
    const ports = Object.groupBy(endpoint.bindings, (one) => `${one.containerPort}/${one.protocol}`);
    for (const [port, bindings = []] of Object.entries(ports)) {
      map[port] = bindings.map((one) => ({ HostIp: one.hostAddress, HostPort: String(one.hostPort) }));
    }
  }
  return map;
}

function exposedPorts(container: ContainerInfo): Readonly<Record<string, Record<never, never>>> {
  return Object.fromEntries(Object.keys(portMap(container)).map((port) => [port, {}]));
}

/** What was asked for, which the bindings are an answer to. */
function portBindings(container: ContainerInfo): PortMap {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const endpoint of endpointsOf(container)) {
    for (const { protocol, containerPort, hostAddress = "", hostPort } of endpoint.record.options.publish) {
      const wanted = { HostIp: hostAddress, HostPort: hostPort === undefined ? "" : String(hostPort) };
      const key = `${containerPort}/${protocol}`;
      map[key] = [...(map[key] ?? []), wanted];
    }
  }
  return map;
}

function withType(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

function networksOf(container: ContainerInfo): Readonly<Record<string, EndpointResource>> {
  return Object.fromEntries(
    endpointsOf(container).map((endpoint) => [endpoint.network.name, endpointSettings(endpoint)]),
  );
}

function endpointSettings(endpoint: Endpoint): EndpointResource {
  const { options } = endpoint.record;
  const asked = {
    ...(options.ipv4 !== undefined && { IPv4Address: options.ipv4 }),
    ...(options.ipv6 !== undefined && { IPv6Address: options.ipv6 }),
  };
  return {
    IPAMConfig: Object.keys(asked).length > 0 ? asked : null,
    Links: null,
    Aliases: endpoint.aliases.length > 0 ? [...endpoint.aliases] : null,
    DriverOpts: driverOptions(endpoint),
    GwPriority: options.gatewayPriority,
    NetworkID: endpoint.network.id,
    ...addressesOf(endpoint),
    DNSNames: endpoint.network.predefined ? null : [endpoint.name, ...endpoint.aliases],
  };
}

function driverOptions({ record }: Endpoint): Readonly<Record<string, string>> | null {
  const { interfaceName, sysctls } = record.options;
  const settings = Object.entries(sysctls).map(
    ([name, value]) => `net.${name.replaceAll("/", ".")}=${value}`,
  );
  const options = {
    ...(interfaceName !== undefined && { "com.docker.network.endpoint.ifname": interfaceName }),
    ...(settings.length > 0 && { "com.docker.network.endpoint.sysctls": settings.join(",") }),
  };
  return Object.keys(options).length > 0 ? options : null;
}

/** Docker repeats those of the default network outside of Networks. */
function addressesOf(endpoint: Endpoint | undefined): Addresses {
  const [ipv4 = "", length4 = "0"] = endpoint?.ipv4?.split("/") ?? [];
  const [ipv6 = "", length6 = "0"] = endpoint?.ipv6?.split("/") ?? [];
  const info = endpoint?.info();
  const none = endpoint?.network.type === "null" || endpoint?.network.type === "host";
  return {
    EndpointID: endpoint?.id ?? "",
    Gateway: info?.gatewayIpv4 ?? "",
    IPAddress: ipv4,
    IPPrefixLen: Number(length4),
    IPv6Gateway: info?.gatewayIpv6 ?? "",
    GlobalIPv6Address: ipv6,
    GlobalIPv6PrefixLen: Number(length6),
    MacAddress: none ? "" : (endpoint?.mac ?? ""),
  };
}
