// Networks that controllers on several hosts share: found everywhere, reached by address and by name, and what becomes of them when hosts,
// or the store that they share, are away.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link, Rtnl } from "@causeway/kernel";
import type { Attachment } from "@causeway/libnetwork";
import { ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { FrameSocket } from "../support/frames.ts";
import { namespaceOf, TestHost } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { canPing } from "../support/traffic.ts";

async function pings({ sandbox }: Attachment, address: string): Promise<boolean> {
  using namespace = namespaceOf(sandbox);
  return canPing(namespace, address);
}

function addressOf({ endpoint }: Attachment): string {
  return endpoint.info().ipv4?.split("/")[0] ?? "";
}

async function lookup({ sandbox }: Attachment, name: string): Promise<readonly string[]> {
  return (await sandbox.resolve(name)).answers.map(({ value }) => value);
}

describe("a network of global scope", () => {
  checkLeaks();

  it("is found on every host, carries packets between them, and is reached by name", async () => {
    await using cluster = await ClusterHosts.create(3);
    const made = await cluster.host(1).controller.newNetwork("overlay", "web");
    for (const number of [2, 3]) assert.equal((await cluster.host(number).network("web")).id, made.id);
    const a = await cluster.host(1).attach("web", "a");
    const b = await cluster.host(2).attach("web", "b");
    assert.notEqual(addressOf(a), addressOf(b));
    assert.ok(await pings(b, addressOf(a)));
    assert.ok(await eventually(async () => assert.ok(await pings(a, addressOf(b))) === undefined));
    await eventually(async () => assert.deepEqual(await lookup(a, "b"), [addressOf(b)]));
    assert.deepEqual(await lookup(b, "a.web"), [addressOf(a)]);
    const inside = (number: number) =>
      cluster
        .host(number)
        .controller.networkByName("web")
        ?.names()
        .map(({ names: [name], ipv4, host }) => [name, ipv4, host?.address]);
    assert.deepEqual(inside(1), [
      ["a", addressOf(a), undefined],
      ["b", addressOf(b), "192.0.2.2"],
    ]);
    assert.deepEqual(inside(3), [], "host 3 has nobody in it, and is told of nobody");
    await b.sandbox.rename("c");
    await eventually(async () => assert.deepEqual(await lookup(a, "c"), [addressOf(b)]));
    await assert.rejects(cluster.host(3).controller.newNetwork("overlay", "web"), {
      code: "network_name_in_use",
    });
    await assert.rejects((await cluster.host(3).network("web")).delete(), { code: "network_has_endpoints" });
    await b.sandbox.delete({ endpoints: "delete" });
    await eventually(async () => assert.deepEqual(await lookup(a, "c"), []));
    await cluster.clear();
    await eventually(() => assert.equal(cluster.host(2).controller.networkByName("web"), undefined));
  });

  it("goes on after a restart, with the store there or away", async () => {
    await using cluster = await ClusterHosts.create(2);
    await cluster.host(1).controller.newNetwork("overlay", "web");
    const a = await cluster.host(1).attach("web", "a");
    const b = await cluster.host(2).attach("web", "b");
    const [there, here] = [addressOf(b), addressOf(a)];
    await eventually(async () => assert.ok(await pings(a, there)));
    await cluster.host(1).stop();
    await cluster.host(1).start({ isReachable: false });
    const { controller } = cluster.host(1);
    const sandbox = controller.sandboxByContainerId("a");
    const endpoint = controller.networkByName("web")?.endpointByName("a");
    assert.ok(sandbox !== undefined && endpoint !== undefined);
    assert.ok(await pings({ sandbox, endpoint }, there));
    await assert.rejects(cluster.host(1).attach("web", "c"), { code: "store_unavailable" });
    assert.equal(controller.sandboxByContainerId("c"), undefined);
    assert.ok((await controller.inspectHealth()).items.some(({ code }) => code === "cluster_away"));
    // Local work goes on.
    const local = await controller.newNetwork("bridge", "local");
    const d = await controller.attach(local, { containerId: "d" });
    await d.sandbox.delete({ endpoints: "delete" });
    await local.delete();
    await sandbox.delete({ endpoints: "delete" });
    assert.ok(cluster.ids(`address.${endpoint.network.id}`).includes(here));
    cluster.host(1).store.back();
    await eventually(() => assert.ok(!cluster.ids(`address.${endpoint.network.id}`).includes(here)));
    await eventually(async () => assert.deepEqual(await lookup(b, "a"), []));
    await cluster.clear();
  });

  it("is reached where its host says after a restart that it is", async () => {
    await using cluster = await ClusterHosts.create(2);
    await cluster.host(1).controller.newNetwork("overlay", "web");
    const a = await cluster.host(1).attach("web", "a");
    const b = await cluster.host(2).attach("web", "b");
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    const [one] = [cluster.host(1)];
    await one.stop();
    one.expireLife();
    one.addAddress("192.0.2.101/24");
    await one.start({ advertise: "192.0.2.101" });
    const codes = async () => (await one.controller.inspectHealth()).items.map(({ code }) => code);
    await eventually(async () => assert.ok(!(await codes()).includes("segment_altered")));
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    const [from, to] = ["c0000265c0000202", "c0000202c0000265"];
    const seen = wire.received().map((bytes) => bytes.toString("hex", 26, 34));
    assert.ok(seen.includes(from) && seen.includes(to), seen.join());
    await cluster.clear();
  });

  it("carries what it did where a host comes back with another address while the cluster is away, also once repaired and back at the first", async () => {
    await using cluster = await ClusterHosts.create(2);
    await cluster.host(1).controller.newNetwork("overlay", "web");
    const a = await cluster.host(1).attach("web", "a");
    const b = await cluster.host(2).attach("web", "b");
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    const one = cluster.host(1);
    await one.stop();
    one.addAddress("192.0.2.101/24");
    await one.start({ advertise: "192.0.2.101", isReachable: false });
    assert.ok(await pings(b, addressOf(a)), "the others know it at its former address only");
    await one.controller.repair();
    await one.stop();
    await one.start({ isReachable: false });
    await one.controller.repair();
    assert.ok(await pings(b, addressOf(a)), "its entries went with no device");
    await one.stop();
    one.expireLife();
    await one.start();
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    await cluster.clear();
  });

  it("gets tunnels of other settings as soon as nobody has its id there, and carries by its own until then", async () => {
    const overlay: Record<string, number> = {};
    await using cluster = await ClusterHosts.create(2, { overlay });
    const [one, two] = [cluster.host(1), cluster.host(2)];
    await one.controller.newNetwork("overlay", "web");
    const a = await one.attach("web", "a");
    const b = await two.attach("web", "b");
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    const [id = ""] = cluster.ids("number.vni");
    await one.stop();
    one.expireLife();
    using rtnl = new Rtnl(one.namespace);
    const vxlan = { id: Number(id), port: 4999 };
    rtnl.execute(link.create({ name: "theirs", info: { kind: "vxlan", vxlan } }));
    Object.assign(overlay, { vxlanPort: vxlan.port });
    await one.start();
    const told = async () => (await one.controller.inspectHealth()).items.map(({ message }) => message);
    await eventually(async () =>
      assert.match((await told()).join(), /another VXLAN device of this host has the id/),
    );
    await eventually(async () => assert.ok(await pings(b, addressOf(a)), "its own are gone"));
    rtnl.execute(link.remove({ name: "theirs" }));
    await eventually(async () => assert.deepEqual(await told(), []));
    // One port is all hosts'.
    await two.stop();
    await two.start();
    await eventually(async () => assert.ok(await pings(b, addressOf(a))));
    await cluster.clear();
  });

  it("is not well where another host says that it is at the same address", async () => {
    await using cluster = await ClusterHosts.create(2);
    const told = async (number: number) => {
      const { items } = await cluster.host(number).controller.inspectHealth();
      return items.filter(({ code }) => code === "advertise_in_use").map(({ message }) => message);
    };
    assert.deepEqual([await told(1), await told(2)], [[], []]);
    const [two] = [cluster.host(2)];
    await two.stop();
    two.expireLife();
    two.addAddress("192.0.2.1/32");
    await two.start({ advertise: "192.0.2.1" });
    await eventually(async () => {
      const [[first = "", ...more], [second = ""]] = [await told(1), await told(2)];
      assert.match(first, /host "host2" .* 192\.0\.2\.1 /);
      assert.match(second, /host "host1" .* 192\.0\.2\.1 /);
      assert.equal(more.length, 0);
    });
    await two.stop();
    two.expireLife();
    await eventually(async () => assert.deepEqual(await told(1), []));
    await two.start();
  });

  it("is not well where other hosts are reached by the other version of IP", async () => {
    await using cluster = await ClusterHosts.create(2);
    const told = async (number: number) => {
      const { items } = await cluster.host(number).controller.inspectHealth();
      return items.filter(({ code }) => code === "advertise_family_mixed").map(({ message }) => message);
    };
    assert.deepEqual([await told(1), await told(2)], [[], []]);
    const [two] = [cluster.host(2)];
    const advertise = async (address: string) => {
      await two.stop();
      two.expireLife();
      await two.start({ advertise: address });
    };
    await advertise("2001:db8::2");
    await eventually(async () => {
      const [[first = ""], [second = ""]] = [await told(1), await told(2)];
      assert.match(first, /by IPv4 \(192\.0\.2\.1\), and not so "host2" \(2001:db8::2\) of/);
      assert.match(second, /by IPv6 \(2001:db8::2\), and not so "host1" \(192\.0\.2\.1\) of/);
    });
    await advertise("192.0.2.2");
    await eventually(async () => assert.deepEqual([await told(1), await told(2)], [[], []]));
  });

  it("does without a host that is dead, gives its addresses to others after retention, and a host that is back yields them", async () => {
    await using cluster = await ClusterHosts.create(2);
    const network = await cluster.host(1).controller.newNetwork("overlay", "web", {
      ipam: { config: [{ subnet: "10.9.0.0/24" }] },
    });
    const a = await cluster.host(1).attach("web", "a", "10.9.0.10");
    const kept = await cluster.host(1).attach("web", "kept", "10.9.0.11");
    const b = await cluster.host(2).attach("web", "b");
    await eventually(async () => assert.deepEqual(await lookup(b, "a"), ["10.9.0.10"]));
    const [one] = [cluster.host(1)];
    one.store.cutOff();
    one.expireLife();
    await eventually(async () => assert.deepEqual(await lookup(b, "a"), []));
    await assert.rejects(cluster.host(2).attach("web", "c", "10.9.0.10"), { code: "address_in_use" });
    one.expireAll();
    const c = await eventually(() => cluster.host(2).attach("web", "c", "10.9.0.10"));
    const events: string[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const { type, name } of one.controller.events(stop.signal)) events.push(`${type} ${name}`);
    })();
    one.store.back();
    await eventually(() => assert.ok(events.includes("endpoint:yield a"), events.join()));
    assert.equal(a.endpoint.sandbox, undefined);
    await assert.rejects(a.endpoint.join(a.sandbox), { code: "endpoint_yielded" });
    const { items } = await one.controller.inspectHealth();
    assert.deepEqual(
      items.filter(({ code }) => code === "endpoint_yielded").map(({ subject }) => subject),
      [{ kind: "endpoint", id: a.endpoint.id, name: "a" }],
    );
    await eventually(async () => assert.ok(await pings(b, "10.9.0.11")));
    assert.ok(await pings(kept, "10.9.0.10"));
    await a.endpoint.delete();
    assert.ok(cluster.ids(`address.${network.id}`).includes("10.9.0.10"));
    assert.equal(addressOf(c), "10.9.0.10");
    stop.abort();
    await reading;
    await cluster.clear();
  });

  it("is gone on a host that was away while it was deleted, with the endpoints there", async () => {
    await using cluster = await ClusterHosts.create(2);
    const network = await cluster.host(1).controller.newNetwork("overlay", "web");
    const { endpoint, sandbox } = await cluster.host(1).attach("web", "a");
    const away = cluster.host(1);
    away.store.cutOff();
    const there = await cluster.host(2).network("web");
    await assert.rejects(there.delete(), { code: "network_has_endpoints" });
    away.expireAll();
    await eventually(() => there.delete());
    assert.equal(endpoint.sandbox, sandbox);
    const events = away.controller.events();
    away.store.back();
    await eventually(() => assert.equal(away.controller.networkById(network.id), undefined));
    assert.deepEqual(sandbox.endpoints(), []);
    const told: string[] = [];
    for await (const { type } of events) {
      told.push(type);
      if (type === "network:delete") break;
    }
    assert.ok(told.includes("endpoint:yield") && told.includes("endpoint:delete"), told.join());
    assert.deepEqual(away.controller.problems, []);
    const again = await eventually(() => away.controller.newNetwork("overlay", "web"));
    await again.connect(sandbox, "a");
    await cluster.clear();
  });

  it("is gone on a host that was stopped while it was deleted", async () => {
    await using cluster = await ClusterHosts.create(2);
    const [one, two] = [cluster.host(1), cluster.host(2)];
    const network = await one.controller.newNetwork("overlay", "web");
    await one.controller.newNetwork("overlay", "kept");
    await two.network("web");
    await two.network("kept");
    await two.stop();
    await network.delete();
    await two.start();
    await eventually(() => assert.equal(two.controller.networkByName("web"), undefined));
    assert.ok(two.controller.networkByName("kept") !== undefined);
    await cluster.clear();
  });

  it("is not made without a cluster", async (t) => {
    const host = await TestHost.create(t);
    await assert.rejects(host.controller.newNetwork("overlay", "web"), {
      code: "cluster_required",
      kind: "unavailable",
      message: /options\.cluster, as \{ etcd: .*\[cluster\] in its settings/,
    });
    assert.deepEqual(host.controller.builtinDrivers(), ["bridge", "host", "null"]);
  });

  it("is not made under the name of a local one, and hides none", async () => {
    await using cluster = await ClusterHosts.create(2);
    const local = await cluster.host(2).controller.newNetwork("bridge", "web");
    await assert.rejects(cluster.host(2).controller.newNetwork("overlay", "web"), {
      code: "network_name_in_use",
    });
    const shared = await cluster.host(1).controller.newNetwork("overlay", "web");
    const { controller } = cluster.host(2);
    await eventually(() => assert.ok(controller.networkById(shared.id) !== undefined));
    assert.equal(controller.networkByName("web")?.id, local.id);
    const { items } = await controller.inspectHealth();
    assert.ok(
      items.some(
        ({ code, subject }) => code === "network_shadowed" && "id" in subject && subject.id === shared.id,
      ),
    );
    await local.delete();
    assert.equal(controller.networkByName("web")?.id, shared.id);
    await cluster.clear();
  });

  it("may overlap a local network of another host, but no sandbox gets into both", async () => {
    await using cluster = await ClusterHosts.create(2);
    const { controller } = cluster.host(2);
    const config = [{ subnet: "10.0.0.0/24" }];
    const local = await controller.newNetwork("bridge", "local", { ipam: { config } });
    // Its own host has nothing there.
    await cluster.host(1).controller.newNetwork("overlay", "web");
    const a = await cluster.host(1).attach("web", "a");
    assert.ok(addressOf(a).startsWith("10.0.0."));
    const b = await cluster.host(2).attach("web", "b");
    const c = await controller.attach(local, { containerId: "c" });
    assert.ok(await pings(b, addressOf(a)));
    assert.ok(await pings(c, "10.0.0.1"));
    const shared = await cluster.host(2).network("web");
    const refused = {
      code: "sandbox_subnet_overlap",
      message: /"web" \(10.0.0.0\/24\) overlaps network "local"/,
    };
    await assert.rejects(shared.connect(c.sandbox, "second"), refused);
    await assert.rejects(local.connect(b.sandbox, "second"), { code: "sandbox_subnet_overlap" });
    assert.deepEqual([c.sandbox.endpoints().length, b.sandbox.endpoints().length], [1, 1]);
    const other = await controller.newNetwork("bridge", "other");
    await other.connect(b.sandbox, "second");
    assert.ok(await pings(b, addressOf(a)));
    await cluster.host(2).clear();
    for (const network of [local, other]) await network.delete();
    await cluster.clear();
  });

  it("is kept away from by automatic subnets of a host's own networks", async () => {
    await using cluster = await ClusterHosts.create(2);
    const { controller } = cluster.host(2);
    const first = await controller.newNetwork("bridge", "first");
    const subnet = first.ipamInfo[0]?.pool ?? "";
    await first.delete();
    await cluster.host(1).controller.newNetwork("overlay", "web", { ipam: { config: [{ subnet }] } });
    await cluster.host(2).network("web");
    const second = await controller.newNetwork("bridge", "second");
    assert.notEqual(second.ipamInfo[0]?.pool, subnet);
    await second.delete();
    await cluster.clear();
  });
});
