/**
 * The daemon itself in the CNM API: version, health, events, backups, log level.
 */
import Type, { type Static } from "typebox";
import { Opaque, strict } from "./common.ts";

export const Version = Type.Object(
  {
    version: Type.String(),
    api: Type.Object({ cnm: Type.String(), docker: Type.String(), dockerMinimum: Type.String() }),
    node: Type.String(),
    kernel: Type.String(),
    drivers: Type.Array(Type.String()),
    ipamDrivers: Type.Array(Type.String()),
    stateDir: Type.String(),
    runDir: Type.String(),
    pid: Type.Integer(),
    started: Type.String({ format: "date-time" }),
  },
  { title: "Version" },
);
export type Version = Static<typeof Version>;

export const HealthItem = Type.Object(
  {
    code: Type.String(),
    nature: Type.String({ description: "missing, altered, stale, lost, foreign, host, unread or kept." }),
    subject: Type.Object({
      kind: Type.String(),
      id: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
    }),
    message: Type.String(),
    mend: Type.String(),
    repairable: Type.Boolean(),
  },
  { title: "HealthItem" },
);
export type HealthItem = Static<typeof HealthItem>;
export const Health = Type.Object(
  {
    ok: Type.Boolean(),
    time: Type.Number({ description: "Milliseconds since the epoch." }),
    items: Type.Array(HealthItem),
  },
  { title: "Health" },
);
export type Health = Static<typeof Health>;
export const Repair = Type.Object(
  { mended: Type.Array(HealthItem), left: Type.Array(HealthItem) },
  { title: "Repair" },
);
export type Repair = Static<typeof Repair>;

/** One event, as `data:` of a server-sent event; its id is that event's `id:`. */
export const Event = Type.Object(
  {
    id: Type.String({
      description: "Give the last one that you saw as Last-Event-ID, and the stream goes on after it.",
    }),
    type: Type.String({ description: "`network:create`, `container:die` ..." }),
    time: Type.Number({ description: "Milliseconds since the epoch." }),
    subject: Type.Object({ id: Type.String(), name: Type.String() }),
    attributes: Type.Record(Type.String(), Type.String()),
    operation: Type.Optional(
      Type.String({ description: "Id of the operation that it belongs to, as in the log." }),
    ),
  },
  { title: "Event" },
);
export type Event = Static<typeof Event>;

export const EventQuery = Type.Object(
  {
    type: Type.Optional(Type.String({ description: "`network:create`, or `network` for all of its." })),
    since: Type.Optional(
      Type.Integer({ description: "Milliseconds since the epoch: those that are remembered come first." }),
    ),
    until: Type.Optional(
      Type.Integer({ description: "Milliseconds since the epoch: then the stream ends." }),
    ),
  },
  strict,
);

export const BackupCreate = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$",
        description: "File in the daemon's directory of backups. Default: made of the time.",
      }),
    ),
    overwrite: Type.Optional(Type.Boolean()),
  },
  { ...strict, title: "BackupCreate" },
);
export type BackupCreate = Static<typeof BackupCreate>;
export const Backup = Type.Object({ path: Type.String(), bytes: Type.Integer() }, { title: "Backup" });
export type Backup = Static<typeof Backup>;

export const LogLevel = Type.Object(
  {
    level: Type.Union(
      (["trace", "debug", "info", "warn", "error", "fatal"] as const).map((level) => Type.Literal(level)),
    ),
  },
  { ...strict, title: "LogLevel" },
);
export type LogLevel = Static<typeof LogLevel>;

/** What stands on the host and in the sandboxes, asked of the kernel; the library's `Topology`. */
export const Topology = Type.Object(
  {
    host: Type.Array(Opaque, {
      description: "Interfaces of the host: its own, bridges, host ends of pairs.",
    }),
    networks: Type.Array(Opaque),
    sandboxes: Type.Array(Opaque),
    endpoints: Type.Array(Opaque),
  },
  { title: "Topology" },
);
