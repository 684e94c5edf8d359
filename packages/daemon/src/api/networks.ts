/**
 * Networks of the CNM API.
 */
import Type, { type Static } from "typebox";
import { Id, Labels, labelFilter, nameFilter, Opaque, pageQuery, reference, strict } from "./common.ts";

const IpamConfig = Type.Object(
  {
    subnet: Type.Optional(
      Type.String({ description: "CIDR; `0.0.0.0/24` and `::/64` mean any free one of that size." }),
    ),
    ipRange: Type.Optional(
      Type.String({ description: "CIDR: endpoints get their addresses from this part." }),
    ),
    gateway: Type.Optional(Type.String()),
    auxiliaryAddresses: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  strict,
);

/** The options of `controller.newNetwork`, with name and driver beside them. */
export const NetworkCreate = Type.Object(
  {
    name: Type.String({ description: "Letters, digits, `_`, `.` and `-`." }),
    driver: Type.Optional(Type.String({ description: "`bridge` ... Default: bridge." })),
    ipam: Type.Optional(
      Type.Object(
        {
          driver: Type.Optional(Type.String({ description: "Default: default." })),
          options: Type.Optional(Type.Record(Type.String(), Type.String())),
          config: Type.Optional(Type.Array(IpamConfig, { maxItems: 64 })),
        },
        strict,
      ),
    ),
    ipv4: Type.Optional(Type.Boolean()),
    ipv6: Type.Optional(Type.Boolean()),
    internal: Type.Optional(Type.Boolean()),
    attachable: Type.Optional(Type.Boolean()),
    ingress: Type.Optional(Type.Boolean()),
    scope: Type.Optional(Type.Union([Type.Literal("local"), Type.Literal("global")])),
    dns: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 64,
        description: "Name servers for what is not found here, asked from the host. Default: the host's.",
      }),
    ),
    dnsTtl: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 0x7fff_ffff,
        description:
          "Seconds that addresses of endpoints may be kept. Default: 600 for those that were chosen, 0 for others.",
      }),
    ),
    labels: Type.Optional(Labels),
    configOnly: Type.Optional(Type.Boolean()),
    configFrom: Type.Optional(Type.String()),
    dynamic: Type.Optional(Type.Boolean()),
    persist: Type.Optional(Type.Boolean()),
    driverOptions: Type.Optional(Opaque),
  },
  { ...strict, title: "NetworkCreate" },
);
export type NetworkCreate = Static<typeof NetworkCreate>;

const Pool = Type.Object({
  subnet: Type.String({ description: "CIDR." }),
  gateway: Type.Optional(Type.String({ description: "CIDR." })),
  auxiliaryAddresses: Type.Record(Type.String(), Type.String()),
  /** As texts: a /64 has more addresses than a JSON number tells apart. */
  size: Type.Optional(Type.String({ description: "Addresses for endpoints, all told." })),
  used: Type.Optional(Type.String({ description: "Addresses in use." })),
});

export const Network = Type.Object(
  {
    id: Id,
    name: Type.String(),
    driver: Type.String(),
    scope: Type.String(),
    created: Type.String({ format: "date-time" }),
    ipv4: Type.Boolean(),
    ipv6: Type.Boolean(),
    internal: Type.Boolean(),
    attachable: Type.Boolean(),
    ingress: Type.Boolean(),
    dynamic: Type.Boolean(),
    predefined: Type.Boolean({ description: "Made at start-up; it cannot be deleted." }),
    configOnly: Type.Boolean(),
    configFrom: Type.Optional(Type.String()),
    ipamDriver: Type.String(),
    pools: Type.Array(Pool),
    dns: Type.Array(Type.String()),
    dnsTtl: Type.Optional(Type.Integer()),
    labels: Labels,
    driverOptions: Opaque,
    records: Type.Integer({
      description: "How many DNS records there are: their list is under /networks/{id}/records.",
    }),
    services: Type.Integer({
      description: "How many there are: their list is under /networks/{id}/services.",
    }),
    endpoints: Type.Integer({
      description: "How many there are: their list is under /networks/{id}/endpoints.",
    }),
  },
  { title: "Network" },
);
export type Network = Static<typeof Network>;

export const NetworkQuery = Type.Object(
  {
    ...pageQuery,
    name: nameFilter,
    label: labelFilter,
    driver: Type.Optional(Type.String({ maxLength: 256 })),
  },
  strict,
);
export const NetworkPath = Type.Object({ network: reference });
