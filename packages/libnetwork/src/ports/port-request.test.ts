import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PortMapping } from "../contracts/driver.ts";
import type { ContainerAddresses } from "../contracts/ports.ts";
import { failsWith } from "../test-support.ts";
import { bySearchOrder, requestsOf } from "./port-request.ts";
import { both, ipv4Only, tcp } from "./test-support.ts";

interface Circumstances {
  readonly container?: ContainerAddresses;
  readonly defaultHostAddress?: string;
  readonly hostHasIpv6?: boolean;
}

function requests(mappings: readonly PortMapping[], circumstances: Circumstances = {}) {
  const { container = both, defaultHostAddress, hostHasIpv6 = true } = circumstances;
  return requestsOf(mappings, { container, defaultHostAddress, hostHasIpv6 });
}

/** Host address and where it leads, of one mapping. */
function routes(mapping: PortMapping, circumstances: Circumstances = {}): string[] {
  const [request] = requests([mapping], circumstances);
  return (request?.routes ?? []).map(({ host, containerAddress }) => `${host.text} -> ${containerAddress}`);
}

const ipv6Only = { ipv6: "fd00::2" };

test("no host address means all addresses, of the families that lead somewhere", () => {
  assert.deepEqual(routes(tcp(80)), ["0.0.0.0 -> 172.30.0.2", ":: -> fd00::2"]);
  assert.deepEqual(routes(tcp(80), { container: ipv6Only }), [":: -> fd00::2"]);
  assert.deepEqual(routes(tcp(80), { hostHasIpv6: false }), ["0.0.0.0 -> 172.30.0.2"]);
});

test("an endpoint without IPv6 is behind :: too, where the relay carries the protocol", () => {
  const container = ipv4Only;
  assert.deepEqual(routes(tcp(80), { container }), ["0.0.0.0 -> 172.30.0.2", ":: -> 172.30.0.2"]);
  assert.deepEqual(routes(tcp(80, { protocol: "sctp" }), { container }), ["0.0.0.0 -> 172.30.0.2"]);
  assert.deepEqual(routes(tcp(80, { hostAddress: "::1" }), { container }), ["::1 -> 172.30.0.2"]);
});

test("a host address leads to the endpoint's address of its family", () => {
  assert.deepEqual(routes(tcp(80, { hostAddress: "0.0.0.0" })), ["0.0.0.0 -> 172.30.0.2"]);
  assert.deepEqual(routes(tcp(80, { hostAddress: "0:0::0" })), [":: -> fd00::2"]);
  assert.deepEqual(routes(tcp(80), { defaultHostAddress: "127.0.0.1" }), ["127.0.0.1 -> 172.30.0.2"]);
  assert.deepEqual(routes(tcp(80, { hostAddress: "FD00::5" }), { defaultHostAddress: "127.0.0.1" }), [
    "fd00::5 -> fd00::2",
  ]);
  const homeless = failsWith("invalid", "no_container_address", /IPv6/);
  for (const hostAddress of ["::", "fd00::5"]) {
    assert.throws(() => routes(tcp(80, { hostAddress }), { container: ipv4Only }), homeless);
  }
  const sctp = tcp(80, { protocol: "sctp", hostAddress: "::1" });
  for (const container of [ipv4Only, both]) {
    assert.throws(() => routes(sctp, { container }), failsWith("invalid", "not_relayed", /sctp/));
  }
  assert.throws(
    () => routes(tcp(80, { hostAddress: "127.0.0.1" }), { container: ipv6Only }),
    failsWith("invalid", "no_container_address", /IPv4/),
  );
  assert.throws(() => routes(tcp(80), { container: {} }), failsWith("invalid", "no_container_address"));
});

test("host addresses that no socket can have are refused", () => {
  for (const hostAddress of ["224.0.0.1", "255.255.255.255", "ff02::1", "fe80::1", "::ffff:127.0.0.1"]) {
    assert.throws(
      () => routes(tcp(80, { hostAddress })),
      failsWith("invalid", "invalid_host_address"),
      hostAddress,
    );
  }
  for (const hostAddress of ["", "localhost", "1.2.3", "fe80::1%eth0", "10.0.0.0/8"]) {
    assert.throws(
      () => routes(tcp(80, { hostAddress })),
      failsWith("invalid", "invalid_address"),
      hostAddress,
    );
  }
});

test("ports that are none are refused", () => {
  const invalidPort = failsWith("invalid", "invalid_port");
  for (const port of [0, -1, 65_536, 1.5, Number.NaN, "80" as unknown as number]) {
    assert.throws(() => requests([tcp(port)]), invalidPort, `container port ${port}`);
    assert.throws(() => requests([tcp(80, { hostPort: port })]), invalidPort, `host port ${port}`);
    assert.throws(() => requests([tcp(80, { hostPort: 1, hostPortEnd: port })]), invalidPort, `end ${port}`);
  }
  assert.throws(() => requests([tcp(80, { hostPortEnd: 8080 })]), invalidPort);
  assert.throws(
    () => requests([tcp(80, { hostPort: 8081, hostPortEnd: 8080 })]),
    failsWith("invalid", "reversed_port_range", /8081-8080 .* 8080-8081/),
  );
  const protocol = "icmp" as "tcp";
  assert.throws(() => requests([tcp(80, { protocol })]), failsWith("invalid", "invalid_protocol", /icmp/));
});

test("one request cannot ask for the same port twice, nor for one address and all of them", () => {
  const duplicate = failsWith("invalid", "duplicate_port", /8080/);
  const twice = (first: Partial<PortMapping>, second: Partial<PortMapping>) => () =>
    requests([tcp(80, { hostPort: 8080, ...first }), tcp(81, { hostPort: 8080, ...second })]);
  assert.throws(twice({}, {}), duplicate);
  assert.throws(twice({ hostAddress: "127.0.0.1" }, {}), duplicate);
  assert.throws(twice({ hostAddress: "::" }, { hostAddress: "::1" }), duplicate);
  assert.throws(twice({ hostAddress: "::1" }, { hostAddress: "0::1", hostPortEnd: 8080 }), duplicate);
  assert.doesNotThrow(twice({}, { protocol: "udp" }));
  assert.doesNotThrow(twice({ hostAddress: "0.0.0.0" }, { hostAddress: "::" }));
  assert.doesNotThrow(twice({ hostAddress: "127.0.0.1" }, { hostAddress: "127.0.0.2" }));
  assert.doesNotThrow(twice({ hostPortEnd: 8081 }, { hostPortEnd: 8081 }));
});

test("exact ports are searched for before ranges, and those before automatic ones", () => {
  const mappings = [tcp(1), tcp(2, { hostPort: 10, hostPortEnd: 20 }), tcp(3, { hostPort: 60_000 }), tcp(4)];
  const order = [...requests(mappings)].sort(bySearchOrder).map(({ containerPort }) => containerPort);
  assert.deepEqual(order, [3, 2, 1, 4]);
});

test("in search order, the lowest free port for each range serves all of them wherever that can be", () => {
  const ranges = fc.record({ first: fc.integer({ min: 1, max: 6 }), size: fc.integer({ min: 0, max: 4 }) });
  fc.assert(
    fc.property(fc.array(ranges, { maxLength: 6 }), (wanted) => {
      const mappings = wanted.map(({ first, size }, at) =>
        // Each on an address of its own, so that two exact ports are no duplicates: the search below is over all alike.
        tcp(at + 1, { hostAddress: `127.0.0.${at + 1}`, hostPort: first, hostPortEnd: first + size }),
      );
      const taken = new Set<number>();
      const served = [...requests(mappings)].sort(bySearchOrder).every(({ ports }) => {
        for (let port = ports?.first ?? 1; port <= (ports?.last ?? 0); port++) {
          if (!taken.has(port)) return taken.add(port);
        }
        return false;
      });
      assert.equal(served, canServeAll(wanted, new Set()));
    }),
    { numRuns: 500 },
  );
});

/** By trying everything. */
function canServeAll(
  wanted: readonly { readonly first: number; readonly size: number }[],
  taken: ReadonlySet<number>,
): boolean {
  const [range, ...rest] = wanted;
  if (range === undefined) return true;
  for (let port = range.first; port <= range.first + range.size; port++) {
    if (!taken.has(port) && canServeAll(rest, new Set([...taken, port]))) return true;
  }
  return false;
}
