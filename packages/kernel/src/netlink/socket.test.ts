import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { checkLeaks } from "../../../../test/support/leak-check.ts";
import * as address from "../rtnl/address.ts";
import * as link from "../rtnl/link.ts";
import { Rtnl } from "../rtnl/rtnl.ts";
import { pair, TestHost } from "../rtnl/test-support.ts";
import { isKernelError } from "../sys/errors.ts";
import { setGuard } from "../sys/seam.ts";
import { NETLINK_ROUTE } from "./constants.ts";
import type { Query } from "./message.ts";
import { NetlinkSocket } from "./socket.ts";

/** A host with `count` veth pairs n0 and f0, n1 and f1 ... */
const hostWith = (count: number) =>
  new TestHost(...Array.from({ length: count }, (_, number) => pair(`n${number}`, `f${number}`)));

const named = (links: readonly link.Link[]) => links.map(({ name }) => name).sort();

describe("netlink socket", () => {
  checkLeaks();

  it("does without a large buffer where it may not have one", () => {
    let options = 0;
    // After CAP_ACK, EXT_ACK and GET_STRICT_CHK it asks for the buffer.
    setGuard({
      before: ({ operation }) =>
        operation === "setsockopt" && ++options === 4 ? { code: "EPERM" } : undefined,
      after: () => undefined,
    });
    try {
      using host = hostWith(0);
      assert.deepEqual(named(host.rtnl.dump(link.list())), ["lo"]);
    } finally {
      setGuard(undefined);
    }
    assert.equal(options, 5);
  });

  it("closes a socket that cannot be made as it is to be", () => {
    const before = readdirSync("/proc/self/fd").length;
    setGuard({
      before: ({ operation }) => (operation === "setsockopt" ? { code: "ENOPROTOOPT" } : undefined),
      after: () => undefined,
    });
    try {
      assert.throws(() => new NetlinkSocket(NETLINK_ROUTE), { code: "ENOPROTOOPT" });
    } finally {
      setGuard(undefined);
    }
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });

  it("takes a dump of many parts whole", () => {
    using host = hostWith(300);
    const links = host.rtnl.dump(link.list());
    assert.equal(links.length, 601);
    assert.equal(new Set(named(links)).size, 601);
    assert.equal(new Set(links.map(({ index }) => index)).size, 601);
  });

  it("takes a dump again that a change has interrupted", () => {
    using host = hostWith(120);
    const whole = link.list();
    let passes = 0;
    // The kernel notices a change between two parts of a dump. A process makes it: this thread's sockets are busy.
    const disturbed: Query<link.Link> = {
      ...whole,
      body(to) {
        passes++;
        whole.body(to);
      },
      decode(payload, type) {
        const found = whole.decode(payload, type);
        if (passes === 1 && found.name === "lo") host.run("ip link add late type bridge");
        return found;
      },
    };
    const links = host.rtnl.dump(disturbed);
    assert.equal(passes, 2);
    assert.equal(links.length, 242);
    assert.ok(named(links).includes("late"));
  });

  it("does not interrupt itself for ever where changes never end", () => {
    using host = hostWith(120);
    const whole = link.list();
    let passes = 0;
    const restless: Query<link.Link> = {
      ...whole,
      body(to) {
        passes++;
        whole.body(to);
      },
      decode(payload, type) {
        const found = whole.decode(payload, type);
        if (found.name === "lo") host.run(`ip link add late${passes} type bridge`);
        return found;
      },
    };
    assert.ok(host.rtnl.dump(restless).length >= 241);
    assert.equal(passes, 10);
  });

  it("is usable after a dump that could not be read to its end: later answers are told from earlier ones", () => {
    using host = hostWith(200);
    const whole = link.list();
    const broken: Query<link.Link> = {
      ...whole,
      decode: () => {
        throw new Error("cannot be read");
      },
    };
    assert.throws(() => host.rtnl.dump(broken), /cannot be read/);
    assert.equal(host.rtnl.dump(link.list()).length, 401);
    /** Leaves the kernel's acknowledgement unread. */
    const breakOff = () =>
      assert.throws(
        () => host.rtnl.query({ ...broken, ...link.get({ name: "n1" }), decode: broken.decode }),
        /cannot be read/,
      );
    breakOff();
    assert.equal(host.rtnl.query(link.get({ name: "n7" })).name, "n7");
    breakOff();
    assert.equal(host.rtnl.dump(link.list()).length, 401);
    breakOff();
    const change = (name: string) => link.change({ name }, { mtu: 1400 });
    const outcomes = host.rtnl.attempt([change("missing"), change("n7")]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.code),
      ["ENODEV", undefined],
    );
    assert.equal(host.rtnl.query(link.get({ name: "n7" })).mtu, 1400);
  });

  it("tells why a dump failed on its way", () => {
    using host = hostWith(1);
    assert.throws(() => host.rtnl.dump(address.list({ link: 9999 })), {
      name: "KernelError",
      code: "ENODEV",
    });
    assert.equal(host.rtnl.dump(link.list()).length, 3);
  });

  it("carries out every request of one send, and says which one failed", () => {
    using host = hostWith(2);
    const outcomes = host.rtnl.attempt([
      link.change({ name: "n0" }, { mtu: 1400 }),
      link.change({ name: "missing" }, { mtu: 1400 }),
      link.change({ name: "n1" }, { mtu: 1400 }),
    ]);
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.code),
      [undefined, "ENODEV", undefined],
    );
    assert.deepEqual(
      ["n0", "n1"].map((name) => host.rtnl.query(link.get({ name })).mtu),
      [1400, 1400],
    );
    assert.throws(
      () => host.rtnl.execute(link.remove({ name: "missing" }), link.change({ name: "n0" }, { mtu: 1300 })),
      (error) => isKernelError(error, "ENODEV") && error.message === "RTM_DELLINK missing failed with ENODEV",
    );
    assert.equal(host.rtnl.query(link.get({ name: "n0" })).mtu, 1300);
  });

  it("sends more requests than one send takes", () => {
    using host = hostWith(1);
    const { index } = host.rtnl.query(link.get({ name: "n0" }));
    const requests = Array.from({ length: 1000 }, (_, number) =>
      address.add({ link: index, address: `10.0.${number >> 8}.${number & 255}`, prefixLength: 32 }),
    );
    const twice = [...requests, ...requests.slice(0, 10)];
    const outcomes = host.rtnl.attempt(twice);
    assert.equal(outcomes.length, 1010);
    assert.equal(outcomes.filter((outcome) => outcome !== undefined).length, 10);
    assert.ok(outcomes.slice(1000).every((outcome) => isKernelError(outcome, "EEXIST")));
    assert.equal(host.rtnl.dump(address.list({ link: index, family: 4 })).length, 1000);
    assert.deepEqual(host.rtnl.attempt([]), []);
  });

  it("passes on the kernel's own words", () => {
    using host = hostWith(1);
    assert.throws(
      () => host.rtnl.execute(link.create({ name: "x", info: { kind: "nonesuch" } })),
      (error) =>
        isKernelError(error, "EOPNOTSUPP") &&
        error.kernelMessage === "Unknown device type" &&
        error.message === "RTM_NEWLINK x failed with EOPNOTSUPP: Unknown device type",
    );
    assert.throws(
      () => host.rtnl.execute(link.change({ name: "n0" }, { mtu: 1_000_000 })),
      (error) => isKernelError(error, "EINVAL") && /mtu greater than/.test(error.message),
    );
  });

  it("keeps the namespace that it was opened in", () => {
    using first = hostWith(1);
    using second = hostWith(0);
    const inside = second.namespace.run(() => first.rtnl.dump(link.list()));
    assert.deepEqual(named(inside), ["f0", "lo", "n0"]);
    using here = second.namespace.run(() => new Rtnl());
    assert.deepEqual(named(here.dump(link.list())), ["lo"]);
  });

  it("answers for one object, or says that there is none", () => {
    using host = hostWith(1);
    assert.equal(host.rtnl.findLink({ name: "n0" })?.name, "n0");
    assert.equal(host.rtnl.findLink({ name: "nx" }), undefined);
    assert.throws(() => host.rtnl.query(link.get({ index: 99 })), { name: "KernelError", code: "ENODEV" });
  });
});
