// Programs that send datagrams from one port, without a pause, to a service's port of a host: they are answered whenever there is a member,
// whatever there was before.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NetNamespace } from "@causeway/kernel";
import { ClusterHosts } from "../support/cluster-hosts.ts";
import { eventually } from "../support/eventually.ts";
import { namespaceOf } from "../support/host.ts";
import { checkLeaks } from "../support/leak-check.ts";
import { openUdp, serve } from "../support/traffic.ts";

const gatewayNetwork = { subnet: "172.31.0.0/24", subnetIpv6: "fd00:31::/64" };

/** Sends every 20 ms. */
class Sender implements AsyncDisposable {
  readonly #socket;
  readonly #timer;
  sent = 0;
  answers = 0;

  constructor(from: NetNamespace, address: string, port: number) {
    const socket = openUdp(from, address.includes(":") ? "::" : "0.0.0.0", 0);
    socket.on("message", () => this.answers++);
    socket.on("error", () => undefined);
    this.#socket = socket;
    this.#timer = setInterval(() => socket.send("?", port, address, () => this.sent++), 20);
  }

  async goesOn(): Promise<void> {
    const before = this.sent;
    await eventually(() => assert.ok(this.sent >= before + 5));
  }

  async isAnswered(): Promise<void> {
    const before = this.answers;
    await eventually(() => assert.ok(this.answers >= before + 5));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await new Promise<void>((done) => this.#socket.close(done));
  }
}

describe("who sends to a service's port of a host without a pause", () => {
  checkLeaks();

  it("is answered as soon as there is a member, also where there was none for a while", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    await using ending = new AsyncDisposableStack();
    using client = cluster.outsider(100);
    const senders: Sender[] = [];
    const begin = () => {
      for (const address of ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"])
        senders.push(ending.use(new Sender(client, address, 8000)));
      return Promise.all(senders.map((sender) => sender.goesOn()));
    };
    const areAnswered = () => Promise.all(senders.map((sender) => sender.isAnswered()));
    await begin();
    const { controller } = cluster.host(1);
    const network = await controller.newNetwork("overlay", "web", { ipv6: true });
    const ports = [{ protocol: "udp", port: 80, targetPort: 8080, hostPort: 8000 }] as const;
    await network.createService("www", { ports });
    await begin();
    // Host 2 asks host 1's member.
    const member = await controller.attach(network, {
      containerId: "m",
      endpoint: { service: { name: "www" } },
    });
    using inside = namespaceOf(member.sandbox);
    for (const address of ["0.0.0.0", "::"])
      ending.use(await serve(inside, { protocol: "udp", address, port: 8080 }));
    await areAnswered();
    // It has no member while it hears nothing of host 1.
    const [, second, , fourth] = senders.slice(-4);
    cluster.host(1).store.cutOff();
    cluster.host(1).expireLife();
    for (const sender of [second, fourth]) {
      let last = -1;
      await eventually(async () => {
        const before = last;
        last = sender?.answers ?? 0;
        await sender?.goesOn();
        assert.equal(before, last);
      });
    }
    cluster.host(1).store.back();
    await areAnswered();
    await ending.disposeAsync();
    await cluster.clear();
  });

  it("is led on to another member when the one that answered goes, by a host that has neither", async () => {
    await using cluster = await ClusterHosts.create(2, { gatewayNetwork });
    await using ending = new AsyncDisposableStack();
    using client = cluster.outsider(100);
    const { controller } = cluster.host(1);
    const network = await controller.newNetwork("overlay", "web", { ipv6: true });
    const ports = [{ protocol: "udp", port: 80, targetPort: 8080, hostPort: 8000 }] as const;
    await network.createService("www", { ports });
    const addMember = async (containerId: string) => {
      const member = await controller.attach(network, {
        containerId,
        endpoint: { service: { name: "www" } },
      });
      using inside = namespaceOf(member.sandbox);
      const servers = await Promise.all(
        ["0.0.0.0", "::"].map((address) => serve(inside, { protocol: "udp", address, port: 8080 })),
      );
      for (const server of servers) ending.use(server);
      return member;
    };
    const first = await addMember("first");
    const senders = ["192.0.2.2", "2001:db8::2"].map((address) =>
      ending.use(new Sender(client, address, 8000)),
    );
    const areAnswered = () => Promise.all(senders.map((sender) => sender.isAnswered()));
    await areAnswered();
    await addMember("second");
    await first.sandbox.delete({ endpoints: "delete" });
    await areAnswered();
    // What the first answered before it went was not taken for the second's.
    await areAnswered();
    await ending.disposeAsync();
    await cluster.clear();
  });
});
