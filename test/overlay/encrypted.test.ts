// Encrypted networks: what the wire shows, what is refused, and that nothing is lost while keys change. Where the kernel has ESP:
// test/overlay/encrypted.peers.test.ts takes this into a virtual machine.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { hasFeature, ipsecEsp, link, type NetNamespace, Rtnl } from "@causeway/kernel";
import { setGuard } from "../../packages/kernel/src/sys/seam.ts";
import type { ClusterKey } from "../../packages/libnetwork/src/contracts/tunnel-keys.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../support/frames.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { type Member, OverlayCluster, usual } from "../support/overlay-cluster.ts";
import { openDriver } from "../support/overlay-parts.ts";
import { ask, canPing, serve } from "../support/traffic.ts";
import { esp, forgedPackets, protocolOf, udpProtocol } from "../support/tunnel-packets.ts";

const ports = { plain: 4789, encrypted: 4793 };

/** Generations, each with a secret of its own. */
function keys(first: number, count = 3, seed = 0): readonly ClusterKey[] {
  return Array.from({ length: count }, (_, at) => ({
    generation: first + at,
    secret: new Uint8Array(32).fill(seed + first + at),
  }));
}

/** An encrypted network between the first two hosts, which have the keys. */
async function pairOf(cluster: OverlayCluster, given: readonly ClusterKey[] = keys(1)) {
  cluster.tellKeys(given, cluster.host(1), cluster.host(2));
  const network = await cluster.newNetwork({ options: { encrypted: "" } });
  const a = await cluster.join(cluster.host(1), network, usual(2));
  const b = await cluster.join(cluster.host(2), network, usual(3));
  return { network, a, b };
}

/** Says something from one sandbox to another, and answers whether it was answered. */
async function say(from: Member, to: Member, text: string): Promise<boolean> {
  const address = to.peer.ipv4 ?? "";
  await using _server = await serve(to.namespace, { protocol: "udp", address, port: 7000 });
  return (
    (await ask(from.namespace, { protocol: "udp", address, port: 7000, text, timeout: 2000 })) !== undefined
  );
}

/** Pings every few milliseconds while something goes on; answers how many were sent, and how many came back. */
async function pingWhile(namespace: NetNamespace, address: string, action: () => void, times: number) {
  const ping = namespace.spawn("ping", ["-n", "-q", "-i", "0.01", "-W", "2", "-w", "120", address], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  ping.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  for (let at = 0; at < times; at++) {
    await new Promise((done) => setTimeout(done, 300));
    action();
  }
  await new Promise((done) => setTimeout(done, 300));
  ping.kill("SIGINT");
  await once(ping, "close");
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(said) ?? [];
  return { sent: Number(sent), received: Number(received) };
}

const macOf = (host: { readonly rtnl: Rtnl }) => host.rtnl.query(link.get({ name: "eth0" })).address ?? "";

function vniOf(state: unknown): number {
  const { vnis } = state as { readonly vnis: readonly number[] };
  return vnis[0] ?? 0;
}

describe("without ESP", { skip: hasFeature(ipsecEsp) ? "this kernel has ESP" : false }, () => {
  checkLeaks();

  it("an encrypted network is refused with the mend, and a plain one is made", async () => {
    await using cluster = new OverlayCluster({ hosts: 1 });
    await assert.rejects(cluster.newNetwork({ options: { encrypted: "" } }), {
      code: "encryption_unsupported",
      kind: "unsupported",
      message: /^encrypted overlay networks need IPsec .*modprobe xfrm_user esp4 esp6 gcm/,
    });
    assert.equal(cluster.numbers.owners.size, 0);
    await cluster.newNetwork();
  });
});

it("plain networks cannot have the port of encrypted ones", async () => {
  await using cluster = new OverlayCluster({ hosts: 1 });
  const host = cluster.host(1);
  const { tunnels } = host;
  assert.ok(tunnels !== undefined);
  const config = { vxlanPort: ports.encrypted };
  assert.throws(() => openDriver(host, host, { cipher: tunnels, config }), {
    code: "invalid_option",
    message: /vxlanPort.*another port than encrypted networks have/,
  });
});

describe("an encrypted network", { skip: hasFeature(ipsecEsp) ? false : "this kernel has no ESP" }, () => {
  checkLeaks();

  for (const family of [4, 6] as const) {
    it(`shows ESP on the wire and nothing else, over IPv${family}; a plain one shows all`, async () => {
      await using cluster = new OverlayCluster({ family });
      const { a, b } = await pairOf(cluster);
      using wire = new FrameSocket(cluster.underlay.namespace, "port1");
      assert.ok(await say(a, b, "a secret of the first"));
      assert.ok(await say(b, a, "a secret of the second"));
      const frames = wire.received();
      assert.ok(!frames.some((bytes) => bytes.includes("a secret")), "a text is on the wire");
      const protocols = new Set(frames.map(protocolOf).filter((protocol) => protocol !== undefined));
      assert.deepEqual([...protocols], [esp]);

      const plain = await cluster.newNetwork({ subnets: ["10.8.0.0/24"] });
      const address = (number: number) => ({
        mac: `02:42:0a:08:00:0${number}`,
        ipv4: `10.8.0.${number}/24`,
        ipv6: undefined,
      });
      const c = await cluster.join(cluster.host(1), plain, address(2));
      const d = await cluster.join(cluster.host(2), plain, address(3));
      assert.ok(await say(c, d, "no secret"));
      await wire.receivedUntil("no secret");
    });
  }

  it("carries the largest packet that it promises, whole", async () => {
    await using cluster = new OverlayCluster();
    const { a, b } = await pairOf(cluster);
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    using rtnl = new Rtnl(a.namespace);
    const { mtu = 0 } = rtnl.query(link.get({ name: "eth0" }));
    assert.equal(mtu, 1416);
    assert.ok(await say(a, b, "x".repeat(mtu - 28)));
    const longest = Math.max(...wire.received().map(({ length }) => length));
    assert.equal(longest, 1514, "as much as the wire takes, in one piece");
  });

  it("loses no packet over five rotations, which the hosts come to know of one after the other", async () => {
    await using cluster = new OverlayCluster();
    const { a } = await pairOf(cluster);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    let generation = 1;
    const { sent, received } = await pingWhile(
      a.namespace,
      "10.7.0.3",
      () => {
        generation += 1;
        const order = generation % 2 === 0 ? [1, 2] : [2, 1];
        for (const number of order) cluster.host(number).tunnels?.setKeys(keys(generation));
      },
      5,
    );
    assert.ok(sent > 50, `${sent} were sent`);
    assert.equal(received, sent);
  });

  it("goes on with a host that missed a rotation, and catches up", async () => {
    await using cluster = new OverlayCluster();
    const { a, b } = await pairOf(cluster);
    cluster.host(1).tunnels?.setKeys(keys(2));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(b.namespace, "10.7.0.2"));
    cluster.host(1).tunnels?.setKeys(keys(4));
    assert.ok(!(await canPing(a.namespace, "10.7.0.3")), "three behind is too far");
    cluster.host(2).tunnels?.setKeys(keys(4));
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
  });

  for (const family of [4, 6] as const) {
    it(`takes no packet over IPv${family} that is not encrypted, whoever it says it is from; a plain one does`, async () => {
      await using cluster = new OverlayCluster({ hosts: 3, family });
      const { network, a, b } = await pairOf(cluster);
      const plain = await cluster.newNetwork({ subnets: ["10.8.0.0/24"] });
      const c = await cluster.join(cluster.host(1), plain, {
        mac: "02:42:0a:08:00:02",
        ipv4: "10.8.0.2/24",
        ipv6: undefined,
      });
      const [first, second, third] = [cluster.host(1), cluster.host(2), cluster.host(3)];
      // Else the host's packet filter would drop what it sends before it comes to a tunnel of either network.
      first.driver.discoverNew({ id: third.id, name: "third", address: third.address }, false);
      using wire = new FrameSocket(third.namespace, "eth0");
      using atA = new FrameSocket(a.namespace, "eth0");
      using atC = new FrameSocket(c.namespace, "eth0");
      const type = family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
      const send = (packets: readonly Buffer[]) => {
        for (const packet of packets) wire.send(frame(macOf(first), macOf(third), type, packet));
      };
      const to = (member: Member, text: string) =>
        frame(
          member.peer.mac,
          "02:42:0a:07:00:03",
          ETHERTYPE.ipv4,
          ipPacket({
            source: "10.7.0.3",
            destination: member.peer.ipv4 ?? "",
            protocol: udpProtocol,
            payload: udp(5, 6, Buffer.from(text)),
          }),
        );
      const vni = vniOf(network.state);
      for (const from of [third, second])
        for (const port of [ports.encrypted, ports.plain])
          send(forgedPackets({ from, to: first, vni, port, inner: to(a, "let me in") }));
      const inner = to(c, "a plain word");
      const [whole, ...pieces] = forgedPackets({
        from: third,
        to: first,
        vni: vniOf(plain.state),
        port: ports.plain,
        inner,
      });
      assert.ok(whole !== undefined);
      send([whole]);
      await atC.receivedUntil("a plain word");
      send(pieces);
      if (pieces.length > 0) await atC.receivedUntil("a plain word");
      assert.ok(await say(b, a, "an honest word"));
      const seen = await atA.receivedUntil("an honest word");
      assert.ok(!seen.some((bytes) => bytes.includes("let me in")));
    });
  }

  it("is closed to a host with other keys, and nothing leaves before there are any", async () => {
    await using cluster = new OverlayCluster({ hosts: 3 });
    const network = await cluster.newNetwork({ options: { encrypted: "true" } });
    const a = await cluster.join(cluster.host(1), network, usual(2));
    const b = await cluster.join(cluster.host(2), network, usual(3));
    const c = await cluster.join(cluster.host(3), network, usual(4));
    using wire = new FrameSocket(cluster.underlay.namespace, "port1");
    assert.ok(!(await say(a, b, "too early")));
    assert.ok(
      !wire.received().some((bytes) => bytes.includes("too early") || protocolOf(bytes) !== undefined),
    );
    cluster.tellKeys(keys(1), cluster.host(1), cluster.host(2), cluster.host(3));
    cluster.host(3).tunnels?.setKeys(keys(1, 3, 100));
    assert.ok(await say(a, b, "now"));
    assert.ok(!(await say(a, c, "not to you")));
    assert.ok(!(await say(c, a, "not from you")));
  });

  it("goes on over a kill in the middle of a rotation", async () => {
    await using cluster = new OverlayCluster();
    const { network, a, b } = await pairOf(cluster);
    const host = cluster.host(1);
    for (const [at, made] of [0, 1, 3].entries()) {
      const generation = 2 + at;
      // A turn of the event loop in which nothing was made yet: so this is made at once.
      await nextTurn();
      cluster.host(2).tunnels?.setKeys(keys(generation));
      let left = made;
      setGuard({
        before: ({ operation }) =>
          operation.startsWith("XFRM_MSG_") && left-- <= 0 ? { code: "EIO" } : undefined,
        after: () => undefined,
      });
      try {
        host.tunnels?.setKeys(keys(generation));
      } catch {
        // As far as it came.
      } finally {
        setGuard(undefined);
      }
      await host.driver.close();
      host.driver = host.openDriver();
      host.driver.restoreNetwork(network.spec, network.state);
      await host.driver.restoreEndpoint(a.spec, { bindings: [] }, true);
      host.driver.settlePeers(network.spec.id, cluster.peersOf(network.spec.id));
      assert.ok(await canPing(b.namespace, "10.7.0.2"), `${made} requests: before the keys are told again`);
      cluster.tellKeys(keys(generation), host, cluster.host(2));
      assert.ok(await canPing(a.namespace, "10.7.0.3"), `${made} requests`);
      assert.ok(await canPing(b.namespace, "10.7.0.2"), `${made} requests`);
    }
  });

  it("finds a host again that lost all its states", async () => {
    await using cluster = new OverlayCluster();
    const { a, b } = await pairOf(cluster);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    const flush = cluster.host(2).namespace.spawn("ip", ["xfrm", "state", "flush"], { stdio: "ignore" });
    await once(flush, "close");
    assert.ok(!(await canPing(a.namespace, "10.7.0.3")));
    const { health } = cluster.host(2).driver;
    assert.deepEqual(
      health.inspectHost().map(({ code }) => code),
      ["encryption_incomplete"],
    );
    await health.mendHost();
    assert.deepEqual(health.inspectHost(), []);
    assert.ok(await canPing(a.namespace, "10.7.0.3"));
    assert.ok(await canPing(b.namespace, "10.7.0.2"));
  });
});
