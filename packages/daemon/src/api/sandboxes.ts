/**
 * Sandboxes of the CNM API, and attachments: endpoint, sandbox and join in one.
 */
import Type, { type Static } from "typebox";
import { Id, Labels, labelFilter, nameFilter, pageQuery, reference, strict } from "./common.ts";
import { Endpoint, EndpointOptions } from "./endpoints.ts";

const extraHost = { name: Type.String(), address: Type.String() };
const extraHosts = Type.Array(Type.Object(extraHost, strict), {
  maxItems: 4096,
  description: "`host-gateway` stands for the host's address, as the sandbox reaches it.",
});

/** What stands in its hosts and resolv.conf, besides its own name. */
export const nameFiles = {
  domainname: Type.Optional(Type.String()),
  extraHosts: Type.Optional(extraHosts),
  dns: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
  dnsSearch: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
  dnsOptions: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
};

/** What may be changed of a sandbox while it is there. */
const changeable = {
  hostname: Type.Optional(Type.String()),
  ...nameFiles,
  labels: Type.Optional(Labels),
};

/** The options of `controller.newSandbox`. `key` and `useHostNetwork` take a caller that is root, or the daemon's option. */
export const sandboxOptions = {
  ...changeable,
  useHostNetwork: Type.Optional(Type.Boolean()),
  key: Type.Optional(Type.String({ description: "Path of a namespace that was made elsewhere." })),
  externalKey: Type.Optional(Type.Boolean({ description: "Somebody else makes it later: see /key." })),
  shareWith: Type.Optional(Type.String()),
};
export const SandboxOptions = Type.Object(sandboxOptions, { ...strict, title: "SandboxOptions" });
export const SandboxCreate = Type.Object(
  { containerId: Type.String(), ...sandboxOptions },
  { ...strict, title: "SandboxCreate" },
);
export type SandboxCreate = Static<typeof SandboxCreate>;
export const SandboxRefresh = Type.Object(changeable, { ...strict, title: "SandboxRefresh" });
export type SandboxRefresh = Static<typeof SandboxRefresh>;
export const SandboxKey = Type.Object({ path: Type.String() }, strict);
export const SandboxExtraHosts = Type.Object({ extraHosts }, strict);
export const SandboxRename = Type.Object({ containerId: Type.String() }, strict);

export const Sandbox = Type.Object(
  {
    id: Id,
    containerId: Type.String(),
    name: Type.String({ description: "The container's name where it has one, otherwise its id." }),
    created: Type.String({ format: "date-time" }),
    key: Type.Optional(Type.String({ description: "Path of its network namespace." })),
    lost: Type.Boolean({ description: "Its namespace is gone: nothing but deleting is left to do." }),
    usesHostNetwork: Type.Boolean(),
    sharedWith: Type.Optional(Id),
    labels: Labels,
    extraHosts: Type.Array(Type.Object(extraHost)),
    serviceEnabled: Type.Boolean({ description: "Others find it by its names." }),
    files: Type.Object({ hosts: Type.String(), hostname: Type.String(), resolvConf: Type.String() }),
    endpoints: Type.Array(Type.Object({ id: Id, name: Type.String(), network: Type.String() })),
    gatewayIpv4: Type.Optional(Id),
    gatewayIpv6: Type.Optional(Id),
  },
  { title: "Sandbox" },
);
export type Sandbox = Static<typeof Sandbox>;

/** Counters of one interface; texts, as they have 64 bits. */
export const InterfaceStatistics = Type.Object({
  rxBytes: Type.String(),
  rxPackets: Type.String(),
  rxErrors: Type.String(),
  rxDropped: Type.String(),
  txBytes: Type.String(),
  txPackets: Type.String(),
  txErrors: Type.String(),
  txDropped: Type.String(),
});
export const SandboxStatistics = Type.Object(
  {
    sandbox: Id,
    containerId: Type.String(),
    name: Type.String({ description: "The container's name where it has one, otherwise its id." }),
    interfaces: Type.Record(Type.String(), InterfaceStatistics, {
      description: "By their name in the sandbox.",
    }),
  },
  { title: "SandboxStatistics" },
);
export type SandboxStatistics = Static<typeof SandboxStatistics>;

export const AttachmentCreate = Type.Object(
  {
    network: Type.String({ description: "Id, name, or unique beginning of an id." }),
    containerId: Type.Optional(Type.String()),
    endpointName: Type.Optional(Type.String()),
    endpoint: Type.Optional(EndpointOptions),
    sandbox: Type.Optional(SandboxOptions),
  },
  { ...strict, title: "AttachmentCreate" },
);
export type AttachmentCreate = Static<typeof AttachmentCreate>;
export const Attachment = Type.Object({ endpoint: Endpoint, sandbox: Sandbox }, { title: "Attachment" });
export type Attachment = Static<typeof Attachment>;

export const SandboxQuery = Type.Object({ ...pageQuery, name: nameFilter, label: labelFilter }, strict);
export const SandboxDeleteQuery = Type.Object(
  {
    endpoints: Type.Optional(
      Type.Union([Type.Literal("keep"), Type.Literal("delete")], {
        description: "They stay, and may join another sandbox, or go with it. Default: keep.",
      }),
    ),
  },
  strict,
);
export const SandboxPath = Type.Object({ sandbox: reference });
