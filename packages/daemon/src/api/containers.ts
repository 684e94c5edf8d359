/**
 * Containers of the CNM API: a sandbox with a process of runc's (or a plain one) in it.
 */
import Type, { type Static } from "typebox";
import { Id, Labels, strict } from "./common.ts";
import { Binding, endpointOptions, PublishedPort } from "./endpoints.ts";
import { nameFiles } from "./sandboxes.ts";

/** How a container is to be in one network. */
export const ContainerNetwork = Type.Object(
  { network: Type.String(), ...endpointOptions },
  { ...strict, title: "ContainerNetwork" },
);
export type ContainerNetwork = Static<typeof ContainerNetwork>;

const kinds = Type.Union([Type.Literal("rootfs"), Type.Literal("bundle"), Type.Literal("process")]);

export const ContainerCreate = Type.Object(
  {
    name: Type.Optional(Type.String({ description: "Default: one that is made up." })),
    kind: kinds,
    path: Type.Optional(
      Type.String({
        description: "Of the root directory, or of the OCI bundle; none for a process of the host's.",
      }),
    ),
    command: Type.Optional(
      Type.Array(Type.String(), { maxItems: 4096, description: "Default for a bundle: its own." }),
    ),
    environment: Type.Optional(Type.Array(Type.String(), { maxItems: 4096, description: "`NAME=value`." })),
    workingDirectory: Type.Optional(Type.String()),
    user: Type.Optional(Type.String({ description: "`uid` or `uid:gid`." })),
    terminal: Type.Optional(Type.Boolean()),
    readOnly: Type.Optional(Type.Boolean({ description: "The root file system." })),
    networks: Type.Optional(
      Type.Array(ContainerNetwork, {
        maxItems: 64,
        description: "Default: the default network. `none` and `host` stand alone.",
      }),
    ),
    publish: Type.Optional(
      Type.Array(PublishedPort, {
        maxItems: 4096,
        description:
          "In the network with the highest gatewayPriority that is not internal; the first of several.",
      }),
    ),
    shareWith: Type.Optional(Type.String({ description: "Container whose network stack is shared." })),
    hostname: Type.Optional(Type.String({ description: "Default: the beginning of its id." })),
    ...nameFiles,
    sysctls: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "Of the namespace: `net.ipv4.ip_unprivileged_port_start`.",
      }),
    ),
    labels: Type.Optional(Labels),
    removeWhenEnded: Type.Optional(Type.Boolean()),
    detached: Type.Optional(
      Type.Boolean({
        description:
          "The daemon starts it, with its output in the log. Default: false: the answer says what the caller is to start itself, with its own terminal.",
      }),
    ),
  },
  { ...strict, title: "ContainerCreate" },
);
export type ContainerCreate = Static<typeof ContainerCreate>;

export const ContainerState = Type.Union([
  Type.Literal("created"),
  Type.Literal("running"),
  Type.Literal("exited"),
]);

export const Container = Type.Object(
  {
    id: Id,
    name: Type.String(),
    kind: Type.Union([kinds, Type.Literal("foreign")], {
      description: "`foreign`: a sandbox whose process somebody else starts.",
    }),
    path: Type.Optional(Type.String()),
    command: Type.Array(Type.String()),
    created: Type.String({ format: "date-time" }),
    state: ContainerState,
    pid: Type.Optional(Type.Integer()),
    exitCode: Type.Optional(
      Type.Integer({ description: "128 and the signal's number where a signal ended it." }),
    ),
    started: Type.Optional(Type.String({ format: "date-time" })),
    finished: Type.Optional(Type.String({ format: "date-time" })),
    removeWhenEnded: Type.Boolean(),
    sandbox: Type.Optional(Id),
    netnsPath: Type.Optional(Type.String()),
    hostname: Type.Optional(Type.String()),
    labels: Labels,
    networks: Type.Array(
      Type.Object({
        network: Type.Object({ id: Id, name: Type.String() }),
        endpoint: Id,
        mac: Type.String(),
        ipv4: Type.Optional(Type.String()),
        ipv6: Type.Optional(Type.String()),
        interfaceName: Type.Optional(Type.String()),
        aliases: Type.Array(Type.String()),
        bindings: Type.Array(Binding),
      }),
    ),
  },
  { title: "Container" },
);
export type Container = Static<typeof Container>;

/** What starts the container in the foreground: the caller runs it with its own input, output and terminal. */
export const Launch = Type.Object(
  {
    command: Type.Array(Type.String()),
    directory: Type.String(),
    complaints: Type.Optional(
      Type.String({
        description:
          "Where the OCI runtime writes why it could not start the command. The caller takes the file away.",
      }),
    ),
  },
  { title: "Launch" },
);
export type Launch = Static<typeof Launch>;
export const ContainerCreated = Type.Object(
  { container: Container, launch: Type.Optional(Launch) },
  { title: "ContainerCreated" },
);
export type ContainerCreated = Static<typeof ContainerCreated>;

/** A command in a container that runs. */
export const ContainerExec = Type.Object(
  {
    command: Type.Array(Type.String(), { minItems: 1, maxItems: 4096 }),
    environment: Type.Optional(Type.Array(Type.String(), { maxItems: 4096 })),
    workingDirectory: Type.Optional(Type.String()),
    user: Type.Optional(Type.String({ description: "`uid` or `uid:gid`." })),
    terminal: Type.Optional(Type.Boolean()),
  },
  { ...strict, title: "ContainerExec" },
);
export type ContainerExec = Static<typeof ContainerExec>;

/** How a container that somebody else starts is to be connected: what `causeway oci-hook` asks. */
export const Adoption = Type.Object(
  {
    pid: Type.Integer({ minimum: 1, description: "Of a process in the container's network namespace." }),
    networks: Type.Optional(Type.Array(ContainerNetwork, { maxItems: 64 })),
    publish: Type.Optional(Type.Array(PublishedPort, { maxItems: 4096 })),
    hostname: Type.Optional(Type.String()),
    ...nameFiles,
    labels: Type.Optional(Labels),
  },
  { ...strict, title: "Adoption" },
);
export type Adoption = Static<typeof Adoption>;

export const Adopted = Type.Object(
  {
    container: Container,
    files: Type.Object({ hosts: Type.String(), hostname: Type.String(), resolvConf: Type.String() }),
  },
  { title: "Adopted" },
);
export type Adopted = Static<typeof Adopted>;

export const ContainerStop = Type.Object(
  {
    signal: Type.Optional(Type.String({ description: "Default: SIGTERM." })),
    seconds: Type.Optional(
      Type.Number({ minimum: 0, maximum: 3600, description: "Until SIGKILL. Default: 10." }),
    ),
  },
  strict,
);
export const ContainerDisconnect = Type.Object(
  {
    network: Type.String(),
    force: Type.Optional(
      Type.Boolean({ description: "Also what is left there, by its name, of a container that is gone." }),
    ),
  },
  strict,
);
export const ContainerEnded = Type.Object(
  { exitCode: Type.Integer({ description: "128 and the signal's number where a signal ended it." }) },
  { title: "ContainerEnded" },
);
export type ContainerEnded = Static<typeof ContainerEnded>;

export const ContainerPath = Type.Object({ container: Type.String({ maxLength: 256 }) });
export const ContainerDeleteQuery = Type.Object({ force: Type.Optional(Type.Boolean()) }, strict);
export const ContainerLogQuery = Type.Object(
  {
    follow: Type.Optional(Type.Boolean()),
    tail: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  },
  strict,
);
