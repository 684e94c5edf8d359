// Bridges and internal ports in the database. What the driver has to remember stands beside them, as external ids: the database is durable.

import { fromOvsMap, type Operation, type Ovsdb, ovsMap } from "./ovsdb.ts";

export interface Bridge {
  readonly name: string;
  /** By name. */
  readonly notes: Readonly<Record<string, string>>;
}

export interface PortSettings {
  readonly mac?: string;
  /** VLAN of an access port; undefined: a trunk of all. */
  readonly vlan?: number | undefined;
}

const named = (name: string) => ["named-uuid", name];
const where = (name: string) => [["name", "==", name]];

export class Switch {
  readonly #db: Ovsdb;

  constructor(db: Ovsdb) {
    this.#db = db;
  }

  /** @returns undefined where there is none */
  async bridge(name: string): Promise<Bridge | undefined> {
    const columns = ["external_ids"];
    const [found] = await this.#db.transact([{ op: "select", table: "Bridge", where: where(name), columns }]);
    const row = found?.rows?.[0];
    return row === undefined ? undefined : { name, notes: fromOvsMap(row.external_ids) };
  }

  /** With its own internal port, which is the host's place in it. @param datapath empty for the kernel's */
  async addBridge(bridge: Bridge, datapath: string, port: PortSettings): Promise<void> {
    const { name, notes } = bridge;
    await this.#db.change([
      ...portRows(name, port),
      {
        op: "insert",
        table: "Bridge",
        "uuid-name": "bridge",
        row: { name, datapath_type: datapath, ports: named("port"), external_ids: ovsMap(notes) },
      },
      {
        op: "mutate",
        table: "Open_vSwitch",
        where: [],
        mutations: [["bridges", "insert", ["set", [named("bridge")]]]],
      },
    ]);
    await this.#made(name, () => this.removeBridge(name));
  }

  async removeBridge(name: string): Promise<void> {
    const [found] = await this.#db.transact([
      { op: "select", table: "Bridge", where: where(name), columns: ["_uuid"] },
    ]);
    const bridges = found?.rows?.map(({ _uuid }) => _uuid) ?? [];
    const mutations = [["bridges", "delete", ["set", bridges]]];
    // What nothing refers to is gone.
    if (bridges.length > 0)
      await this.#db.change([{ op: "mutate", table: "Open_vSwitch", where: [], mutations }]);
  }

  /** One that is there already, it keeps. */
  async note(bridge: string, notes: Readonly<Record<string, string>>): Promise<void> {
    await this.#db.transact([mutation(bridge, ["external_ids", "insert", ovsMap(notes)])]);
  }

  async forget(bridge: string, note: string): Promise<void> {
    await this.#db.transact([mutation(bridge, ["external_ids", "delete", ["set", [note]]])]);
  }

  async addPort(bridge: string, name: string, settings: PortSettings): Promise<void> {
    await this.#db.change([
      ...portRows(name, settings),
      mutation(bridge, ["ports", "insert", ["set", [named("port")]]]),
    ]);
    await this.#made(name, () => this.removePort(bridge, name));
  }

  async removePort(bridge: string, name: string): Promise<void> {
    const [found] = await this.#db.transact([
      { op: "select", table: "Port", where: where(name), columns: ["_uuid"] },
    ]);
    const ports = found?.rows?.map(({ _uuid }) => _uuid) ?? [];
    if (ports.length > 0) await this.#db.change([mutation(bridge, ["ports", "delete", ["set", ports]])]);
  }

  /** The database takes what ovs-vswitchd then cannot do, and tells so. */
  async #made(name: string, undo: () => Promise<void>): Promise<void> {
    const columns = ["error", "ofport"];
    const [found] = await this.#db.transact([
      { op: "select", table: "Interface", where: where(name), columns },
    ]);
    const { error, ofport } = found?.rows?.[0] ?? {};
    if (typeof ofport === "number" && ofport > 0) return;
    await undo();
    throw new Error(
      `Open vSwitch could not make ${name}: ${typeof error === "string" ? error : "it does not say why"}`,
    );
  }
}

function mutation(bridge: string, change: readonly unknown[]): Operation {
  return { op: "mutate", table: "Bridge", where: where(bridge), mutations: [change] };
}

function portRows(name: string, { mac, vlan }: PortSettings): readonly Operation[] {
  return [
    {
      op: "insert",
      table: "Interface",
      "uuid-name": "interface",
      row: { name, type: "internal", ...(mac !== undefined && { mac }) },
    },
    {
      op: "insert",
      table: "Port",
      "uuid-name": "port",
      row: { name, interfaces: named("interface"), ...(vlan !== undefined && { tag: vlan }) },
    },
  ];
}
