import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  address,
  link,
  NftContext,
  Rtnl,
  readSysctl,
  route,
  rule,
  unbindNamespace,
  writeSysctl,
} from "@causeway/kernel";
import type { Endpoint, Network, Sandbox } from "@causeway/libnetwork";
import { eventually } from "./eventually.ts";
import { namespaceOf, TestHost } from "./host.ts";
import { assertSameState } from "./kernel-state.ts";
import { isGoing, picture } from "./picture.ts";
import { dualStack } from "./scenes.ts";
import { serve } from "./traffic.ts";

interface Scene {
  readonly host: TestHost;
  readonly network: Network;
  readonly sandbox: Sandbox;
  readonly endpoint: Endpoint;
}

/** Two networks, one of them without IPv4 and so with random MACs; a sandbox in both, and one that is gone again. */
async function build(t: TestContext): Promise<Scene> {
  const host = await TestHost.create(t);
  const network = await dualStack(host, "n", 1);
  const { controller } = host;
  const ipam = { config: [{ subnet: "fd00:6::/64" }] };
  const six = await controller.newNetwork("bridge", "six", { ipv4: false, ipam });
  const options = { publish: [{ containerPort: 80, hostPort: 8080 }] };
  const { sandbox, endpoint } = await controller.attach(network, { containerId: "c", endpoint: options });
  const sysctls = { "net.ipv4.conf.IFNAME.log_martians": "1" };
  await (await six.createEndpoint("random mac", { sysctls })).join(sandbox);
  const gone = await controller.attach(network, { containerId: "gone" });
  await gone.sandbox.delete({ endpoints: "delete" });
  return { host, network, sandbox, endpoint };
}

async function settledPicture(host: TestHost): Promise<readonly string[]> {
  return await eventually(() => {
    const lines = picture(host);
    assert.deepEqual(lines.filter(isGoing), []);
    return lines;
  });
}

test("where the same was done, the picture is the same, also after a restart", async (t) => {
  let first: readonly string[] | undefined;
  for (const title of ["once", "once more"]) {
    await t.test(title, async (inner) => {
      const { host, network, endpoint, sandbox } = await build(inner);
      const lines = await settledPicture(host);
      first ??= lines;
      assertSameState(lines, first, "two hosts");
      for (const { id } of [network, endpoint, sandbox]) {
        assert.doesNotMatch(lines.join("\n"), new RegExp(id.slice(0, 11)));
      }
      await host.restart();
      assertSameState(await settledPicture(host), first, "after a restart");
    });
  }
});

/** Each with how it is taken back, where the host could not be cleared up otherwise. */
const damages: Readonly<Record<string, (scene: Scene) => unknown>> = {
  "a link more": ({ host }) => {
    host.rtnl.execute(link.create({ name: "more", info: { kind: "bridge" } }));
    return () => host.rtnl.execute(link.remove({ name: "more" }));
  },
  "a bridge that is down": ({ host, network }) =>
    host.rtnl.execute(link.change({ name: bridgeOf(network) }, { up: false })),
  "a bridge out of its group": ({ host, network }) =>
    host.rtnl.execute(link.change({ name: bridgeOf(network) }, { group: 0 })),
  "another alias": ({ host, network }) => {
    const { alias = "" } = host.rtnl.query(link.get({ name: bridgeOf(network) }));
    host.rtnl.execute(link.change({ name: bridgeOf(network) }, { alias: `${alias}0` }));
    return () => host.rtnl.execute(link.change({ name: bridgeOf(network) }, { alias }));
  },
  "a host end off its bridge": ({ host, endpoint }) =>
    host.rtnl.execute(link.change({ name: hostEndOf(endpoint) }, { master: 0 })),
  "a port without hairpin": ({ host, endpoint }) =>
    host.rtnl.execute(
      link.change(
        { name: hostEndOf(endpoint) },
        { info: { slaveKind: "bridge", bridgePort: { hairpin: false } } },
      ),
    ),
  "no gateway address": ({ host, network }) => {
    const { index } = host.rtnl.query(link.get({ name: bridgeOf(network) }));
    host.rtnl.execute(address.remove({ link: index, address: "172.30.1.1", prefixLength: 24 }));
  },
  "forwarding off": ({ host }) => host.namespace.run(() => writeSysctl("net/ipv4/ip_forward", 0)),
  "another setting of a bridge": ({ host, network }) =>
    host.namespace.run(() => writeSysctl(`net/ipv4/conf/${bridgeOf(network)}/route_localnet`, 0)),
  "a port held by somebody": async ({ host }) => {
    const server = await serve(host.namespace, { port: 999 });
    return () => server[Symbol.asyncDispose]();
  },
  "an element less": ({ host }) => nft(host, "flush set inet causeway opened4"),
  "a rule less": ({ host }) => nft(host, "flush chain bridge causeway advertisement"),
  "no tables": ({ host }) => nft(host, "delete table inet causeway"),
  "no way out": ({ sandbox }) =>
    insideOf(sandbox, (rtnl) =>
      rtnl.execute(route.remove({ destination: "default", gateway: "172.30.1.1" })),
    ),
  "a rule in a sandbox": ({ sandbox }) =>
    insideOf(sandbox, (rtnl) => rtnl.execute(rule.add({ family: 4, priority: 5, table: 77 }))),
  "an interface that is down": ({ sandbox }) =>
    insideOf(sandbox, (rtnl) => rtnl.execute(link.change({ name: "eth0" }, { up: false }))),
  "another MTU in a sandbox": ({ sandbox }) =>
    insideOf(sandbox, (rtnl) => rtnl.execute(link.change({ name: "eth1" }, { mtu: 1400 }))),
  "a sandbox that forwards": ({ sandbox }) => insideOf(sandbox, () => writeSysctl("net/ipv4/ip_forward", 1)),
  "another setting of an interface": ({ sandbox }) =>
    insideOf(sandbox, () => {
      assert.equal(readSysctl("net/ipv4/conf/eth1/log_martians"), "1");
      writeSysctl("net/ipv4/conf/eth1/log_martians", 0);
    }),
  "another text in a file": ({ sandbox }) => writeFileSync(sandbox.files.hosts, "127.0.0.1 elsewhere\n"),
  "a file less": ({ sandbox }) => rmSync(sandbox.files.hostname),
  "a file more": ({ host }) => {
    const path = join(host.options.runDir, "more");
    writeFileSync(path, "");
    return () => rmSync(path);
  },
  "a namespace less": ({ sandbox }) => unbindNamespace(sandbox.netnsPath),
};

for (const [title, damage] of Object.entries(damages)) {
  test(`the picture shows ${title}`, async (t) => {
    const scene = await build(t);
    const before = await settledPicture(scene.host);
    const takeBack = await damage(scene);
    const after = picture(scene.host);
    if (typeof takeBack === "function") await takeBack();
    assert.notDeepEqual(after, before);
    await scene.host.restart();
  });
}

const bridgeOf = ({ id }: Network): string => `br-${id.slice(0, 12)}`;
const hostEndOf = ({ id }: Endpoint): string => `veth${id.slice(0, 11)}`;

function nft(host: TestHost, command: string): void {
  using context = new NftContext(host.namespace);
  context.run(command);
}

function insideOf(sandbox: Sandbox, action: (rtnl: Rtnl) => void): void {
  using namespace = namespaceOf(sandbox);
  using rtnl = new Rtnl(namespace);
  namespace.run(() => action(rtnl));
}
