import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { InetSockaddr, ipToBytes, listenTcp, type NetNamespace, writeSysctl } from "@causeway/kernel";
import { eventually, patience } from "../../../../test/support/eventually.ts";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import type { PortMapping } from "../contracts/driver.ts";
import { failsWith } from "../test-support.ts";
import { PortAllocator } from "./port-allocator.ts";
import {
  both,
  connectFrom,
  holdAsProgram,
  ipv4Only,
  isFree,
  newContainer,
  newHost,
  portInUse,
  tcp,
  udp,
} from "./test-support.ts";

describe("PortAllocator on a host", () => {
  checkLeaks();

  function newAllocator(t: TestContext, host: NetNamespace): PortAllocator {
    const allocator = new PortAllocator(host);
    t.after(() => allocator.close());
    return allocator;
  }

  for (const protocol of ["tcp", "udp"] as const) {
    test(`${protocol}: another program gets EADDRINUSE on every address, and the port as soon as it is released`, async (t) => {
      const host = newHost(t);
      const allocator = newAllocator(t, host);
      const mapping: PortMapping = { protocol, containerPort: 80, hostPort: 8080 };
      const freeAddresses = () =>
        ["0.0.0.0", "127.0.0.1", "127.8.8.8", "::", "::1"].flatMap((address) =>
          [false, true].flatMap((reuse) =>
            isFree(host, { protocol, address, port: 8080, reuse }) ? [`${address} ${reuse}`] : [],
          ),
        );
      assert.equal(freeAddresses().length, 10);
      const bindings = allocator.reserve("e1", both, [mapping]);
      assert.deepEqual(
        bindings.map((binding) => Object.values(binding).join(" ")),
        [`${protocol} 80 0.0.0.0 8080 172.30.0.2`, `${protocol} 80 :: 8080 fd00::2`],
      );
      assert.deepEqual(freeAddresses(), []);
      // The relay has taken up the port by then; libuv would let others share it.
      await sleep(20);
      assert.deepEqual(freeAddresses(), []);
      allocator.release("e1", bindings);
      assert.equal(freeAddresses().length, 10);
    });

    test(`${protocol}: a port of one address leaves the others alone`, (t) => {
      const host = newHost(t);
      const allocator = newAllocator(t, host);
      allocator.reserve("e1", both, [
        { protocol, containerPort: 80, hostAddress: "127.0.0.1", hostPort: 8080 },
      ]);
      assert.equal(isFree(host, { protocol, address: "127.0.0.2", port: 8080 }), true);
      assert.equal(isFree(host, { protocol, address: "::", port: 8080 }), true);
      assert.equal(isFree(host, { protocol, address: "127.0.0.1", port: 8080, reuse: true }), false);
      assert.equal(isFree(host, { protocol, address: "0.0.0.0", port: 8080, reuse: true }), false);
      const everywhere: PortMapping = { protocol, containerPort: 80, hostPort: 8080 };
      assert.throws(() => allocator.reserve("e2", both, [everywhere]), portInUse(/endpoint e1/));
      allocator.reserve("e2", both, [{ ...everywhere, hostAddress: "127.0.0.2" }]);
      allocator.reserve("e2", both, [{ ...everywhere, hostAddress: "::" }]);
    });

    test(`${protocol}: a port of another program is refused, and nothing of the request is kept`, (t) => {
      const host = newHost(t);
      const allocator = newAllocator(t, host);
      holdAsProgram(t, host, { protocol, address: "::1", port: 8081 });
      const mappings: PortMapping[] = [8080, 8081].map((hostPort) => ({
        protocol,
        containerPort: 80,
        hostPort,
      }));
      assert.throws(
        () => allocator.reserve("e1", both, mappings),
        portInUse(
          new RegExp(`${protocol.toUpperCase()} port 8081 of :: is in use by another program.*sport = :8081`),
        ),
      );
      for (const [address, port] of [
        ["0.0.0.0", 8080],
        ["::", 8080],
        ["0.0.0.0", 8081],
      ] as const) {
        assert.equal(isFree(host, { protocol, address, port }), true, `${address} ${port}`);
      }
      const [first] = mappings;
      assert.ok(first);
      assert.equal(allocator.reserve("e1", both, [first]).length, 2);
    });

    test(`${protocol}: ranges and automatic ports go around what other programs hold, on both families`, (t) => {
      const host = newHost(t);
      host.run(() => {
        writeSysctl("net/ipv4/ip_local_port_range", "40000 40007");
        writeSysctl("net/ipv4/ip_local_reserved_ports", "40002,40004-40005");
      });
      const allocator = newAllocator(t, host);
      holdAsProgram(t, host, { protocol, address: "0.0.0.0", port: 40_000 });
      holdAsProgram(t, host, { protocol, address: "::1", port: 40_003 });
      const automatic: PortMapping = { protocol, containerPort: 80 };
      const range = { ...automatic, hostPort: 40_002, hostPortEnd: 40_005 };
      const ports = (mappings: readonly PortMapping[]) =>
        allocator
          .reserve("e1", both, mappings)
          .map(({ hostAddress, hostPort }) => `${hostAddress} ${hostPort}`);
      assert.deepEqual(ports([automatic, range, automatic]), [
        "0.0.0.0 40001",
        ":: 40001",
        "0.0.0.0 40002",
        ":: 40002",
        "0.0.0.0 40006",
        ":: 40006",
      ]);
      assert.throws(
        () => ports([automatic, automatic]),
        failsWith("conflict", "no_free_port", /ip_local_port_range/),
      );
      assert.deepEqual(ports([range, range]), ["0.0.0.0 40004", ":: 40004", "0.0.0.0 40005", ":: 40005"]);
      assert.throws(() => ports([range]), portInUse(/40002-40005 .* 0\.0\.0\.0 and ::/));
    });
  }

  test("another process is refused as well", (t) => {
    const host = newHost(t);
    newAllocator(t, host).reserve("e1", both, [tcp(80, { hostPort: 8080 }), udp(53, { hostPort: 5353 })]);
    const program = `
      const say = (error) => console.log(error.code);
      require("node:net").createServer().on("error", say).listen(8080);
      require("node:dgram").createSocket({ type: "udp4", reuseAddr: true }).on("error", say).bind(5353);`;
    const { stdout } = host.run(() =>
      spawnSync(process.execPath, ["--eval", program], { encoding: "utf8", timeout: 10_000 }),
    );
    assert.equal(stdout, "EADDRINUSE\nEADDRINUSE\n");
  });

  test("a host address that the host has not got is named", (t) => {
    const allocator = newAllocator(t, newHost(t));
    for (const hostAddress of ["192.0.2.7", "2001:db8::7"]) {
      for (const mapping of [tcp(80, { hostAddress, hostPort: 80 }), udp(80, { hostAddress })]) {
        assert.throws(
          () => allocator.reserve("e1", both, [tcp(81, { hostPort: 81 }), mapping]),
          failsWith("invalid", "host_address_not_found", new RegExp(hostAddress)),
        );
      }
    }
    assert.equal(allocator.reserve("e2", both, [tcp(81, { hostPort: 81 })]).length, 2);
  });

  test("SCTP ports are kept from each other, and no socket is opened", (t) => {
    const host = newHost(t);
    const allocator = newAllocator(t, host);
    const sctp: PortMapping = { protocol: "sctp", containerPort: 80, hostPort: 8080 };
    const before = socketsOf(host);
    const bindings = allocator.reserve("e1", both, [sctp]);
    assert.deepEqual(socketsOf(host), before);
    assert.throws(() => allocator.reserve("e2", both, [sctp]), portInUse(/SCTP port 8080 .* endpoint e1/));
    allocator.reserve("e2", both, [tcp(80, { hostPort: 8080 })]);
    allocator.release("e1", bindings);
    allocator.reserve("e2", both, [sctp]);
  });

  test("releasing frees what is named, then the rest, and passes over what is not there", (t) => {
    const host = newHost(t);
    const allocator = newAllocator(t, host);
    const [ipv4, ipv6] = allocator.reserve("e1", both, [tcp(80, { hostPort: 8080 })]);
    const others = allocator.reserve("e2", both, [tcp(80, { hostPort: 9090 })]);
    assert.ok(ipv4 && ipv6);
    allocator.release("e1", [...others, ipv4, ipv4]);
    assert.equal(isFree(host, { protocol: "tcp", address: "0.0.0.0", port: 8080 }), true);
    assert.equal(isFree(host, { protocol: "tcp", address: "::", port: 8080 }), false);
    assert.equal(isFree(host, { protocol: "tcp", address: "0.0.0.0", port: 9090 }), false);
    allocator.release("e1");
    allocator.release("e1");
    allocator.release("nobody");
    assert.equal(isFree(host, { protocol: "tcp", address: "::", port: 8080 }), true);
  });

  test("after a restart the same ports are taken again, all or none", (t) => {
    const host = newHost(t);
    const first = new PortAllocator(host);
    const mappings = [tcp(80), udp(53), tcp(443, { hostAddress: "::1" }), tcp(22, { protocol: "sctp" })];
    const bindings = first.reserve("e1", ipv4Only, mappings);
    assert.equal(bindings.length, 6);
    first.close();
    const second = newAllocator(t, host);
    second.restore("e1", bindings);
    const rivals = bindings.map(({ protocol, containerPort, hostAddress, hostPort }) => ({
      protocol,
      containerPort,
      hostAddress,
      hostPort,
    }));
    for (const rival of rivals)
      assert.throws(() => second.reserve("e2", both, [rival]), portInUse(/endpoint e1/));
    second.release("e1");
    const [, lost] = bindings;
    assert.ok(lost && lost.protocol !== "sctp");
    holdAsProgram(t, host, { protocol: lost.protocol, address: lost.hostAddress, port: lost.hostPort });
    assert.throws(() => second.restore("e1", bindings), portInUse(/another program/));
    const [kept] = rivals;
    assert.ok(kept);
    second.reserve("e2", both, [kept]);
  });

  test("connections in TIME_WAIT do not refuse a restarted controller", async (t) => {
    const host = newHost(t);
    const container = newContainer(t, host);
    const address = new InetSockaddr(ipToBytes(container.ipv4), container.ipv4);
    const fd = container.namespace.run(() => listenTcp(address, 80, { backlog: 8 })).release();
    // A reset after the good-bye is nobody's loss.
    const server = createServer((connection) => {
      connection.on("error", () => connection.destroy());
      connection.end("bye");
    }).listen({ fd });
    t.after(() => server.close());
    const first = new PortAllocator(host);
    const bindings = first.reserve("e1", ipv4Only, [tcp(80, { hostAddress: "::1", hostPort: 8080 })]);
    const client = connectFrom(host, "::1", 8080);
    client.resume();
    await once(client, "end");
    client.on("error", () => client.destroy());
    client.end();
    // The relay closed first, so it is its side that waits.
    const timeWait = () => socketsOf(host).some((line) => /:1F90 .*:\w{4} 06 /.test(line));
    await eventually(() => assert.ok(timeWait(), "no connection of port 8080 is in TIME_WAIT"));
    first.close();
    assert.equal(isFree(host, { protocol: "tcp", address: "::1", port: 8080 }), false);
    assert.ok(timeWait());
    newAllocator(t, host).restore("e1", bindings);
  });

  test("nothing that holds a port answers on the wire", async (t) => {
    const host = newHost(t);
    const container = newContainer(t, host);
    newAllocator(t, host).reserve("e1", ipv4Only, [tcp(80, { hostPort: 8080 })]);
    for (const address of [container.gateway.ipv4, container.gateway.ipv6]) {
      const client = connectFrom(container.namespace, address, 8080);
      const [error] = await once(client, "error", { signal: AbortSignal.timeout(patience) });
      assert.equal(error.code, "ECONNREFUSED");
    }
  });

  // What it costs is measured by bench/publish.bench.ts.
  test("500 ports of both families are taken and released, a thousand sockets, and leave none", async (t) => {
    const host = newHost(t);
    const allocator = newAllocator(t, host);
    const before = socketsOf(host).length;
    const mappings = Array.from({ length: 500 }, (_, at) => tcp(at + 1, { hostPort: 20_000 + at }));
    for (let round = 0; round < 5; round++) {
      const bindings = allocator.reserve("e1", both, mappings);
      assert.equal(bindings.length, 1000);
      assert.equal(socketsOf(host).length, before + 1000);
      // On every other round the relay takes up the ports in between.
      if (round % 2 === 0) await sleep(50);
      allocator.release("e1");
      assert.equal(socketsOf(host).length, before);
    }
  });

  test("when descriptors run out the error says so, and all are given back", (t) => {
    const host = newHost(t);
    const program = `
      import { readdirSync } from "node:fs";
      import { NetNamespace } from ${JSON.stringify(import.meta.resolve("@causeway/kernel"))};
      import { PortAllocator } from ${JSON.stringify(import.meta.resolve("./port-allocator.ts"))};
      const count = () => readdirSync("/proc/self/fd").length;
      const allocator = new PortAllocator(NetNamespace.current());
      const mappings = Array.from({ length: 100 }, (_, at) => ({ protocol: "tcp", containerPort: at + 1 }));
      const before = count();
      try {
        allocator.reserve("e1", { ipv4: "172.30.0.2" }, mappings);
      } catch (error) {
        console.log(error.kind, error.code, count() - before);
      }`;
    const { stdout } = host.run(() =>
      spawnSync(
        "sh",
        ["-c", 'ulimit -n 100; exec "$0" --input-type=module --eval "$1"', process.execPath, program],
        { encoding: "utf8", timeout: 20_000 },
      ),
    );
    assert.equal(stdout, "unavailable file_descriptors_exhausted 0\n");
  });
});

/** The TCP and UDP sockets of a host, as the kernel lists them. */
function socketsOf(host: NetNamespace): string[] {
  return host.run(() =>
    ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
      readFileSync(`/proc/thread-self/net/${table}`, "utf8").split("\n").slice(1, -1),
    ),
  );
}
