// What hosts of a cluster are wired to.

import { link, NetNamespace, Rtnl } from "@causeway/kernel";
import { joinByWire } from "./wire.ts";

/** A network segment that hosts are on. */
export class Underlay implements Disposable {
  readonly namespace = NetNamespace.create();
  readonly rtnl = new Rtnl(this.namespace);
  readonly mtu: number;
  readonly bridge: number;

  constructor({ mtu = 1500 } = {}) {
    this.mtu = mtu;
    this.rtnl.execute(
      link.create({ name: "switch", info: { kind: "bridge", bridge: { multicastSnooping: false } } }),
      link.change({ name: "switch" }, { up: true }),
    );
    this.bridge = this.rtnl.query(link.getIndex({ name: "switch" }));
  }

  /** A host's wire to it: `port<number>` here, `eth0` there. */
  connect(host: NetNamespace, number: number): void {
    joinByWire(
      { namespace: this.namespace, name: `port${number}`, bridge: this.bridge },
      { namespace: host, name: "eth0", addresses: [`192.0.2.${number}/24`, `2001:db8::${number}/64`] },
    );
    using rtnl = new Rtnl(host);
    rtnl.execute(link.change({ name: "eth0" }, { mtu: this.mtu }));
    this.rtnl.execute(link.change({ name: `port${number}` }, { mtu: this.mtu }));
  }

  [Symbol.dispose](): void {
    this.rtnl[Symbol.dispose]();
    this.namespace[Symbol.dispose]();
  }
}
