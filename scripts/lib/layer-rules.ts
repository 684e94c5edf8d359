// Who may import whom: ARCHITECTURE.md's "Imports run downwards only", as rules for dependency-cruiser.
//
// A room is a folder (or a file) of a package's src. The tables name what a room may import besides itself;
// everything else inside the package is forbidden, so a new room has to be put into its table first.

import type { IRegularForbiddenRuleType } from "dependency-cruiser";

type Rooms = Readonly<Record<string, readonly string[]>>;

/** packages/kernel/src: sys, codec <- netlink <- {rtnl, conntrack, nftables, xfrm}, and rtnl, conntrack <- reaper; features probes these. */
const KERNEL: Rooms = {
  sys: [],
  codec: [],
  netlink: ["sys", "codec"],
  rtnl: ["sys", "codec", "netlink"],
  conntrack: ["sys", "codec", "netlink"],
  nftables: ["sys", "codec", "netlink"],
  xfrm: ["sys", "codec", "netlink"],
  reaper: ["sys", "codec", "netlink", "rtnl", "conntrack"],
  features: ["sys", "rtnl", "conntrack", "nftables", "xfrm"],
};

const FOUNDATION = ["errors", "plugin-errors", "address", "options", "contracts"];
const SIDE_BY_SIDE = [
  "ipam",
  "store",
  "firewall",
  "ports",
  "netstack",
  "balancing",
  "dns",
  "drivers",
  "watch",
  "plugins",
];

/** The objects of the model name each other in their types; rooms they know by contract only. */
const MODEL = ["model", "network", "endpoint", "sandbox", "service", "controller", "topology"];

/** packages/libnetwork/src: errors <- address <- {options, contracts} <- rooms side by side <- model <- wiring. */
const LIBNETWORK: Rooms = {
  errors: [],
  "plugin-errors": ["errors"],
  address: ["errors"],
  options: ["errors", "address"],
  contracts: ["errors", "address"],
  ...Object.fromEntries(SIDE_BY_SIDE.map((room) => [room, FOUNDATION])),
  // What hosts share of the global address space is chosen with the IPAM's tools.
  cluster: [...FOUNDATION, "ipam/(address-pool|default-ranges|free-subnet|pool-request|subnet-tree)"],
  ...Object.fromEntries(MODEL.map((room) => [room, [...FOUNDATION, ...MODEL]])),
  // Drivers for somebody else's model: of ours it takes the tools.
  serving: [...FOUNDATION, "model/keyed-mutex", "model/undo"],
};

/** packages/daemon/src: api <- {config, events, server, lifecycle, log} <- containers <- {cnm, docker, metrics} <- daemon <- run. */
const DAEMON: Rooms = {
  api: [],
  config: ["api"],
  events: ["api"],
  server: ["api", "config"],
  lifecycle: ["config"],
  log: ["config", "events"],
  metrics: ["config", "containers", "events", "parts"],
  containers: ["api", "config", "events", "server"],
  parts: ["config", "containers", "events"],
  plugin: ["config", "lifecycle", "log"],
  cnm: ["api", "config", "containers", "events", "parts", "server"],
  docker: ["api", "config", "containers", "events", "parts", "server"],
};

/** packages/cli/src: errors <- {client, output} <- command <- commands; program.ts and what is beside it put them together. */
const CLI: Rooms = {
  errors: [],
  client: ["errors"],
  output: ["errors"],
  command: ["client", "output"],
  commands: ["command", "client", "output", "errors", "version"],
  completion: ["command", "commands", "client", "parse", "program"],
  hook: ["command", "commands", "client", "output", "errors"],
};

/** packages/plugin-sdk/src: visible <- {errors, excerpt} <- protocol <- {server, client} <- {replay, check}. */
const PLUGIN_SDK: Rooms = {
  visible: [],
  excerpt: ["visible"],
  errors: ["visible"],
  files: [],
  protocol: ["errors"],
  server: ["errors", "files", "protocol"],
  client: ["errors", "excerpt", "files", "protocol"],
  replay: ["errors", "protocol", "server", "client"],
  check: ["errors", "excerpt", "protocol", "client", "visible"],
};

/** What each package and folder of the workspace may import from packages/. */
const PACKAGES: Rooms = {
  kernel: [],
  "plugin-sdk": [],
  libnetwork: ["kernel", "plugin-sdk"],
  daemon: ["libnetwork", "kernel", "plugin-sdk"],
  cli: ["daemon", "plugin-sdk"],
};

/** Tests, compliance suites and what only they use may reach anywhere, except around in circles. */
const TESTS = "(\\.test|-contract|test-support)\\.ts$|^test/";

/** Only what is behind a package's "exports" is there for others. */
const INSIDES = "^packages/([^/]+)/src/(?!index\\.ts$)";

/** Every rule, in the form that dependency-cruiser takes as `ruleSet.forbidden`. */
export function layerRules(): IRegularForbiddenRuleType[] {
  return [
    forbid(
      "no-cycle",
      "Two files that need each other to run are one file",
      {},
      // Imports of types are gone when the code runs.
      { circular: true, viaOnly: { dependencyTypesNot: ["type-only", "type-import"] } },
    ),
    forbid("no-dangling-import", "What is imported must be there", {}, { couldNotResolve: true }),
    forbid(
      "koffi-in-sys-only",
      "Only packages/kernel/src/sys calls C",
      { pathNot: "^packages/kernel/src/sys/" },
      { path: "(^|node_modules/)koffi" },
    ),
    forbid(
      "files-by-the-seam",
      "File operations cross the seam (packages/kernel/src/sys/files.ts), where tests let them fail; types may be imported. A package that knows no kernel (plugin-sdk) has a files.ts of its own; the command line's certificates, what its hook reads of a bundle, and what a runtime wrote do not",
      {
        path: "^packages/",
        pathNot: `${TESTS}|/sys/files\\.ts$|^packages/plugin-sdk/src/files\\.ts$|^packages/cli/src/(client/tls|hook/files|commands/container/complaints)\\.ts$`,
      },
      { path: "^(node:)?fs", dependencyTypesNot: ["type-only", "type-import"] },
    ),
    forbid(
      "no-test-in-product",
      "What ships does not import tests, benchmarks, examples or scripts",
      { path: "^packages/", pathNot: TESTS },
      { path: `${TESTS}|^(bench|examples|scripts)/` },
    ),
    ...roomRules("kernel", KERNEL),
    ...roomRules("libnetwork", LIBNETWORK),
    ...roomRules("daemon", DAEMON),
    ...roomRules("cli", CLI),
    ...roomRules("plugin-sdk", PLUGIN_SDK),
    ...packageRules(),
    forbid(
      "drivers-apart",
      "A driver knows no other driver",
      { path: "^packages/libnetwork/src/drivers/([^/]+)/", pathNot: TESTS },
      { path: "^packages/libnetwork/src/drivers/[^/]+/", pathNot: "^packages/libnetwork/src/drivers/$1/" },
    ),
    forbid(
      "wiring-on-top",
      "wiring.ts and plugin-host.ts are the last to be built: only the package's index may import them",
      { path: "^packages/libnetwork/src/", pathNot: `${TESTS}|/src/index\\.ts$` },
      { path: "^packages/libnetwork/src/(wiring|plugin-host)\\.ts$" },
    ),
  ];
}

/** One rule for each room: nothing of its own package but itself and what its table allows. */
function roomRules(name: string, rooms: Rooms): IRegularForbiddenRuleType[] {
  return [
    ...Object.entries(rooms).map(([room, allowed]) =>
      forbid(
        `${name}-${room}`,
        `${name}/${room} may import ${["itself", ...allowed].join(", ")}`,
        { path: inRoom(name, [room]), pathNot: TESTS },
        { path: `^packages/${name}/src/`, pathNot: `${inRoom(name, [room, ...allowed])}|${TESTS}` },
      ),
    ),
    forbid(
      `${name}-rooms`,
      `A folder of ${name} that is in no table of scripts/lib/layer-rules.ts may import nothing`,
      { path: `^packages/${name}/src/[^/]+/`, pathNot: inRoom(name, Object.keys(rooms)) },
      {},
    ),
  ];
}

/** A room is a folder `room/` or a file `room.ts`. */
function inRoom(name: string, rooms: readonly string[]): string {
  return `^packages/${name}/src/(${rooms.join("|")})(/|\\.ts$)`;
}

/** The commands that serve, call and check plugins by themselves. */
const PLUGIN_COMMANDS = "^packages/cli/src/commands/plugin/";

function packageRules(): IRegularForbiddenRuleType[] {
  return [
    forbid(
      "front-door-only",
      "Another package is imported by its name, never by a path into its inside",
      // dns-codec measures single functions, etcd a room: there is no front door to these.
      {
        path: "^(packages/([^/]+)|bench|examples|scripts)/",
        pathNot: `${TESTS}|^bench/(dns-codec|etcd)\\.bench\\.ts$`,
      },
      // The daemon's shapes of requests and answers have a name of their own: @causeway/daemon/api.
      { path: INSIDES, pathNot: "^packages/($2/|daemon/src/api/index\\.ts$)" },
    ),
    ...Object.entries(PACKAGES).map(([name, allowed]) =>
      forbid(
        `package-${name}`,
        `@causeway/${name} may import ${allowed.join(", ") || "no other package"}`,
        { path: `^packages/${name}/` },
        { path: "^packages/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
      ),
    ),
    forbid(
      "cli-knows-the-daemon-only",
      "cli and web know the daemon, and nothing else of ours; `causeway plugin` has the plugin SDK besides",
      { path: "^packages/(cli|web)/", pathNot: PLUGIN_COMMANDS },
      { path: "^packages/", pathNot: "^packages/($1|daemon)/" },
    ),
    forbid(
      "plugin-commands-late",
      "The plugin SDK takes longer to load than all else of cli: where it is used it is imported, not before",
      { path: PLUGIN_COMMANDS },
      { path: "^packages/plugin-sdk/", dependencyTypesNot: ["type-only", "type-import", "dynamic-import"] },
    ),
    forbid(
      "daemon-types-only",
      "Of the daemon, cli and web know the types: import type. `causeway daemon` and `causeway plugin serve` load it",
      { path: "^packages/(cli|web)/", pathNot: "^packages/cli/src/commands/(daemon|plugin/serve)\\.ts$" },
      { path: "^packages/daemon/", dependencyTypesNot: ["type-only", "type-import"] },
    ),
  ];
}

function forbid(
  name: string,
  comment: string,
  from: IRegularForbiddenRuleType["from"],
  to: IRegularForbiddenRuleType["to"],
): IRegularForbiddenRuleType {
  return { name, comment, severity: "error", from, to };
}
