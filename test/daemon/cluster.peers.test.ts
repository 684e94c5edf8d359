// Daemons of several hosts that share networks, as the guide sets them up: docs/guide/overlay.md.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { link, NetNamespace } from "@causeway/kernel";
import { cliOf, runCli } from "../support/cli.ts";
import { DaemonProcess } from "../support/daemon-process.ts";
import { startEtcd } from "../support/etcd.ts";
import { eventually } from "../support/eventually.ts";
import { needsPeer } from "../support/peers.ts";
import { canConnect, canPing, serve } from "../support/traffic.ts";
import { Underlay } from "../support/underlay.ts";

/** A daemon on a host of its own, on an underlay that all of them have. */
async function startHost(t: TestContext, underlay: Underlay, number: number, etcd: readonly string[]) {
  const daemon = await DaemonProcess.start(t);
  await daemon.end();
  underlay.connect(daemon.host.namespace, number);
  const members = etcd.flatMap((url) => ["--cluster-etcd", url]);
  await daemon.start({ flags: [...members, "--advertise", "eth0", "--cluster-host-name", `host${number}`] });
  return { daemon, cli: cliOf(daemon.socket) };
}

type Host = Awaited<ReturnType<typeof startHost>>;

async function containerOn({ cli }: Host, name: string, ...how: string[]): Promise<NetNamespace> {
  await cli.ok("sandbox", "create", name);
  await cli.ok("network", "connect", ...how, "web", name);
  return NetNamespace.open((await cli.ok("sandbox", "inspect", name, "--format", "{{.key}}")).trim());
}

/** What a program in a sandbox is told of another's name, when its host has been. */
function addressOf({ cli }: Host, sandbox: string, name: string): Promise<string> {
  return eventually(async () => (await cli.ok("dns", "lookup", "-q", sandbox, name)).trim());
}

/** A service that is made on one host, with a member on the other. */
async function serviceOverTwo(one: Host, two: Host, from: NetNamespace): Promise<void> {
  await one.cli.ok("service", "create", "-p", "80:8080", "web", "pool");
  await eventually(async () => assert.match(await two.cli.ok("service", "ls", "web"), /pool/));
  using member = await containerOn(two, "c", "--service", "pool");
  await using _server = await serve(member, { port: 8080 });
  const serving = () => one.cli.ok("service", "ls", "web", "--format", "{{.Serving}}");
  await eventually(async () => assert.equal(await serving(), "1/1\n"));
  const [address = ""] = (await one.cli.ok("service", "inspect", "-f", "{{.ipv4}}", "pool")).split("/");
  assert.ok(await canConnect(from, address, 80, { timeout: 2000 }));
  await two.cli.ok("endpoint", "unhealthy", "c");
  await eventually(async () => assert.equal(await serving(), "0/1\n"));
  assert.equal(await canConnect(from, address, 80), false);
  const used = await one.cli.run("service", "rm", "pool");
  assert.match(used.stderr, /has endpoints/);
  await two.cli.ok("sandbox", "rm", "--endpoints", "c");
  await eventually(() => one.cli.ok("service", "rm", "pool"));
}

/** Daemon and wire go; the host is looked at then. */
async function endHost({ daemon }: Host): Promise<void> {
  assert.equal(await daemon.end(), 0);
  daemon.host.rtnl.execute(link.remove({ name: "eth0" }));
}

async function overTwo(t: TestContext, underlay: Underlay, one: Host, etcd: readonly string[]) {
  const two = await startHost(t, underlay, 2, etcd);
  await one.cli.ok("network", "create", "-d", "overlay", "--subnet", "10.7.0.0/24", "web");
  await eventually(async () => assert.match(await two.cli.ok("network", "ls"), /web/));
  using a = await containerOn(one, "a");
  using b = await containerOn(two, "b");
  const [ofA, ofB] = await Promise.all([addressOf(two, "b", "a"), addressOf(one, "a", "b")]);
  assert.notEqual(ofA, ofB);
  assert.ok(await canPing(a, ofB));
  assert.ok(await canPing(b, ofA));
  assert.equal(
    await two.cli.ok("dns", "ls", "web", "--format", "{{.Name}} {{.Value}} {{.Host}}"),
    `b ${ofB} \na ${ofA} 192.0.2.1\n`,
  );
  assert.equal(await two.cli.ok("dns", "ls", "web", "-q", "--filter", "host=192.0.2.1"), "a\n");
  await serviceOverTwo(one, two, a);
  const taken = await two.cli.run("network", "create", "-d", "overlay", "web");
  assert.match(taken.stderr, /network "web"/);
  await one.cli.ok("sandbox", "rm", "--endpoints", "a");
  const used = await one.cli.run("network", "rm", "web");
  assert.match(used.stderr, /has endpoints on host2: delete them there first/);
  await two.cli.ok("sandbox", "rm", "--endpoints", "b");
  await two.cli.ok("network", "rm", "web");
  await eventually(async () => assert.doesNotMatch(await one.cli.ok("network", "ls"), /web/));
  await endHost(two);
}

describe("daemons that share an etcd", { skip: needsPeer("etcd") }, () => {
  it("have each other's overlay networks, and their sandboxes reach each other", async (t) => {
    const etcd = await startEtcd(t);
    // What is open before a host is made is open when it ends: its check looks.
    const underlay = new Underlay();
    const one = await startHost(t, underlay, 1, etcd.urls);
    t.after(() => underlay[Symbol.dispose]());
    await t.test("made on one, found on the other", (t) => overTwo(t, underlay, one, etcd.urls));
    await endHost(one);
  });

  it("says in its log that etcd is away from the start, and why, and takes its place when it answers", async (t) => {
    const etcd = await startEtcd(t);
    const underlay = new Underlay();
    const { daemon, cli } = await startHost(t, underlay, 1, ["http://127.0.0.1:9"]);
    t.after(() => underlay[Symbol.dispose]());
    const told = (begin: string) => daemon.lines.find(({ msg }) => msg.startsWith(begin));
    assert.equal(told("etcd cannot be reached")?.level, "warn");
    assert.match(String(told("etcd cannot be reached")?.reason), /127\.0\.0\.1:9.*ECONNREFUSED/);
    assert.equal(await daemon.end(), 0);
    const members = etcd.urls.flatMap((url) => ["--cluster-etcd", url]);
    await daemon.start({ flags: [...members, "--advertise", "eth0", "--cluster-host-name", "host1"] });
    assert.equal(told("etcd answers")?.host, "host1");
    assert.equal(told("etcd cannot be reached"), undefined);
    const plain = ["network", "create", "-d", "overlay", "--opt"];
    assert.match((await cli.run(...plain, "encripted", "web")).stderr, /did you mean "encrypted"/);
    await endHost({ daemon, cli });
    const child = daemon.spawn({ flags: [...members, "--advertise", "lo"] });
    assert.deepEqual(await once(child, "close"), [1, null]);
    assert.match(daemon.lines.map(({ msg }) => msg).join("\n"), /lo has no address/);
  });

  it("says what is missing where there is no etcd", async (t) => {
    const daemon = await DaemonProcess.start(t);
    const refused = await cliOf(daemon.socket).run("network", "create", "-d", "overlay", "web");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /cluster/);
    const odd = await runCli(["daemon", "--validate", "--advertise", "eth0"]);
    assert.match(odd.stderr, /advertise is set, and cluster.etcd is not/);
    assert.equal(await daemon.end(), 0);
  });
});
