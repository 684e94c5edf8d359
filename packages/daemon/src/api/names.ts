/**
 * Names in the CNM API: DNS records of networks, what endpoints are called, and questions that are asked in a sandbox's place.
 */
import Type, { type Static } from "typebox";
import { Id, strict } from "./common.ts";

const word = Type.Integer({ minimum: 0, maximum: 0xffff });
const ttl = Type.Integer({
  minimum: 0,
  maximum: 0x7fff_ffff,
  description: "Seconds that an answer may be kept.",
});
/** Longer than any name is: what is wrong with one, the library says. */
const name = Type.String({ maxLength: 1024 });
const recordType = Type.Union([
  Type.Literal("A"),
  Type.Literal("AAAA"),
  Type.Literal("CNAME"),
  Type.Literal("TXT"),
  Type.Literal("SRV"),
]);
const data = {
  address: Type.Optional(Type.String({ maxLength: 256, description: "Of A and AAAA." })),
  target: Type.Optional(Type.String({ maxLength: 1024, description: "Of CNAME and SRV." })),
  texts: Type.Optional(
    Type.Array(Type.String({ maxLength: 255 }), { maxItems: 4096, description: "Of TXT." }),
  ),
  priority: Type.Optional(word),
  weight: Type.Optional(word),
  port: Type.Optional(word),
};

export const NameRecord = Type.Object(
  {
    name: Type.String({ description: "As it is asked for in the network; `*.app` for all below `app`." }),
    type: recordType,
    ttl,
    ...data,
  },
  { title: "NameRecord" },
);
export type NameRecord = Static<typeof NameRecord>;

export const NameRecordCreate = Type.Object(
  { name, type: recordType, ttl: Type.Optional({ ...ttl, description: "Seconds. Default: 600." }), ...data },
  { ...strict, title: "NameRecordCreate", description: "Its type says which of the rest is needed." },
);
export type NameRecordCreate = Static<typeof NameRecordCreate>;

export const NameRecordSelector = Type.Object(
  { name: Type.Optional(name), type: Type.Optional(recordType), ttl: Type.Optional(ttl), ...data },
  { ...strict, title: "NameRecordSelector", description: "What is left out matches any." },
);
export type NameRecordSelector = Static<typeof NameRecordSelector>;

export const NameRecordsAdd = Type.Object(
  { records: Type.Array(NameRecordCreate, { maxItems: 1000 }) },
  { ...strict, title: "NameRecordsAdd" },
);
export const NameRecordsRemove = Type.Object(
  { records: Type.Array(NameRecordSelector, { minItems: 1, maxItems: 1000 }) },
  { ...strict, title: "NameRecordsRemove" },
);
export const NameRecords = Type.Object(
  { records: Type.Array(NameRecord, { description: "All of the network's." }) },
  { title: "NameRecords" },
);
export type NameRecords = Static<typeof NameRecords>;

const protocol = Type.Union([Type.Literal("tcp"), Type.Literal("udp"), Type.Literal("sctp")]);

/** Found by the question `_NAME._PROTOCOL.ENDPOINT`, of type SRV. */
export const NamedPort = Type.Object(
  {
    name: Type.String({ description: "Without the underscore: `http`." }),
    protocol: Type.Optional(protocol),
    port: Type.Integer({ minimum: 1, maximum: 65535 }),
  },
  { ...strict, title: "NamedPort" },
);
export type NamedPort = Static<typeof NamedPort>;

/** What an endpoint is called, and calls others; it may be changed while it is joined. */
export const endpointNames = {
  aliases: Type.Optional(
    Type.Array(Type.String(), {
      maxItems: 256,
      description: "More names; `*.app.local` for all below `app.local`.",
    }),
  ),
  links: Type.Optional(
    Type.Record(Type.String({ maxLength: 1024 }), Type.String({ maxLength: 1024 }), {
      description: "Names of its sandbox's own for others in the network: alias to name.",
    }),
  ),
  namedPorts: Type.Optional(Type.Array(NamedPort, { maxItems: 256 })),
};
export const EndpointNames = Type.Object(endpointNames, {
  ...strict,
  title: "EndpointNames",
  description: "What is left out stays as it is.",
});

/** An endpoint as the others in its network find it. */
export const NetworkName = Type.Object(
  {
    endpoint: Id,
    sandbox: Type.Optional({ ...Id, description: "Absent for one of another host's." }),
    host: Type.Optional(
      Type.Object(
        { id: Type.String(), address: Type.String() },
        { description: "The other host that has it: absent for this one's own." },
      ),
    ),
    names: Type.Array(Type.String(), { description: "Its addresses are called by the first." }),
    ipv4: Type.Optional(Type.String()),
    ipv6: Type.Optional(Type.String()),
    namedPorts: Type.Array(Type.Required(NamedPort)),
    ttl,
  },
  { title: "NetworkName" },
);
export type NetworkName = Static<typeof NetworkName>;

export const QuestionQuery = Type.Object(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 1024,
      description: "Of a host or a service, or an address, whose name is asked for.",
    }),
    type: Type.Optional(
      Type.String({
        maxLength: 16,
        description: "`AAAA`, `TYPE65280` ... Default: A; PTR where the name is an address.",
      }),
    ),
  },
  strict,
);

const answer = {
  name: Type.String(),
  type: Type.String(),
  rcode: Type.String({ description: "`NOERROR`, `NXDOMAIN`, `SERVFAIL` ..." }),
  answers: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      ttl,
      value: Type.String({ description: "As in a zone file." }),
    }),
  ),
  milliseconds: Type.Number(),
};

/** What a program in the sandbox is told. */
export const Lookup = Type.Object(answer, { title: "Lookup" });
export type Lookup = Static<typeof Lookup>;

/** A place where an answer was looked for; what is told of it depends on the place. */
export const TraceStep = Type.Object(
  {
    at: Type.Enum(["extra hosts", "network", "private", "alias", "cache", "server", "nobody"]),
    found: Type.Optional(
      Type.Union(
        [Type.Boolean(), Type.Literal("endpoints"), Type.Literal("records"), Type.Literal("nothing")],
        { description: "In extra hosts, whether; in a network, what." },
      ),
    ),
    networkId: Type.Optional(Id),
    network: Type.Optional(Type.String()),
    name: Type.Optional(Type.String({ description: "What was looked for in the network." })),
    by: Type.Optional(Type.Enum(["name", "link", "network name", "named port", "address"])),
    endpoints: Type.Optional(
      Type.Array(Type.Object({ id: Id, name: Type.String() }), { description: "Those that go by the name." }),
    ),
    why: Type.Optional(Type.Enum(["other network", "address", "internal"])),
    target: Type.Optional(Type.String({ description: "Of an alias: what others are asked for." })),
    address: Type.Optional(Type.String({ description: "Of a name server." })),
    from: Type.Optional(Type.Enum(["host", "sandbox"])),
    protocol: Type.Optional(Type.Enum(["udp", "tcp"])),
    outcome: Type.Optional(Type.Enum(["answered", "silent", "unreachable", "broken"])),
    rcode: Type.Optional(Type.String()),
    milliseconds: Type.Optional(Type.Number()),
  },
  { title: "TraceStep" },
);
export type TraceStep = Static<typeof TraceStep>;

/** The same, and how it was found. */
export const Trace = Type.Object({ ...answer, steps: Type.Array(TraceStep) }, { title: "Trace" });
export type Trace = Static<typeof Trace>;
