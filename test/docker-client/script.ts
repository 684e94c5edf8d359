// The commands, in their order: what one makes, later ones find. `ID(name)` is the id of a network, `SHORT(name)` its beginning, `NOW` the
// time. At the beginning there are the containers k1 (labelled tier=front, in bridge, 127.0.0.1:8080 published to 80), k2 (in bridge)
// and k3 (in none); no network but those that are there from the start.

export interface Command {
  readonly run: string;
  /** The daemon lists what it tells in no order. */
  readonly unordered?: boolean;
}

const inspectPools = "--format '{{json .IPAM.Config}}'";
const inContainer = (network: string, field: string) =>
  `inspect k1 --format '{{(index .NetworkSettings.Networks "${network}").${field}}}'`;

export const script: readonly Command[] = [
  // The system.
  { run: "version --format '{{.Server.Os}}/{{.Server.Arch}} {{.Server.KernelVersion}}'" },
  { run: "version" },
  {
    run: "info --format '{{.OSType}} {{.Architecture}} {{.NCPU}} {{.MemTotal}} {{.Name}} {{.KernelVersion}}'",
  },
  { run: "info --format '{{.OperatingSystem}} {{.Swarm.LocalNodeState}} {{.DefaultRuntime}}'" },
  {
    run: "info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.ContainersPaused}}'",
  },
  { run: "info --format '{{json .Plugins.Network}}'" },

  // Networks are made, with every flag.
  { run: "network ls" },
  { run: "network create plain" },
  { run: "network create plain" },
  { run: `network inspect plain ${inspectPools}` },
  { run: "network inspect plain" },
  {
    run: "network create front --driver bridge --subnet 10.81.0.0/24 --gateway 10.81.0.254 --label env=test --label tier=front",
  },
  { run: "network inspect front" },
  {
    run: "network create back --subnet 10.82.0.0/16 --ip-range 10.82.5.0/24 --aux-address router=10.82.5.3 --aux-address disk=10.82.5.4 --label env=live",
  },
  { run: "network inspect back" },
  { run: "network create six --ipv6 --subnet 10.83.0.0/24 --subnet fd00:83::/64 --gateway fd00:83::1" },
  { run: "network inspect six" },
  { run: "network create inner --internal --attachable --subnet 10.84.0.0/24" },
  {
    run: "network inspect inner --format '{{.Internal}} {{.Attachable}} {{.Ingress}} {{.Scope}} {{.Driver}}'",
  },
  {
    run: "network create tuned --subnet 10.85.0.0/24 --opt com.docker.network.bridge.name=tuned0 --opt com.docker.network.driver.mtu=1400 --opt com.docker.network.bridge.enable_icc=false",
  },
  { run: "network inspect tuned --format '{{json .Options}}'" },
  { run: "network create pooled --ipam-driver default --ipam-opt a=b --subnet 10.86.0.0/24" },
  { run: "network inspect pooled --format '{{json .IPAM}}'" },
  { run: "network create config --config-only --subnet 10.87.0.0/24 --label from=config" },
  { run: "network inspect config" },
  { run: "network create made --config-from config" },
  { run: "network inspect made --format '{{.ConfigFrom.Network}} {{json .IPAM.Config}}'" },
  { run: "network create scoped --scope local --subnet 10.88.0.0/24" },

  // What is refused when networks are made.
  { run: "network create bridge" },
  { run: "network create x --driver host" },
  { run: "network create x --driver null" },
  { run: "network create x --driver nothing" },
  { run: "network create x --subnet 10.81.0.0/24" },
  { run: "network create x --subnet nothing" },
  { run: "network create x --subnet 10.89.0.0/24 --gateway 10.90.0.1" },
  { run: "network create x --config-from nothing" },
  { run: "network create x --subnet 10.89.0.0/24 --subnet 10.89.0.0/25" },
  { run: "network create x --opt com.docker.network.driver.mtu=zz" },
  { run: "network create x --ingress" },
  { run: "network create slip --opt com.docker.network.bridge.nam=x0" },
  { run: "network rm slip" },
  { run: "network create" },
  { run: "network rm config" },

  // They are listed, with every filter and form.
  { run: "network ls --no-trunc --quiet --filter name=front" },
  { run: "network ls --filter driver=host --filter driver=null" },
  { run: "network ls --filter id=ID(front)" },
  { run: "network ls --filter label=env" },
  { run: "network ls --filter label=env=test --filter label=tier" },
  { run: "network ls --filter name=ront" },
  { run: "network ls --filter name=^.ront$ --filter name=back" },
  { run: "network ls --filter scope=local --filter driver=host" },
  { run: "network ls --filter scope=swarm" },
  { run: "network ls --filter type=builtin" },
  { run: "network ls --filter type=custom" },
  { run: "network ls --filter type=zz" },
  { run: "network ls --filter dangling=true" },
  { run: "network ls --filter dangling=false" },
  { run: "network ls --filter dangling=zz" },
  { run: "network ls --filter zz=1" },
  {
    run: "network ls --filter name=back --format '{{.ID}} {{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}} {{.Labels}}'",
  },
  { run: "network ls --filter name=front --format 'table {{.Name}}\\t{{.Driver}}'" },
  { run: "network ls --filter name=six --format '{{json .Name}} {{json .IPv6}}'" },

  // They are inspected, by whatever refers to them.
  { run: "network inspect ID(front) --format '{{.Name}}'" },
  { run: "network inspect SHORT(front) --format '{{.Name}}'" },
  { run: "network inspect --verbose front back --format '{{.Name}} {{.Driver}}'" },
  { run: "network inspect front nothing --format '{{.Name}}'" },
  { run: "network inspect host none --format '{{.Name}} {{.Driver}} {{json .IPAM}} {{json .Options}}'" },
  { run: "network inspect bridge --format '{{json .Options}}'" },
  { run: `network inspect bridge ${inspectPools}` },
  { run: "inspect front --format '{{.Name}} {{.Scope}}'" },
  { run: "inspect --type network back --format '{{.Name}}'" },
  { run: "inspect nothing" },

  // Containers are connected, with every flag.
  { run: "network connect front k1" },
  { run: "network connect front k1" },
  { run: inContainer("front", "IPAddress") },
  { run: inContainer("front", "Gateway") },
  { run: inContainer("front", "MacAddress") },
  { run: "network inspect front --format '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}'" },
  { run: "network connect back k1 --ip 10.82.5.20 --alias web --alias www" },
  { run: inContainer("back", "IPAMConfig.IPv4Address") },
  { run: inContainer("back", "IPPrefixLen") },
  { run: inContainer("back", "Aliases") },
  { run: "network connect six k1 --ip 10.83.0.20 --ip6 fd00:83::20" },
  { run: inContainer("six", "GlobalIPv6Address") },
  { run: inContainer("six", "IPv6Gateway") },
  { run: "network create aside --subnet 10.91.0.0/24" },
  { run: "network connect aside k2 --link k1:other" },
  { run: "network disconnect -f aside k2" },
  { run: "network connect aside k2 --link-local-ip 169.254.9.9" },
  { run: "network disconnect --force aside k2" },
  { run: "network connect aside k2 --driver-opt a=b" },
  { run: "network disconnect aside k2" },
  { run: "network connect front k2" },
  { run: "network inspect six --format '{{json .Containers}}'" },
  { run: "network ls --filter dangling=true --filter name=front" },
  { run: "network connect front nothing" },
  { run: "network connect nothing k1" },
  { run: "network connect host k1" },
  { run: "network connect none k1" },
  { run: "network connect front k3" },
  { run: "network connect scoped k1 --ip 10.99.0.9" },
  { run: "network connect scoped k1 --ip 10.88.0.1" },
  { run: "network connect scoped k1 --ip zz" },
  { run: "network connect plain k1 --ip 172.18.0.9" },
  { run: "network connect bridge k2 --alias x" },
  { run: "network connect scoped k1 --ip6 fd00::9" },

  // Containers are shown.
  { run: "ps --format '{{.Names}} {{.State}} {{.Status}} {{.Ports}} {{.Labels}}'" },
  { run: "ps" },
  { run: "ps --all --quiet --no-trunc" },
  { run: "ps --format '{{.Names}}' --filter name=k1" },
  { run: "ps --format '{{.Names}}' --filter network=front" },
  { run: "ps --format '{{.Names}}' --filter network=nothing" },
  { run: "ps --format '{{.Names}}' --filter label=tier=front" },
  { run: "ps --format '{{.Names}}' --filter status=exited" },
  { run: "ps --format '{{.Names}}' --filter status=running --filter name=k2" },
  { run: "ps --format '{{.Names}}' --filter publish=8080" },
  { run: "ps --format '{{.Names}}' --filter since=k1 --filter before=k3" },
  { run: "ps --format '{{.Names}}' --last 1" },
  { run: "ps --format '{{.Names}}' --filter zz=1" },
  { run: "ps --format '{{.Names}}' --filter status=zz" },
  { run: "ps --format '{{.Names}} {{.Networks}}' --filter name=k3" },
  {
    run: "inspect k1 --format '{{.Name}} {{.State.Status}} {{.State.Running}} {{.RestartCount}} {{.Mounts}}'",
  },
  { run: "inspect k1 --format '{{json .NetworkSettings.Ports}}'" },
  { run: "inspect k1 --format '{{json .Config.Labels}}'" },
  { run: "inspect k1 --format '{{.Config.Image}} {{.Path}} {{.Args}}'" },
  { run: "inspect k1 k3 --format '{{.HostConfig.NetworkMode}}'" },
  { run: "container inspect nothing" },

  // They are disconnected, and networks removed.
  { run: "network rm front" },
  { run: "network disconnect front k1" },
  { run: "network disconnect front k1" },
  { run: "network disconnect -f front k1" },
  { run: "network disconnect front nothing" },
  { run: "network disconnect -f front nothing" },
  { run: "network disconnect nothing k1" },
  { run: "network disconnect host k1" },
  { run: "network disconnect -f front k2" },
  { run: "network disconnect back k1" },
  { run: "network disconnect six k1" },
  { run: "network disconnect none k3" },
  { run: "network connect scoped k3" },
  { run: "network disconnect scoped k3" },
  { run: "network inspect front --format '{{json .Containers}}'" },
  { run: "network rm bridge" },
  { run: "network rm front back nothing" },
  { run: "network rm -f nothing" },
  { run: "network rm made config" },
  { run: "network prune --force --filter label=env" },
  { run: "network prune --force --filter until=1h" },
  { run: "network prune --force --filter zz=1" },
  { run: "network create young --label keep=1" },
  { run: "network prune --force --filter label!=keep", unordered: true },
  { run: "network prune --force" },
  { run: "network prune --force" },
  { run: "network ls --format '{{.Name}}'" },

  // What happened.
  {
    run: 'events --since 1 --until NOW --filter type=network --filter network=scoped --format \'{{.Type}} {{.Action}} {{index .Actor.Attributes "name"}} {{index .Actor.Attributes "type"}}\'',
  },
  {
    run: "events --since 1 --until NOW --filter type=network --filter event=create --format '{{.Actor.Attributes.name}}'",
  },
  {
    run: "events --since 1 --until NOW --filter type=network --filter event=destroy --format '{{.Actor.Attributes.name}}'",
    unordered: true,
  },
  {
    run: "events --since 1 --until NOW --filter type=network --filter event=disconnect --filter network=front --format '{{.Action}}'",
  },
  {
    run: "events --since 1 --until NOW --filter container=k1 --filter type=container --format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.tier}}'",
  },
  {
    run: "events --since 1 --until NOW --filter event=prune --format '{{.Type}} {{.Actor.Attributes.reclaimed}}'",
  },
  { run: "events --since 5 --until 3" },
  { run: "events --since 1 --until NOW --filter network=young" },

  // What is not ours.
  { run: "images" },
  { run: "volume ls" },
  { run: "top k1" },
];

/** As a shell takes a line apart, with single quotes and escaped double ones. */
export function argumentsOf(line: string): readonly string[] {
  const words = line.match(/(?:'[^']*'|[^\s'])+/g) ?? [];
  return words.map((word) => word.replaceAll("'", "").replaceAll("\\t", "\t"));
}
