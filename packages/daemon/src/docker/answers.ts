/**
 * What answers of Docker's API hold, as schemas: views are of these types, and the OpenAPI document is made of them.
 */
import Type, { type Static, type TSchema } from "typebox";

const text = Type.String();
const flag = Type.Boolean();
const count = Type.Integer();
const texts = Type.Array(text);
const textByName = Type.Record(text, text);
const anyByName = Type.Record(text, Type.Unknown());
const strict = { additionalProperties: false } as const;

function nullable<T extends TSchema>(schema: T) {
  return Type.Union([schema, Type.Null()]);
}

export const NetworkResource = Type.Object(
  {
    Name: text,
    Id: text,
    Created: text,
    Scope: text,
    Driver: text,
    EnableIPv4: flag,
    EnableIPv6: flag,
    IPAM: Type.Object({
      Driver: text,
      Options: nullable(textByName),
      Config: Type.Array(
        Type.Object(
          {
            Subnet: Type.Optional(text),
            IPRange: Type.Optional(text),
            Gateway: Type.Optional(text),
            AuxiliaryAddresses: Type.Optional(textByName),
          },
          strict,
        ),
      ),
    }),
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    ConfigFrom: Type.Object({ Network: text }, strict),
    ConfigOnly: flag,
    Containers: Type.Record(
      text,
      Type.Object(
        { Name: text, EndpointID: text, MacAddress: text, IPv4Address: text, IPv6Address: text },
        strict,
      ),
      { description: "By the container's id; `ep-` and its own where an endpoint is in none." },
    ),
    Options: textByName,
    Labels: textByName,
    Services: Type.Optional(
      Type.Record(
        text,
        Type.Object(
          {
            VIP: text,
            Ports: texts,
            LocalLBIndex: Type.Integer(),
            Tasks: Type.Array(
              Type.Object({ Name: text, EndpointID: text, EndpointIP: text, Info: textByName }, strict),
            ),
          },
          strict,
        ),
        { description: "With `verbose` alone: the network's services, by their names." },
      ),
    ),
  },
  { ...strict, title: "NetworkResource" },
);
export type NetworkResource = Static<typeof NetworkResource>;

export const NetworkCreateResponse = Type.Object({ Id: text, Warning: text }, strict);
export const NetworksPruned = Type.Object({ NetworksDeleted: nullable(texts) }, strict);

const addresses = {
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: count,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: count,
  MacAddress: text,
};
export const Addresses = Type.Object(addresses, strict);
export type Addresses = Static<typeof Addresses>;

export const EndpointResource = Type.Object(
  {
    IPAMConfig: nullable(
      Type.Object({ IPv4Address: Type.Optional(text), IPv6Address: Type.Optional(text) }, strict),
    ),
    Links: nullable(texts),
    Aliases: nullable(texts),
    DriverOpts: nullable(textByName),
    GwPriority: count,
    NetworkID: text,
    ...addresses,
    DNSNames: nullable(texts),
  },
  { ...strict, title: "EndpointResource" },
);
export type EndpointResource = Static<typeof EndpointResource>;

export const PortSummary = Type.Object(
  { IP: Type.Optional(text), PrivatePort: count, PublicPort: Type.Optional(count), Type: text },
  strict,
);
export type PortSummary = Static<typeof PortSummary>;

const sizes = { SizeRw: Type.Optional(count), SizeRootFs: Type.Optional(count) };

export const ContainerSummary = Type.Object(
  {
    Id: text,
    Names: texts,
    Image: text,
    ImageID: text,
    Command: text,
    Created: count,
    Ports: Type.Array(PortSummary),
    ...sizes,
    Labels: textByName,
    State: text,
    Status: text,
    HostConfig: Type.Object({ NetworkMode: text }, strict),
    NetworkSettings: Type.Object({ Networks: Type.Record(text, EndpointResource) }, strict),
    Mounts: Type.Array(Type.Unknown(), { maxItems: 0 }),
  },
  { ...strict, title: "ContainerSummary" },
);
export type ContainerSummary = Static<typeof ContainerSummary>;

const PortMap = Type.Record(
  text,
  nullable(Type.Array(Type.Object({ HostIp: text, HostPort: text }, strict))),
);
export type PortMap = Static<typeof PortMap>;

const ContainerState = Type.Object(
  {
    Status: text,
    Running: flag,
    Paused: flag,
    Restarting: flag,
    OOMKilled: flag,
    Dead: flag,
    Pid: count,
    ExitCode: count,
    Error: text,
    StartedAt: text,
    FinishedAt: text,
  },
  strict,
);
export type ContainerState = Static<typeof ContainerState>;

export const ContainerInspect = Type.Object(
  {
    Id: text,
    Created: text,
    Path: text,
    Args: texts,
    State: ContainerState,
    Image: text,
    ResolvConfPath: text,
    HostnamePath: text,
    HostsPath: text,
    LogPath: text,
    Name: text,
    RestartCount: count,
    Driver: text,
    Platform: text,
    MountLabel: text,
    ProcessLabel: text,
    AppArmorProfile: text,
    ExecIDs: Type.Null(),
    HostConfig: Type.Object(
      {
        NetworkMode: text,
        PortBindings: PortMap,
        AutoRemove: flag,
        Dns: texts,
        DnsOptions: texts,
        DnsSearch: texts,
        ExtraHosts: texts,
      },
      strict,
    ),
    GraphDriver: Type.Object({ Name: text, Data: Type.Null() }, strict),
    ...sizes,
    Mounts: Type.Array(Type.Unknown(), { maxItems: 0 }),
    Config: Type.Object(
      {
        Hostname: text,
        Domainname: text,
        User: text,
        ExposedPorts: Type.Record(text, Type.Object({}, strict)),
        Env: texts,
        Cmd: texts,
        Image: text,
        Volumes: Type.Null(),
        WorkingDir: text,
        Entrypoint: Type.Null(),
        Labels: textByName,
      },
      strict,
    ),
    NetworkSettings: Type.Object(
      {
        Bridge: text,
        SandboxID: text,
        SandboxKey: text,
        HairpinMode: flag,
        LinkLocalIPv6Address: text,
        LinkLocalIPv6PrefixLen: count,
        Ports: PortMap,
        SecondaryIPAddresses: Type.Null(),
        SecondaryIPv6Addresses: Type.Null(),
        ...addresses,
        Networks: Type.Record(text, EndpointResource),
      },
      strict,
    ),
  },
  { ...strict, title: "ContainerInspect" },
);
export type ContainerInspect = Static<typeof ContainerInspect>;

export const EventMessage = Type.Object(
  {
    Type: text,
    Action: text,
    Actor: Type.Object({ ID: text, Attributes: textByName }, strict),
    scope: Type.Literal("local"),
    time: Type.Integer({ description: "Seconds since the epoch." }),
    timeNano: Type.Number(),
    status: Type.Optional(Type.String({ description: "What older clients read of a container's event." })),
    id: Type.Optional(text),
    from: Type.Optional(text),
  },
  { ...strict, title: "EventMessage", description: "One of a stream, a line each." },
);
export type EventMessage = Static<typeof EventMessage>;

export const SystemVersion = Type.Object(
  {
    Platform: Type.Object({ Name: text }, strict),
    Components: Type.Array(Type.Object({ Name: text, Version: text, Details: textByName }, strict)),
    Version: text,
    ApiVersion: text,
    MinAPIVersion: text,
    GitCommit: text,
    GoVersion: text,
    Os: text,
    Arch: text,
    KernelVersion: text,
    BuildTime: text,
  },
  { ...strict, title: "SystemVersion" },
);
export type SystemVersion = Static<typeof SystemVersion>;

/** Docker's has some sixty fields, most of which say here that there is no such thing. */
export const SystemInfo = Type.Object(
  {
    ID: text,
    Name: text,
    Containers: count,
    ContainersRunning: count,
    ContainersPaused: count,
    ContainersStopped: count,
    Images: count,
    NCPU: count,
    MemTotal: count,
    OSType: text,
    OperatingSystem: text,
    Architecture: text,
    KernelVersion: text,
    ServerVersion: text,
    SystemTime: text,
    DockerRootDir: text,
    Plugins: Type.Object({ Network: texts }),
    Runtimes: anyByName,
    Swarm: anyByName,
  },
  { title: "SystemInfo" },
);
