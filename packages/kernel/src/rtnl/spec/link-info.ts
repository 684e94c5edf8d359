/**
 * IFLA_LINKINFO (linux/if_link.h): the kind of a link with the attributes of that kind, and the kind of what it is a port
 * of with the attributes of a port. The attributes stand under the kind's own name:
 *
 *     { kind: "vxlan", vxlan: { id: 4096 } }        { slaveKind: "bridge", bridgePort: { isolated: true } }
 */
import { NLA_F_NESTED, readAttributes, writeAttribute } from "../../codec/attrs.ts";
import type { ByteReader } from "../../codec/bytes.ts";
import { type Codec, text, type ValueOf } from "../../codec/codec.ts";
import { bridge } from "./kinds/bridge.ts";
import { bridgePort } from "./kinds/bridge-port.ts";
import { ipvlan } from "./kinds/ipvlan.ts";
import { macvlan } from "./kinds/macvlan.ts";
import { tun } from "./kinds/tun.ts";
import { veth } from "./kinds/veth.ts";
import { vlan } from "./kinds/vlan.ts";
import { vxlan } from "./kinds/vxlan.ts";

const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;

/** Kinds whose attributes we know; any other kind (dummy, ifb ...) can be made and is listed, without attributes. */
const kinds = { bridge, ipvlan, ipvtap: ipvlan, macvlan, macvtap: macvlan, tun, veth, vlan, vxlan };
type Kinds = typeof kinds;

export type LinkInfo = { readonly [K in keyof Kinds]?: ValueOf<Kinds[K]> } & {
  /** `bridge`, `veth`, `vxlan` ...; undefined for a link that has none, such as a network card. */
  readonly kind?: string;
  /** `bridge` where the link is a bridge's port. */
  readonly slaveKind?: string;
  readonly bridgePort?: ValueOf<typeof bridgePort>;
};

const codecOfKind = new Map<string, Codec<unknown>>(Object.entries(kinds) as [string, Codec<unknown>][]);

export const linkInfo: Codec<LinkInfo> = {
  write(to, value) {
    const { kind, slaveKind } = value;
    if (kind !== undefined) {
      writeAttribute(to, IFLA_INFO_KIND, () => text.write(to, kind));
      const codec = codecOfKind.get(kind);
      const data: unknown = value[kind as keyof Kinds];
      if (codec !== undefined && data !== undefined) {
        writeAttribute(to, IFLA_INFO_DATA | NLA_F_NESTED, () => codec.write(to, data));
      }
    }
    if (slaveKind !== undefined) {
      writeAttribute(to, IFLA_INFO_SLAVE_KIND, () => text.write(to, slaveKind));
      const { bridgePort: port } = value;
      if (port !== undefined) {
        writeAttribute(to, IFLA_INFO_SLAVE_DATA | NLA_F_NESTED, () => bridgePort.write(to, port));
      }
    }
  },
  read(from) {
    const parts = new Map<number, ByteReader>();
    readAttributes(from, (type, payload) => parts.set(type, payload));
    const kind = parts.get(IFLA_INFO_KIND)?.cString();
    const slaveKind = parts.get(IFLA_INFO_SLAVE_KIND)?.cString();
    const data = parts.get(IFLA_INFO_DATA);
    const slaveData = parts.get(IFLA_INFO_SLAVE_DATA);
    const codec = kind === undefined ? undefined : codecOfKind.get(kind);
    return {
      ...(kind === undefined ? {} : { kind }),
      ...(kind === undefined || codec === undefined || data === undefined
        ? {}
        : { [kind]: codec.read(data) }),
      ...(slaveKind === undefined ? {} : { slaveKind }),
      ...(slaveKind === "bridge" && slaveData !== undefined
        ? { bridgePort: bridgePort.read(slaveData) }
        : {}),
    };
  },
};
