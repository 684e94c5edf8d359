/**
 * VXLAN packets of our networks: from whom they are let in, and that no sandbox sends any in the host's name. What is asked for here is a server
 * at their port: what it hears, a VXLAN device would have taken.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { link, type NetNamespace } from "@causeway/kernel";
import { eventually } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import { openUdp, type Server, serve } from "../../../../test/support/traffic.ts";
import { bridgeGroup } from "../contracts/firewall.ts";
import {
  addressIn,
  bridgeOf,
  families,
  hostAddress,
  neighbourAddress,
  outsideAddress,
  type Sandbox,
  Stage,
} from "./test-support.ts";

const port = 4789;
const any = { 4: "0.0.0.0", 6: "::" } as const;
/** RFC 7348 section 5: flags, the id, and a byte of zeros. */
const vxlan = (vni: number, text: string) =>
  Buffer.concat([Buffer.of(8, 0, 0, 0, 0, vni >> 8, vni & 0xff, 0), Buffer.from(text)]);
const ours = 0x1001;
const others = 0x1002;

const policy = { networkId: "n", port, vni: ours, received: true } as const;

interface Sent {
  readonly from: NetNamespace;
  readonly to: string;
  readonly vni: number;
  readonly text: string;
}

/** Sends them one after the other, and says which of them were heard when the last one was, which has to be. */
async function heardOf(server: Server, all: readonly Sent[]): Promise<readonly string[]> {
  const last = all.at(-1) ?? assert.fail();
  for (const { from, to, vni, text } of all) {
    const socket = openUdp(from, any[to.includes(":") ? 6 : 4], 0);
    await new Promise((sent) => socket.send(vxlan(vni, text), port, to, sent));
    socket.close();
  }
  const texts = () => [...server.heard].map((one) => one.slice(8));
  await eventually(() => assert.ok(texts().includes(last.text), `${last.text} is heard`));
  return all.map(({ text }) => text).filter((text) => texts().includes(text));
}

/** A sandbox of another controller's: its bridge is in none of our sets. */
function addTheirs({ host }: Stage, network: number): Sandbox {
  host.addBridge(network);
  host.rtnl.execute(link.change({ name: bridgeOf(network) }, { group: bridgeGroup }));
  return host.addSandbox(network, 2);
}

for (const family of families)
  describe(`VXLAN packets over IPv${family}`, () => {
    checkLeaks();

    async function open(): Promise<{ readonly stage: Stage; readonly server: Server }> {
      const stage = await Stage.open();
      return {
        stage,
        server: await serve(stage.host.namespace, { protocol: "udp", address: any[family], port }),
      };
    }

    it("are let in from known ends only, and others' ids and ports from everybody", async () => {
      const { stage, server } = await open();
      await using _stage = stage;
      await using _server = server;
      const { firewall, host } = stage;
      const send = (vni: number, text: string): Sent => ({
        from: host.outside,
        to: hostAddress[family],
        vni,
        text,
      });
      const end = { saidBy: "e", address: outsideAddress[family] };
      assert.deepEqual(await heardOf(server, [send(ours, "before"), send(others, "1")]), ["before", "1"]);
      firewall.apply({ add: { tunnels: [policy] } });
      assert.deepEqual(await heardOf(server, [send(ours, "unknown"), send(others, "2")]), ["2"]);
      firewall.apply({ add: { tunnelEnds: [end, { ...end, saidBy: "f" }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "known")]), ["known"]);
      firewall.apply({ remove: { tunnelEnds: [{ saidBy: "e" }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "said by one still")]), ["said by one still"]);
      firewall.apply({ remove: { tunnelEnds: [{ saidBy: "f" }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "gone"), send(others, "3")]), ["3"]);
      // Another port is another device's.
      firewall.apply({ add: { tunnels: [{ ...policy, port: port + 1 }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "other port")]), ["other port"]);
      firewall.apply({ add: { tunnels: [{ ...policy, received: false }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "somebody else's")]), ["somebody else's"]);
      firewall.apply({ add: { tunnels: [policy] } });
      assert.deepEqual(await heardOf(server, [send(ours, "again"), send(others, "4")]), ["4"]);
      assert.deepEqual(firewall.inspect(), []);
      firewall.apply({ remove: { tunnels: [policy] } });
      assert.deepEqual(await heardOf(server, [send(ours, "deleted")]), ["deleted"]);
    });

    it("are not let in by a connection that is there", async () => {
      const { stage, server } = await open();
      await using _stage = stage;
      await using _server = server;
      const { firewall, host } = stage;
      firewall.apply({ add: { tunnels: [policy] } });
      const socket = openUdp(host.outside, any[family], 4000);
      const answered = new Promise((resolve) => socket.once("message", resolve));
      socket.send(vxlan(others, "harmless"), port, hostAddress[family]);
      await answered;
      await new Promise((sent) =>
        socket.send(vxlan(ours, "in its connection"), port, hostAddress[family], sent),
      );
      const after = { from: host.outside, to: hostAddress[family], vni: others, text: "after" };
      assert.deepEqual(await heardOf(server, [after]), ["after"]);
      socket.close();
      assert.ok(![...server.heard].some((text) => text.endsWith("in its connection")));
    });

    it("come from no sandbox to the host, whatever address it has and whoever's it is", async () => {
      const { stage, server } = await open();
      await using _stage = stage;
      await using _server = server;
      const [sandbox = assert.fail()] = await stage.addNetwork(1, 1);
      const theirs = addTheirs(stage, 2);
      const ends = [sandbox, theirs].map(({ addresses }) => ({
        saidBy: addresses[family],
        address: addresses[family],
      }));
      stage.firewall.apply({ add: { tunnels: [policy], tunnelEnds: ends } });
      const send = ({ namespace: from }: Sandbox, to: string, vni: number, text: string): Sent => ({
        from,
        to,
        vni,
        text,
      });
      const heard = await heardOf(server, [
        send(sandbox, addressIn(1, family, 1), ours, "gateway"),
        send(sandbox, hostAddress[family], ours, "host"),
        send(theirs, addressIn(2, family, 1), ours, "another controller's gateway"),
        send(theirs, hostAddress[family], ours, "host, of another controller's"),
        send(theirs, hostAddress[family], others, "others, of another controller's"),
        send(sandbox, addressIn(1, family, 1), others, "others"),
      ]);
      assert.deepEqual(heard, ["others, of another controller's", "others"]);
    });

    it("leave no sandbox for another host, in a connection that is there neither", async () => {
      await using stage = await Stage.open();
      await using server = await serve(stage.host.outside, { protocol: "udp", address: any[family], port });
      const [sandbox = assert.fail()] = await stage.addNetwork(1, 1);
      const send = (vni: number, text: string): Sent => ({
        from: sandbox.namespace,
        to: outsideAddress[family],
        vni,
        text,
      });
      assert.deepEqual(await heardOf(server, [send(ours, "before")]), ["before"]);
      // One that this host does not have itself, but knows.
      stage.firewall.apply({ add: { tunnels: [{ ...policy, received: false }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "forged"), send(others, "its own")]), ["its own"]);
      const socket = openUdp(sandbox.namespace, any[family], 4000);
      const answered = new Promise((resolve) => socket.once("message", resolve));
      socket.send(vxlan(others, "harmless"), port, outsideAddress[family]);
      await answered;
      socket.send(vxlan(ours, "in its connection"), port, outsideAddress[family]);
      assert.deepEqual(await heardOf(server, [send(others, "after")]), ["after"]);
      socket.close();
      assert.ok(![...server.heard].some((text) => text.endsWith("in its connection")));
    });

    it("leave no sandbox for another host, whatever address it has and whoever's it is", async () => {
      await using stage = await Stage.open();
      await using server = await serve(stage.host.outside, { protocol: "udp", address: any[family], port });
      const [sandbox = assert.fail()] = await stage.addNetwork(1, 1);
      const theirs = addTheirs(stage, 2);
      const send = ({ namespace: from }: Sandbox, vni: number, text: string): Sent => ({
        from,
        to: outsideAddress[family],
        vni,
        text,
      });
      const tunnelEnds = [sandbox, theirs].map(({ addresses }) => ({
        saidBy: addresses[family],
        address: addresses[family],
      }));
      stage.firewall.apply({ add: { tunnels: [{ ...policy, received: false }], tunnelEnds } });
      const heard = await heardOf(server, [
        send(sandbox, ours, "forged"),
        send(theirs, ours, "forged by another controller's"),
        send(theirs, others, "another controller's own"),
        send(sandbox, others, "its own"),
      ]);
      assert.deepEqual(heard, ["another controller's own", "its own"]);
    });

    it("pass by from known ends, between sandboxes of one network, and from nobody else's forwarding", async () => {
      await using stage = await Stage.open();
      const { host, firewall } = stage;
      host.setBridgeFilter(true);
      const [one = assert.fail(), two = assert.fail()] = await stage.addNetwork(1, 2);
      await using there = await serve(two.namespace, { protocol: "udp", address: any[family], port });
      await using server = await serve(host.outside, { protocol: "udp", address: any[family], port });
      const neighbour = host.addNeighbour("lan0");
      firewall.apply({ add: { tunnels: [policy] } });
      const beside = { from: one.namespace, to: two.addresses[family], vni: ours, text: "beside" };
      assert.deepEqual(await heardOf(there, [beside]), ["beside"]);
      const send = (vni: number, text: string): Sent => ({
        from: neighbour,
        to: outsideAddress[family],
        vni,
        text,
      });
      assert.deepEqual(await heardOf(server, [send(ours, "nobody"), send(others, "1")]), ["1"]);
      firewall.apply({ add: { tunnelEnds: [{ saidBy: "e", address: neighbourAddress[family] }] } });
      assert.deepEqual(await heardOf(server, [send(ours, "another host")]), ["another host"]);
    });
  });
