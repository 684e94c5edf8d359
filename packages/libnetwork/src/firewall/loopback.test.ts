/**
 * The host's IPv4 loopback, with frames made by hand (CVE-2020-8558): no honest stack sends to 127.0.0.1 by a wire. The
 * kernel itself keeps ::1 off the wire, and 127.0.0.0/8 only until DNAT from 127.0.0.1 needs route_localnet.
 */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, it } from "node:test";
import { bindUdp, InetSockaddr, ipToBytes, link, Rtnl, writeSysctl } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { ETHERTYPE, FrameSocket, frame, ipPacket, udp } from "../../../../test/support/frames.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
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
  const descriptor = host.namespace.run(() => bindUdp(new InetSockaddr(ipToBytes("0.0.0.0"), "any"), port));
  const server = createSocket("udp4").bind({ fd: descriptor.release() });
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
});
