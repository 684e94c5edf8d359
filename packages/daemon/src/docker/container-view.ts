/**
 * A container as Docker shows it: what it has of a network is its sandbox's.
 */
import type { ContainerInfo } from "../containers/contract.ts";
import type { ContainerInspect, ContainerState, ContainerSummary } from "./answers.ts";
import { addressesOf, endpointsOf, networksOf } from "./endpoint-view.ts";
import { lastingText } from "./go-time.ts";
import { exposedPorts, portBindings, portMap, portsOf } from "./port-view.ts";

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
