import assert from "node:assert/strict";
import { constants } from "node:os";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as addresses from "../rtnl/address.ts";
import * as route from "../rtnl/route.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { isKernelError, KernelError } from "../sys/errors.ts";
import type { OwnedFd } from "../sys/fd.ts";
import { acceptTcp, connectTcp, connectUdp, pendingError } from "../sys/inet-connection.ts";
import { bindUdp, LOOPBACK_IFINDEX, listenTcp } from "../sys/inet-socket.ts";
import type { NetNamespace } from "../sys/namespace.ts";
import { at, newHost, outcome, until } from "../sys/test-support.ts";
import { receiveDatagram, receiveStream, sendDatagram, sendStream } from "../sys/transfer.ts";
import {
  type BalancedAddress,
  type BalancingTable,
  changeBalancing,
  isBalanced,
  removeBalancing,
  settleBalancing,
} from "./balancing.ts";
import { NftContext } from "./context.ts";

const place: BalancingTable = { table: "services", owner: "tests" };
const members = ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"];
const web: BalancedAddress = { id: "web", address: "10.9.0.1", members };
const members6 = ["fd01::1", "fd01::2", "fd01::3", "fd01::4"];
const web6: BalancedAddress = { id: "web6", address: "fd09::1", members: members6 };

/** A namespace with all members' addresses, and with a way to those that stand for them. */
function newPlace(...wanted: readonly BalancedAddress[]): NetNamespace {
  const host = newHost();
  using rtnl = new Rtnl(host);
  for (const address of members6)
    rtnl.execute(addresses.add({ link: LOOPBACK_IFINDEX, address, prefixLength: 128 }));
  for (const destination of ["10.9.0.0/24", "fd09::/64"])
    rtnl.execute(route.add({ destination, link: LOOPBACK_IFINDEX }));
  host.run(() => settleBalancing(place, wanted));
  return host;
}

/** A server at each member. */
class Servers implements Disposable {
  readonly #listeners: readonly (readonly [member: string, listener: OwnedFd])[];

  constructor(host: NetNamespace, at_: readonly string[], port: number) {
    this.#listeners = at_.map((member) => {
      const listener = host.run(() => listenTcp(at(member), port, { backlog: 512 }));
      return [member, listener] as const;
    });
  }

  /** The next connection that somebody has, and who. */
  accept(): readonly [member: string, connection: OwnedFd] | undefined {
    for (const [member, { fd }] of this.#listeners) {
      const connection = acceptTcp(fd);
      if (connection !== undefined) return [member, connection];
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    for (const [, listener] of this.#listeners) listener[Symbol.dispose]();
  }
}

/** Whom a new connection is led to, or the error. */
function connect(
  host: NetNamespace,
  servers: Servers,
  { address, port = 80 }: { address: string; port?: number },
) {
  const client = begin(host, address, port);
  if (typeof client === "string") return client;
  using socket = client;
  let answer: string | undefined;
  until(() => {
    const found = servers.accept();
    found?.[1][Symbol.dispose]();
    answer = found?.[0] ?? refusal(pendingError(socket.fd));
    return answer !== undefined;
  });
  return answer;
}

function begin(host: NetNamespace, address: string, port: number): OwnedFd | string {
  try {
    return host.run(() => connectTcp(at(address), port)).socket;
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
}

function refusal(errno: number): string | undefined {
  return errno === constants.errno.ECONNREFUSED ? "ECONNREFUSED" : errno === 0 ? undefined : String(errno);
}

/** How often each is chosen. */
function counts(host: NetNamespace, servers: Servers, address: string, times: number): Map<string, number> {
  const counted = new Map<string, number>();
  for (let time = 0; time < times; time++) {
    const who = connect(host, servers, { address }) ?? "nobody";
    counted.set(who, (counted.get(who) ?? 0) + 1);
  }
  return counted;
}

/** Whether counts are those of an even choice: each within six standard deviations, 1 run in 100 million is not. */
function assertEven(counted: ReadonlyMap<string, number>, among: readonly string[]): void {
  assert.deepEqual([...counted.keys()].sort(), [...among].sort());
  const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
  const share = 1 / among.length;
  const allowed = 6 * Math.sqrt(total * share * (1 - share));
  for (const [who, count] of counted)
    assert.ok(Math.abs(count - total * share) <= allowed, `${who} has ${count} of ${total}`);
}

describe("addresses that stand for several", () => {
  checkLeaks();

  for (const [name, address] of [
    ["IPv4", web],
    ["IPv6", web6],
  ] as const) {
    it(`${name}: leads connections to all members alike`, () => {
      using host = newPlace(web, web6);
      using servers = new Servers(host, address.members, 80);
      assertEven(counts(host, servers, address.address, 400), address.members);
    });

    it(`${name}: leads a port to another, and refuses others at once`, () => {
      const ports = [{ protocol: "tcp", port: 80, to: 8080 }] as const;
      using host = newPlace({ ...address, ports });
      using servers = new Servers(host, address.members, 8080);
      assert.ok(address.members.includes(connect(host, servers, { address: address.address }) ?? ""));
      assert.equal(connect(host, servers, { address: address.address, port: 8080 }), "ECONNREFUSED");
    });

    it(`${name}: refuses at once where there is no member, TCP and UDP`, () => {
      using host = newPlace({ ...address, members: [] });
      using servers = new Servers(host, address.members, 80);
      assert.equal(connect(host, servers, { address: address.address }), "ECONNREFUSED");
      using client = host.run(() => connectUdp(at(address.address), 53));
      const said = Buffer.from("?");
      // Who sends is told by the call itself, as of every refusal on the way out.
      assert.throws(
        () => sendDatagram(client.fd, said, said.length),
        (error) => isKernelError(error, "EPERM"),
      );
    });

    // IPv6: test/model/services.test.ts, between namespaces. Within one, a datagram is lost now and then: why is not known yet.
    if (name === "IPv6") continue;

    it(`${name}: datagrams of one socket go to one member, which answers from the address that was asked`, () => {
      using host = newPlace(address);
      using opened = new DisposableStack();
      const servers = address.members.map((member) => opened.use(host.run(() => bindUdp(at(member), 53))));
      using client = host.run(() => connectUdp(at(address.address), 53));
      const into = Buffer.alloc(16);
      const heard = new Set<OwnedFd>();
      for (const text of ["a", "b", "c", "d", "e", "f"]) {
        const bytes = Buffer.from(text);
        sendDatagram(client.fd, bytes, bytes.length);
        let server: OwnedFd | undefined;
        until(() => {
          server = servers.find(({ fd }) => receiveDatagram(fd, into) !== "again");
          return server !== undefined;
        });
        assert.ok(server !== undefined, `nobody heard "${text}"`);
        heard.add(server);
      }
      assert.equal(heard.size, 1);
    });
  }

  it("a member that is taken out gets no new connection, and keeps those it has", () => {
    using host = newPlace(web);
    using servers = new Servers(host, members, 80);
    const socket = begin(host, web.address, 80);
    assert.ok(typeof socket !== "string");
    using client = socket;
    const found = outcome(() => servers.accept() ?? "again");
    assert.ok(found !== "again");
    const [gone, connection] = found;
    using server = connection;
    const left = members.filter((member) => member !== gone);
    host.run(() => changeBalancing(place, { put: [{ ...web, members: left }], remove: [] }));
    assertEven(counts(host, servers, web.address, 200), left);
    const into = Buffer.alloc(16);
    const said = Buffer.from("still here");
    sendStream(client.fd, said);
    assert.equal(
      outcome(() => receiveStream(server.fd, into)),
      said.length,
    );
    assert.equal(into.toString("utf8", 0, said.length), "still here");
  });

  it("changes one of several, makes another and takes a third away, in one transaction", () => {
    const other = { ...web, id: "other", address: "10.9.0.2" };
    const third = { ...web, id: "third", address: "10.9.0.3" };
    using host = newPlace(web, other);
    using servers = new Servers(host, members, 80);
    const one = { ...web, members: members.slice(0, 1) };
    host.run(() => changeBalancing(place, { put: [one, third], remove: [other] }));
    assert.ok(host.run(() => isBalanced(place, [third, one])));
    assert.ok(!host.run(() => isBalanced(place, [third, web])));
    assert.deepEqual([...counts(host, servers, web.address, 20)], [[members[0], 20]]);
    assert.ok(members.includes(connect(host, servers, third) ?? ""));
  });

  it("leaves everything as it was where a change is refused, and where there is no table says so", () => {
    using host = newPlace(web);
    const change = { put: [{ ...web, members: [] }], remove: [] };
    assert.throws(
      () =>
        host.run(() =>
          changeBalancing(place, { ...change, remove: [{ ...web, id: "other", address: "10.9.0.9" }] }),
        ),
      (error) => isKernelError(error, "ENOENT"),
    );
    assert.ok(host.run(() => isBalanced(place, [web])));
    host.run(() => removeBalancing(place.table));
    host.run(() => removeBalancing(place.table));
    assert.ok(!host.run(() => isBalanced(place, [])));
    assert.throws(
      () => host.run(() => changeBalancing(place, change)),
      (error) => isKernelError(error, "ENOENT"),
    );
  });

  it("makes again what somebody altered, and leaves what others have in the namespace", () => {
    using host = newPlace(web);
    using nft = new NftContext(host);
    nft.run(
      "table inet theirs { chain output { type filter hook output priority 0; tcp dport 81 reject; } ; }",
    );
    nft.run(`flush chain inet ${place.table} service_web`);
    assert.ok(!host.run(() => isBalanced(place, [web])));
    host.run(() => settleBalancing(place, [web]));
    assert.ok(host.run(() => isBalanced(place, [web])));
    using servers = new Servers(host, members, 80);
    assert.ok(members.includes(connect(host, servers, web) ?? ""));
    using others = new Servers(host, members, 81);
    assert.equal(connect(host, others, { address: "127.0.1.1", port: 81 }), "ECONNREFUSED");
  });
});
