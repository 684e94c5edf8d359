// Encrypted networks by controllers of a cluster: what the wire shows, what is refused, and that no packet is lost while the keeper changes the
// keys and hosts come and go. Where the kernel has ESP: test/overlay/encrypted.peers.test.ts takes this into a virtual machine.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasFeature, ipsecEsp, link, type NetNamespace, Rtnl, Xfrm, xfrmPolicy } from "@causeway/kernel";
import type { Attachment, Network, NetworkOptions } from "@causeway/libnetwork";
import { networkNamespacePath } from "../../packages/libnetwork/src/netstack/run-directory.ts";
import { type ClusterHost, ClusterHosts, type HostOptions } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../support/frames.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { ask, canPing, serve } from "../support/traffic.ts";
import { esp, forgedPackets, protocolOf, udpProtocol } from "../support/tunnel-packets.ts";

/** The port of encrypted networks is another than usual. */
const ports = { plain: 4789, encrypted: 5793 };

/** Keys change every few seconds. */
const settings: HostOptions = {
  cluster: { keyPeriod: 4 },
  overlay: { encryptedPort: ports.encrypted },
  resolver: false,
};
const word = "a word of the sandbox";
const lie = "let me in";

/** Emulation takes its time. */
const longPatience = 120_000;

/** A sandbox in a network, as packets see it. */
interface Member extends Disposable {
  readonly namespace: NetNamespace;
  readonly address: string;
  readonly mac: string;
}

function memberOf({ endpoint, sandbox }: Attachment): Member {
  const namespace = namespaceOf(sandbox);
  const { ipv4 = "", mac = "" } = endpoint.info();
  const [address = ""] = ipv4.split("/");
  return { namespace, address, mac, [Symbol.dispose]: () => namespace[Symbol.dispose]() };
}

/** Says something from one sandbox to another; whether it was answered. */
async function say(from: Member, { namespace, address }: Member, text: string): Promise<boolean> {
  await using _server = await serve(namespace, { protocol: "udp", address, port: 7000 });
  const question = { protocol: "udp", address, port: 7000, text, timeout: 2000 } as const;
  return (await ask(from.namespace, question)) !== undefined;
}

function reach(from: Member, to: Member): Promise<void> {
  return eventually(async () => assert.ok(await canPing(from.namespace, to.address)), longPatience);
}

function vniOf(cluster: ClusterHosts, { id }: Network): number {
  const found = cluster.memory.entries("number.vni").find(([, { value }]) => value.includes(id));
  assert.ok(found !== undefined, "the network has no VXLAN id");
  return Number(found[0]);
}

function macOf(namespace: NetNamespace): string {
  using rtnl = new Rtnl(namespace);
  return rtnl.query(link.get({ name: "eth0" })).address ?? "";
}

/** What this namespace's IPsec dropped, by reason: linux/snmp.h, LINUX_MIB_XFRM*. */
function dropped(namespace: NetNamespace): Readonly<Record<string, number>> {
  const text = namespace.run(() => readFileSync("/proc/thread-self/net/xfrm_stat", "utf8"));
  const counts = text.matchAll(/^(\w+)\s+(\d+)$/gm);
  return Object.fromEntries([...counts].map(([, name, count]) => [name, Number(count)]).filter(([, n]) => n));
}

/** Datagrams to a sandbox, of a network that is or is not encrypted, as if a host of the cluster had sent them in the clear. */
function forge(cluster: ClusterHosts, to: ClusterHost, member: Member, vni: number, port: number): void {
  const inner = frame(
    member.mac,
    "02:42:0a:63:00:63",
    ETHERTYPE.ipv4,
    ipPacket({
      source: "10.99.0.99",
      destination: member.address,
      protocol: udpProtocol,
      payload: udp(5, 6, Buffer.from(lie)),
    }),
  );
  using wire = new FrameSocket(cluster.underlay.namespace, `port${to.number}`);
  const liar = { address: `192.0.2.${3 - to.number}` };
  for (const packet of forgedPackets({
    from: liar,
    to: { address: `192.0.2.${to.number}` },
    vni,
    port,
    inner,
  }))
    wire.send(frame(macOf(to.namespace), "02:00:00:00:00:63", ETHERTYPE.ipv4, packet));
}

/** Says datagrams with a running number to whom it is told, until its input ends; then tells how many. */
const sender = `
import select, socket, sys
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect((sys.argv[1], 7001))
count = 0
while not select.select([sys.stdin], [], [], 0.002)[0]:
    for _ in range(4):
        out.send(count.to_bytes(8, "big") + bytes(600))
        count += 1
out.send(b"end")
print(count)
`;

/** Takes them until the end is told; then tells how many numbers there were, and how many datagrams. */
const receiver = `
import socket, sys
seen, count = set(), 0
inp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
inp.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE
inp.bind((sys.argv[1], 7001))
print("ready", flush=True)
while (data := inp.recv(2048)) != b"end":
    seen.add(data[:8])
    count += 1
print(len(seen), count)
`;

/** Runs one of these: `begun` when it says that it is ready, and in the end all else that it says. */
function python({ namespace }: Member, program: string, to: string) {
  const child = namespace.spawn("/usr/bin/python3", ["-c", program, to], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (some: string) => {
    text += some;
  });
  const begun = () => eventually(() => assert.match(text, /ready/), longPatience);
  const ended = once(child, "close").then(() => text.replace("ready", "").trim());
  return { child, begun, ended };
}

interface Flood {
  /** Ends it: what was sent, the different ones that arrived, and all that arrived. */
  end(): Promise<{ readonly sent: number; readonly different: number; readonly received: number }>;
}

async function flood(from: Member, to: Member): Promise<Flood> {
  const taking = python(to, receiver, to.address);
  await taking.begun();
  const saying = python(from, sender, to.address);
  return {
    async end() {
      saying.child.stdin?.end();
      const sent = Number(await saying.ended);
      const timer = setTimeout(() => taking.child.kill("SIGKILL"), longPatience);
      const [different, received] = (await taking.ended).split(" ").map(Number);
      clearTimeout(timer);
      return { sent, different: different ?? 0, received: received ?? 0 };
    },
  };
}

/** Of each host one, in a network: the first host's first. */
interface Pair {
  readonly network: Network;
  readonly here: Member;
  readonly there: Member;
}

async function pairIn(cluster: ClusterHosts, name: string, options: NetworkOptions): Promise<Pair> {
  const network = await cluster.host(1).controller.newNetwork("overlay", name, options);
  const here = memberOf(await cluster.host(1).attach(name, `${name}1`));
  const there = memberOf(await cluster.host(2).attach(name, `${name}2`));
  await reach(here, there);
  await reach(there, here);
  return { network, here, there };
}

async function assertUnreadable(cluster: ClusterHosts, secret: Pair, plain: Pair): Promise<void> {
  using wire = new FrameSocket(cluster.underlay.namespace, "port1");
  assert.ok(await say(secret.here, secret.there, word));
  assert.ok(await say(secret.there, secret.here, word));
  const shown = wire.received();
  assert.ok(!shown.some((bytes) => bytes.includes(word)), "a text is on the wire");
  const protocols = new Set(shown.map(protocolOf).filter((one) => one !== undefined));
  assert.deepEqual([...protocols], [esp]);
  assert.ok(await say(plain.here, plain.there, word));
  await wire.receivedUntil(word);
}

async function assertClosed(cluster: ClusterHosts, secret: Pair, plain: Pair): Promise<void> {
  const [first, second] = [cluster.host(1), cluster.host(2)];
  const closed = [secret.here, secret.there].map(({ namespace }) => new FrameSocket(namespace, "eth0"));
  const open = [plain.here, plain.there].map(({ namespace }) => new FrameSocket(namespace, "eth0"));
  const [vni, plainVni] = [vniOf(cluster, secret.network), vniOf(cluster, plain.network)];
  for (const port of [ports.encrypted, ports.plain]) {
    forge(cluster, first, secret.here, vni, port);
    forge(cluster, second, secret.there, vni, port);
  }
  forge(cluster, first, plain.here, plainVni, ports.plain);
  forge(cluster, second, plain.there, plainVni, ports.plain);
  for (const socket of open) await socket.receivedUntil(lie);
  assert.ok(await say(secret.here, secret.there, "honest"));
  for (const socket of closed) {
    const seen = await socket.receivedUntil("honest");
    assert.ok(!seen.some((bytes) => bytes.includes(lie)), "a forged packet got in");
  }
  for (const socket of [...closed, ...open]) socket[Symbol.dispose]();
}

/** Without states nothing goes out, in the clear or otherwise, until the doctor has made them anew. */
async function assertSilentWithoutStates(cluster: ClusterHosts, secret: Pair, plain: Pair): Promise<void> {
  const { namespace, controller } = cluster.host(1);
  using wire = new FrameSocket(cluster.underlay.namespace, "port1");
  await once(namespace.spawn("ip", ["xfrm", "state", "flush"], { stdio: "ignore" }), "close");
  assert.ok(!(await say(secret.here, secret.there, "unheard")));
  assert.ok(await say(plain.here, plain.there, word));
  const shown = await wire.receivedUntil(word);
  assert.ok(!shown.some((bytes) => bytes.includes("unheard")), "a text is on the wire");
  await controller.repair();
  await reach(secret.here, secret.there);
}

/** Keys change several times under a flood both ways, while a host comes and goes. */
async function assertLossless(cluster: ClusterHosts, { here, there }: Pair): Promise<void> {
  const hosts = [cluster.host(1), cluster.host(2)];
  const newest = () => Math.max(...cluster.ids("tunnel-key").map(Number));
  const begin = newest();
  const rotations = (count: number) =>
    eventually(() => assert.ok(newest() >= begin + count, `${newest() - begin} rotations`), longPatience);
  const floods = [await flood(here, there), await flood(there, here)];
  const third = await cluster.add(settings);
  {
    using more = memberOf(await third.attach("secret", "secret3"));
    await reach(more, here);
    await reach(there, more);
  }
  await third.clear();
  await third.stop();
  third.expireAll();
  // Of what was for a host that was not known yet some was dropped.
  const before = hosts.map(({ namespace }) => dropped(namespace));
  await rotations(newest() - begin + 3);
  for (const one of floods) {
    const { sent, different, received } = await one.end();
    assert.ok(sent > 1000, `${sent} were sent`);
    assert.deepEqual({ different, received }, { different: sent, received: sent });
  }
  assert.equal(cluster.ids("tunnel-key").length, 3);
  const after = hosts.map(({ namespace }) => dropped(namespace));
  assert.deepEqual(after, before);
}

describe("an encrypted network of a cluster", {
  skip: hasFeature(ipsecEsp) ? false : "this kernel has no ESP",
}, () => {
  checkLeaks();

  // One after the other in one cluster: under emulation controllers take their time to open.
  it("shows ESP and nothing readable, is closed to what is not encrypted, and loses nothing while keys change and hosts come and go", async () => {
    await using cluster = await ClusterHosts.create(2, settings);
    const secret = await pairIn(cluster, "secret", { driverOptions: { encrypted: true } });
    const plain = await pairIn(cluster, "plain", {});
    using xfrm = new Xfrm(cluster.host(1).namespace);
    const guarded = xfrm.dump(xfrmPolicy.list()).map(({ selector }) => selector.destinationPort);
    assert.deepEqual(guarded, [ports.encrypted, ports.encrypted]);
    await assertUnreadable(cluster, secret, plain);
    await assertClosed(cluster, secret, plain);
    await assertSilentWithoutStates(cluster, secret, plain);
    await assertLossless(cluster, secret);
    for (const { here, there } of [secret, plain]) for (const one of [here, there]) one[Symbol.dispose]();
    for (const number of [1, 2]) await cluster.host(number).clear();
    for (const { network } of [secret, plain]) await network.delete();
  });
});

describe("without ESP, an encrypted network that another host has made", {
  skip: hasFeature(ipsecEsp) ? "this kernel has ESP" : false,
}, () => {
  checkLeaks();

  it("takes no endpoint on a host without ESP, and nothing is made; a plain one does", async () => {
    await using cluster = await ClusterHosts.create(1);
    const first = cluster.host(1);
    const encrypted = { driverOptions: { encrypted: true } };
    await assert.rejects(first.controller.newNetwork("overlay", "own", encrypted), {
      code: "encryption_unsupported",
      kind: "unsupported",
    });
    assert.deepEqual(cluster.ids("network"), []);
    const { id } = await first.controller.newNetwork("overlay", "web");
    await first.stop();
    // As a host with ESP would have stored it.
    await encryptRecord(cluster, id);
    const second = await cluster.add();
    const { controller } = second;
    const network = await second.network("web");
    const sandbox = await controller.newSandbox("a");
    const taken = cluster.ids(`address.${id}`);
    const refused = { code: "encryption_unsupported", kind: "unsupported" };
    await assert.rejects(network.createEndpoint("a"), refused);
    await assert.rejects(second.attach("web", "b"), refused);
    assert.deepEqual(network.endpoints(), []);
    assert.deepEqual(controller.sandboxes(), [sandbox]);
    assert.deepEqual(sandbox.endpoints(), []);
    assert.deepEqual(cluster.ids(`address.${id}`), taken);
    const isThere = (networkId: string) =>
      existsSync(networkNamespacePath(join(second.directory, "run"), networkId));
    assert.ok(!isThere(id));
    assert.deepEqual(cluster.ids("tunnel-end"), []);
    const plain = await controller.newNetwork("overlay", "plain");
    const { endpoint } = await second.attach("plain", "c");
    assert.equal(endpoint.network.id, plain.id);
    assert.ok(isThere(plain.id));
    assert.deepEqual(controller.problems, []);
    await second.clear();
    await second.stop();
  });
});

/** Has a network encrypted that is in the store. */
async function encryptRecord(cluster: ClusterHosts, id: string): Promise<void> {
  const store = cluster.memory.connect();
  const found = await store.get("network", id);
  assert.ok(found !== undefined);
  const { revision: ifRevision, ...record } = found;
  const text = JSON.stringify(record.value).replace(
    '"driverOptions":{}',
    '"driverOptions":{"encrypted":true}',
  );
  await store.commit([{ ...record, op: "put", value: JSON.parse(text), ifRevision }]);
  await store.close();
}
