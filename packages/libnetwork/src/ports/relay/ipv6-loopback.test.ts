/**
 * What `kernelServesIpv6Loopback` stands on: given a local route to ::1 on the container's link, the kernel itself carries
 * [::1] to a container with IPv6. Without it the answers, which conntrack turns back into ones for ::1, find no route (for
 * loopback destinations fib6 wants one of the link they came by); what somebody else sends to ::1 by that link is dropped before.
 */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { link, type NetNamespace, NftContext, Rtnl, route } from "@causeway/kernel";
import { checkLeaks } from "../../../../../test/support/leak-check.ts";
import { ask, serve } from "../../../../../test/support/traffic.ts";
import { PortAllocator } from "../port-allocator.ts";
import { type Container, newContainer, newHost, tcp, udp } from "../test-support.ts";

describe("[::1] without the relay", () => {
  checkLeaks();

  const rules = ({ ipv6 }: Container) => `
    table ip6 test {
      chain output {
        type nat hook output priority -100;
        ip6 daddr ::1 meta l4proto { tcp, udp } th dport 8080 dnat to [${ipv6}]:80
      }
      chain postrouting {
        type nat hook postrouting priority srcnat;
        ip6 saddr ::1 oifname "veth0" masquerade
      }
    }`;

  function routeLoopback(host: NetNamespace): void {
    using rtnl = new Rtnl(host);
    const { index } = rtnl.query(link.get({ name: "veth0" }));
    const settings = { type: "local", table: route.localTable, priority: 4096, scope: 0 } as const;
    rtnl.execute(route.add({ destination: "::1/128", link: index, ...settings }));
  }

  async function stage(t: TestContext): Promise<{ host: NetNamespace; container: Container }> {
    const host = newHost(t);
    const container = newContainer(t, host);
    const firewall = new NftContext(host);
    t.after(() => firewall[Symbol.dispose]());
    firewall.run(rules(container));
    const allocator = new PortAllocator(host, { kernelServesIpv6Loopback: true });
    t.after(() => allocator.close());
    allocator.reserve("e1", container, [tcp(80, { hostPort: 8080 }), udp(80, { hostPort: 8080 })]);
    for (const protocol of ["tcp", "udp"] as const) {
      const server = await serve(container.namespace, { protocol, address: "::", port: 80 });
      t.after(() => server[Symbol.asyncDispose]());
    }
    return { host, container };
  }

  const question = { address: "::1", port: 8080, timeout: 5000 };

  test("a local route to ::1 on the link lets the kernel carry it, TCP and UDP", async (t) => {
    const { host, container } = await stage(t);
    assert.equal(await ask(host, { ...question, timeout: 200 }), undefined);
    assert.equal(await ask(host, { ...question, timeout: 200, protocol: "udp" }), undefined);
    routeLoopback(host);
    assert.equal(await ask(host, question), container.gateway.ipv6);
    assert.equal(await ask(host, { ...question, protocol: "udp" }), container.gateway.ipv6);
  });

  test("a container without IPv6 is behind the relay all the same", async (t) => {
    const host = newHost(t);
    const container = newContainer(t, host);
    const allocator = new PortAllocator(host, { kernelServesIpv6Loopback: true });
    t.after(() => allocator.close());
    allocator.reserve("e1", { ipv4: container.ipv4 }, [tcp(80, { hostPort: 8080 })]);
    const server = await serve(container.namespace, { port: 80 });
    t.after(() => server[Symbol.asyncDispose]());
    assert.equal(await ask(host, question), container.gateway.ipv4);
  });
});
