/**
 * The host's IPv4 loopback, with frames made by hand (CVE-2020-8558): no honest stack sends to 127.0.0.1 by a wire. The
 * kernel itself keeps ::1 off the wire, and 127.0.0.0/8 only until DNAT from 127.0.0.1 needs route_localnet.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link, NftContext, Rtnl, writeSysctl } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openUdp, serve } from "../../../../test/support/traffic.ts";
import { hostAddress, outsideAddress, Stage } from "./test-support.ts";

const port = 4000;

/** Sends datagrams to the host from a sandbox and from outside, and answers which of them a server on the host saw. */
async function seenByHost(stage: Stage): Promise<string[]> {
  const { host } = stage;
  const [sandbox] = await stage.addNetwork(1, 1);
  assert.ok(sandbox !== undefined);
  // As credulous as a host can be made: what is refused now is refused by the firewall.
  host.namespace.run(() => {
    writeSysctl("net/ipv4/conf/wan0/route_localnet", 1);
    writeSysctl("net/ipv4/conf/wan0/accept_local", 1);
  });
  const seen: string[] = [];
  const server = openUdp(host.namespace, "0.0.0.0", port);
  server.on("message", (message) => seen.push(message.toString()));

  using near = new FrameSocket(sandbox.namespace, "eth0");
  using far = new FrameSocket(host.outside, "eth0");
  const bridgeMac = macOf(host.rtnl, "br-1");
  const wanMac = macOf(host.rtnl, "wan0");
  using outside = new Rtnl(host.outside);
  const send = (
    from: FrameSocket,
    what: string,
    to: string,
    mac: string,
    source: string,
    destination: string,
  ) => {
    const payload = udp(port, port, Buffer.from(what));
    from.send(frame(to, mac, ETHERTYPE.ipv4, ipPacket({ source, destination, protocol: 17, payload })));
  };
  const outsideMac = macOf(outside, "eth0");
  send(near, "sandbox to 127.0.0.1", bridgeMac, sandbox.port.mac, sandbox.addresses[4], "127.0.0.1");
  send(near, "sandbox to 127.8.8.8", bridgeMac, sandbox.port.mac, sandbox.addresses[4], "127.8.8.8");
  send(near, "sandbox to the host", bridgeMac, sandbox.port.mac, sandbox.addresses[4], hostAddress[4]);
  send(far, "outside to 127.0.0.1", wanMac, outsideMac, outsideAddress[4], "127.0.0.1");
  send(far, "outside in the name of 127.0.0.1", wanMac, outsideMac, "127.0.0.1", hostAddress[4]);
  send(far, "outside to the host", wanMac, outsideMac, outsideAddress[4], hostAddress[4]);

  // Each sender's last letter is an honest one, and letters of one sender stay in order.
  const missing = () => honest.filter((what) => !seen.includes(what));
  await eventually(() => assert.deepEqual(missing(), [], "honest letters that have to arrive"));
  await new Promise<void>((done) => server.close(done));
  return seen.sort();
}

/**
 * The host speaks from 127.0.0.1 to a published port and to a server of its own; then a sandbox whose port is not guarded does
 * in the host's name, on the same connections. Answers what the two servers heard.
 */
async function heardOnLoopback(stage: Stage, { opened }: { readonly opened: string }): Promise<string[]> {
  const { host, firewall } = stage;
  const [web, thief] = await stage.addNetwork(1, 2);
  assert.ok(web !== undefined && thief !== undefined);
  firewall.apply({ add: { ports: [{ ...thief.port, guarded: false }] } });
  // By default the kernel refuses to hear itself from elsewhere.
  host.namespace.run(() => writeSysctl("net/ipv4/conf/br-1/accept_local", 1));
  stage.publish(web, 4, { protocol: "udp", port, hostPort: 8053 });
  await using behind = await serve(web.namespace, { protocol: "udp", port });
  await using local = await serve(host.namespace, { protocol: "udp", address: "127.0.0.1", port: 8054 });
  const client = openUdp(host.namespace, "127.0.0.1", 5000);
  const heard = () => [...behind.heard, ...local.heard].sort();
  const said = (...what: string[]) =>
    eventually(() =>
      assert.deepEqual(
        what.filter((text) => !heard().includes(text)),
        [],
      ),
    );
  for (const at of [8053, 8054]) client.send(`host to ${at}`, at, "127.0.0.1");
  await said("host to 8053", "host to 8054");

  using nft = new NftContext(host.namespace);
  if (opened !== "") nft.run(opened);
  using socket = new FrameSocket(thief.namespace, "eth0");
  const say = (what: string, source: string, from: number, destination: string, to: number) => {
    const packet = ipPacket({ source, destination, protocol: 17, payload: udp(from, to, Buffer.from(what)) });
    socket.send(frame(macOf(host.rtnl, "br-1"), thief.port.mac, ETHERTYPE.ipv4, packet));
  };
  for (const at of [8053, 8054]) say(`forged to ${at}`, "127.0.0.1", 5000, "127.0.0.1", at);
  // Sent later, and by the same way: what came before has arrived, or never will.
  say("later", thief.addresses[4], 6000, hostAddress[4], 8053);
  await said("later");
  await new Promise<void>((done) => client.close(done));
  return heard();
}

const honest = ["outside to the host", "sandbox to the host"];

function macOf(rtnl: Rtnl, name: string): string {
  return rtnl.query(link.get({ name })).address ?? "";
}

describe("the host's loopback", () => {
  checkLeaks();

  it("is out of reach of sandboxes and of the wire", async () => {
    await using stage = await Stage.open();
    assert.deepEqual(await seenByHost(stage), honest);
  });

  for (const [what, rule] of [
    ["connections are not tracked", `type filter hook prerouting priority raw; udp dport ${port} notrack`],
    [
      "others translate addresses",
      `type nat hook prerouting priority dstnat; udp dport ${port} dnat ip to ${hostAddress[4]}`,
    ],
  ] as const) {
    it(`is out of reach where ${what}, too`, async () => {
      await using stage = await Stage.open();
      using nft = new NftContext(stage.host.namespace);
      nft.run(`table inet operator { chain early { ${rule}; }; }`);
      assert.deepEqual(await seenByHost(stage), honest);
    });
  }

  it("would be within reach without the firewall", async () => {
    await using stage = new Stage();
    assert.deepEqual(await seenByHost(stage), [
      "outside in the name of 127.0.0.1",
      "outside to 127.0.0.1",
      "outside to the host",
      "sandbox to 127.0.0.1",
      "sandbox to 127.8.8.8",
      "sandbox to the host",
    ]);
  });

  const own = ["host to 8053", "host to 8054", "later"];

  it("takes nothing that is forged into its connections, where a port is not guarded", async () => {
    await using stage = await Stage.open();
    assert.deepEqual(await heardOnLoopback(stage, { opened: "" }), own);
  });

  for (const [what, opened] of [
    ["takes nothing that is forged into its connections on the wire", undefined],
    ["would take it from the wire without the rule about that", "flush chain inet causeway input"],
  ] as const) {
    it(what, async () => {
      await using stage = await Stage.open();
      const { host } = stage;
      host.namespace.run(() => {
        writeSysctl("net/ipv4/conf/wan0/route_localnet", 1);
        writeSysctl("net/ipv4/conf/wan0/accept_local", 1);
      });
      await using local = await serve(host.namespace, { protocol: "udp", port });
      const client = openUdp(host.namespace, "127.0.0.1", 5000);
      const said = (...what: string[]) =>
        eventually(() => assert.ok(what.every((text) => local.heard.has(text))));
      client.send("from the host", port, "127.0.0.1");
      await said("from the host");
      if (opened !== undefined) {
        using nft = new NftContext(host.namespace);
        nft.run(opened);
      }
      using outside = new Rtnl(host.outside);
      using socket = new FrameSocket(host.outside, "eth0");
      const say = (what: string, source: string, destination: string) => {
        const payload = udp(5000, port, Buffer.from(what));
        const packet = ipPacket({ source, destination, protocol: 17, payload });
        socket.send(frame(macOf(host.rtnl, "wan0"), macOf(outside, "eth0"), ETHERTYPE.ipv4, packet));
      };
      say("forged", "127.0.0.1", "127.0.0.1");
      // Sent later, and by the same way.
      say("later", outsideAddress[4], hostAddress[4]);
      await said("later");
      await new Promise<void>((done) => client.close(done));
      assert.equal(local.heard.has("forged"), opened !== undefined);
    });
  }

  it("would take it without the rules about that", async () => {
    await using stage = await Stage.open();
    const opened = "flush chain bridge causeway unguarded; flush chain inet causeway input";
    assert.deepEqual(await heardOnLoopback(stage, { opened }), ["forged to 8053", "forged to 8054", ...own]);
  });
});
