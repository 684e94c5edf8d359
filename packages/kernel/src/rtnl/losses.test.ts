import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { patience } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { Monitor } from "../netlink/monitor.ts";
import { NetNamespace } from "../sys/namespace.ts";
import { writeSysctl } from "../sys/sysctl.ts";
import * as address from "./address.ts";
import * as link from "./link.ts";
import { type LossEvent, lossEvents } from "./losses.ts";
import * as namespaceId from "./namespace-id.ts";
import * as route from "./route.ts";
import { Rtnl } from "./rtnl.ts";
import * as rule from "./rule.ts";
import { TestHost } from "./test-support.ts";

/** A host with a bridge, and a namespace on it, as a container's is. */
class Scene implements Disposable {
  readonly host = new TestHost();
  readonly inside = NetNamespace.create();
  readonly rtnl = new Rtnl(this.inside);
  readonly monitor: Monitor<LossEvent>;
  readonly end: number;

  constructor() {
    this.monitor = new Monitor([lossEvents], { namespace: this.host.namespace, allNamespaces: true });
    const { rtnl } = this.host;
    rtnl.execute(link.create({ name: "bridge", info: { kind: "bridge" } }));
    const peer = { name: "end", namespaceFd: this.inside.fd };
    rtnl.execute(
      link.create({
        name: "port",
        master: this.host.index("bridge"),
        info: { kind: "veth", veth: { peer } },
      }),
      link.change({ name: "port" }, { alias: "whose", mtu: 1400 }),
    );
    this.host.up("bridge", "port");
    this.rtnl.execute(link.change({ name: "lo" }, { up: true }), link.change({ name: "end" }, { up: true }));
    this.end = this.rtnl.query(link.getIndex({ name: "end" }));
    this.rtnl.execute(
      ...this.addresses.map(address.add),
      ...this.gateways.map((gateway) => route.add({ destination: "default", gateway })),
      ...this.rules.map(rule.add),
    );
  }

  get addresses() {
    return [
      { link: this.end, address: "10.0.0.2", prefixLength: 24 },
      { link: this.end, address: "fd00::2", prefixLength: 64 },
    ] as const;
  }

  get rules() {
    return ([4, 6] as const).map((family) => ({ family, priority: 7, table: 77 }));
  }

  readonly gateways = ["10.0.0.1", "fd00::1"] as const;

  /** What is told of an action, up to the end of a link that is deleted after it. */
  async told(action: () => void): Promise<readonly Partial<LossEvent>[]> {
    action();
    const { rtnl } = this.host;
    rtnl.execute(link.create({ name: "last", info: { kind: "bridge" } }), link.remove({ name: "last" }));
    const late = setTimeout(() => this.monitor[Symbol.dispose](), patience);
    const events: LossEvent[] = [];
    for (;;) {
      const { value, done } = await this.monitor.next();
      if (done === true) assert.fail(`the last event did not come, after ${JSON.stringify(events)}`);
      assert.notEqual(value.type, "overrun");
      if (value.type === "link-lost" && value.name === "last") break;
      if (value.type !== "overrun") events.push(value);
    }
    clearTimeout(late);
    return events;
  }

  [Symbol.dispose](): void {
    this.monitor[Symbol.dispose]();
    this.rtnl[Symbol.dispose]();
    this.inside[Symbol.dispose]();
    this.host[Symbol.dispose]();
  }
}

const inShort = (events: readonly Partial<LossEvent>[]) =>
  events.map((event) => {
    const where = event.namespaceId === undefined ? "" : " inside";
    if (event.type === "link-lost") return `${event.name} ${event.loss}${where}`;
    return `${event.type}${where}`;
  });

describe("losses", () => {
  checkLeaks();

  it("tells nothing of what is made, and of changes that take nothing away", async () => {
    using scene = new Scene();
    assert.deepEqual(await scene.told(() => undefined), []);
  });

  it("tells of a port that is taken off its bridge, or set down", async () => {
    using scene = new Scene();
    const { host } = scene;
    const off = await scene.told(() => host.rtnl.execute(link.change({ name: "port" }, { master: 0 })));
    assert.deepEqual(inShort(off), ["port off-bridge"]);
    const down = await scene.told(() => host.rtnl.execute(link.change({ name: "port" }, { up: false })));
    const [told] = down.filter(({ type }) => type === "link-lost");
    assert.ok(told?.type === "link-lost" && told.alias === "whose" && told.index === host.index("port"));
  });

  it("tells once of a port that is set down, and not again as one of its bridge", async () => {
    using scene = new Scene();
    const down = await scene.told(() =>
      scene.host.rtnl.execute(link.change({ name: "port" }, { up: false })),
    );
    const links = down.filter(({ type }) => type === "link-lost");
    assert.deepEqual(inShort(links), ["port down"]);
  });

  it("tells of a link that goes, here and where its other end was", async () => {
    using scene = new Scene();
    const events = inShort(await scene.told(() => scene.host.rtnl.execute(link.remove({ name: "port" }))));
    assert.ok(events.includes("port removed"), events.join());
    assert.ok(events.includes("end removed inside"), events.join());
  });

  it("tells of addresses, routes, rules and links of another namespace, and of which", async () => {
    using scene = new Scene();
    const { rtnl, host, end } = scene;
    const [ipv4, ipv6] = scene.addresses;
    const [first] = await scene.told(() => rtnl.execute(address.remove(ipv6)));
    assert.ok(first?.type === "address-lost" && first.link === end, JSON.stringify(first));
    const found = host.rtnl.findLink({ index: end }, { namespaceId: first.namespaceId });
    assert.deepEqual([found?.name, found?.parentIndex], ["end", host.index("port")]);
    assert.deepEqual(
      host.rtnl.dump(link.list({ namespaceId: first.namespaceId })).map(({ name }) => name),
      ["lo", "end"],
    );
    for (const gateway of scene.gateways) {
      const routes = await scene.told(() => rtnl.execute(route.remove({ destination: "default", gateway })));
      assert.deepEqual(inShort(routes), ["route-lost inside"]);
    }
    for (const one of scene.rules) {
      const rules = await scene.told(() => rtnl.execute(rule.remove(one)));
      assert.deepEqual(inShort(rules), ["rule-lost inside"], `IPv${one.family}`);
    }
    const removed = inShort(await scene.told(() => rtnl.execute(address.remove(ipv4))));
    assert.ok(removed.includes("address-lost inside"), removed.join());
    const down = inShort(await scene.told(() => rtnl.execute(link.change({ name: "end" }, { up: false }))));
    assert.ok(down.includes("end down inside"), down.join());
  });

  it("tells of a namespace without a link to here once it has a number, which is given once", async () => {
    using scene = new Scene();
    using apart = NetNamespace.create();
    using rtnl = new Rtnl(apart);
    const strike = () =>
      rtnl.execute(
        link.create({ name: "alone", info: { kind: "bridge" } }),
        link.change({ name: "alone" }, { alias: "whose" }),
        link.remove({ name: "alone" }),
      );
    assert.deepEqual(await scene.told(strike), []);
    scene.host.rtnl.execute(namespaceId.assign(apart.fd));
    const [told] = await scene.told(strike);
    assert.ok(told?.type === "link-lost" && told.alias === "whose" && told.namespaceId !== undefined);
    assert.throws(() => scene.host.rtnl.execute(namespaceId.assign(apart.fd)), { code: "EEXIST" });
  });

  it("tells when a namespace stops forwarding, and not when it begins", async () => {
    using scene = new Scene();
    const set = (value: number) => () =>
      scene.host.namespace.run(() => {
        writeSysctl("net/ipv4/ip_forward", value);
        writeSysctl("net/ipv6/conf/all/forwarding", value);
      });
    assert.deepEqual(await scene.told(set(1)), []);
    const lost = await scene.told(set(0));
    assert.deepEqual(
      lost.map((event) => event.type === "forwarding-lost" && event.family),
      [4, 6],
    );
  });

  it("says so when the kernel's buffer overflowed, and goes on", async () => {
    using scene = new Scene();
    const { rtnl } = scene.host;
    const toggles = Array.from({ length: 60 }, (_, number) =>
      link.change({ name: "bridge" }, { up: number % 2 === 1 }),
    );
    for (let round = 0; round < 150; round++) rtnl.execute(...toggles);
    for await (const event of scene.monitor) if (event.type === "overrun") break;
    // Leaving the loop has ended the monitor: another one begins afresh.
    using after = new Monitor([lossEvents], { namespace: scene.host.namespace, allNamespaces: true });
    rtnl.execute(link.change({ name: "bridge" }, { up: false }));
    const { value } = await after.next();
    assert.ok(value?.type === "link-lost" && value.name === "bridge");
  });
});
