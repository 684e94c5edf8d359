import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import {
  bindUdp,
  connectUdp,
  InetSockaddr,
  link,
  listenTcp,
  NetNamespace,
  NftContext,
  Rtnl,
  receiveDatagram,
  sendDatagram,
  setGuard,
  unbindNamespace,
} from "@causeway/kernel";
import { decode, encode, type Packet } from "dns-packet";
import { eventually } from "../../../../../test/support/eventually.ts";
import { leftovers } from "../../../../../test/support/leak-check.ts";
import { needsProcessLimit, ProcessLimit } from "../../../../../test/support/process-limit.ts";
import type { SandboxNames } from "../../contracts/names.ts";
import type { NamespacePlace } from "../../contracts/netstack.ts";
import { ThreadResolver } from "./thread-resolver.ts";

const settings = { owner: "tests", hostResolvConf: "/nonexistent", cacheBytes: 0, inFlight: 8 };
const id = (digit: string) => digit.repeat(64);

/** A resolver whose host is an empty namespace, and makes sandboxes for it. */
function scene(t: TestContext) {
  using host = NetNamespace.create();
  const told: unknown[] = [];
  const resolver = new ThreadResolver(host, settings, (error) => told.push(error));
  t.after(() => resolver.end());
  const directory = mkdtempSync(join(tmpdir(), "causeway-names-"));
  const bound: string[] = [];
  t.after(() => {
    for (const path of bound) unbindNamespace(path);
    rmdirSync(directory);
  });
  const sandbox = (name: string) => {
    using namespace = NetNamespace.create();
    namespace.run(() => {
      using rtnl = new Rtnl();
      rtnl.execute(link.change({ name: "lo" }, { up: true }));
    });
    const path = join(directory, name);
    namespace.bindAt(path);
    bound.push(path);
    return { path, identity: namespace.identity };
  };
  const open = (sandboxId: string, place: NamespacePlace) => {
    resolver.open(sandboxId, place);
    return resolver.opened(sandboxId);
  };
  return { resolver, sandbox, open, told };
}

const nothing = (sandboxId: string): SandboxNames => ({
  sandboxId,
  memberships: [],
  extraHosts: [],
  forwards: false,
  servers: [],
  options: [],
});

describe("ThreadResolver", () => {
  it("says why a namespace cannot be had, and has others all the same", async (t) => {
    const { resolver, sandbox, open, told } = scene(t);
    await assert.rejects(open(id("a"), { path: "/nonexistent/netns", identity: "0:0" }), {
      code: "resolver_failed",
      message: /\/nonexistent\/netns/,
    });
    await open(id("b"), sandbox("b"));
    resolver.tell(nothing(id("b")));
    // Again, as after a restart: the same port is there again.
    resolver.close(id("b"));
    await open(id("b"), sandbox("c"));
    assert.deepEqual(told, []);
  });

  it("tells who waits that it was closed meanwhile, and knows nothing of who is not there", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    const place = sandbox("a");
    const opened = open(id("a"), place);
    resolver.close(id("a"));
    await assert.rejects(opened, { code: "resolver_failed" });
    resolver.close(id("a"));
    resolver.tell(nothing(id("a")));
    await open(id("a"), place);
  });

  it("refuses who asks where it is ready and not opened, and is opened there without waiting", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    resolver.start();
    const place = sandbox("a");
    resolver.prepare(place);
    assert.equal(await rcodeIn(place), "REFUSED");
    await open(id("a"), place);
    resolver.tell(nothing(id("a")));
    assert.equal(await rcodeIn(place), "NXDOMAIN");
    resolver.close(id("a"));
  });

  it("is opened as well where it is not ready yet", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    resolver.start();
    for (const name of ["a", "b", "c"]) {
      const place = sandbox(name);
      resolver.prepare(place);
      await open(id(name), place);
      resolver.tell(nothing(id(name)));
      assert.equal(await rcodeIn(place), "NXDOMAIN");
      assert.equal(await resolver.obstacle(id(name)), undefined);
    }
  });

  it("lets go of what it made ready, and opens what it could not make ready", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    resolver.start();
    const place = sandbox("a");
    resolver.prepare(place);
    resolver.forget(place);
    resolver.prepare({ path: "/nonexistent/netns", identity: "0:0" });
    const odd = { path: "/proc/self/ns/net", identity: place.identity };
    resolver.prepare(odd);
    await open(id("a"), place);
    await assert.rejects(open(id("b"), odd), { code: "resolver_failed" });
    assert.equal(await resolver.obstacle(id("a")), undefined);
    assert.match((await resolver.obstacle(id("b"))) ?? "", /another network namespace/);
    assert.match((await resolver.obstacle(id("c"))) ?? "", /not opened/);
  });

  it("does not wait for what the thread has said already, and nobody has heard yet", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    await open(id("a"), sandbox("a"));
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    const odd = { path: "/proc/self/ns/net", identity: "0:0" };
    const place = sandbox("b");
    for (const one of [odd, place]) resolver.prepare(one);
    Atomics.wait(sleeper, 0, 0, 100);
    await assert.rejects(open(id("c"), odd), { code: "resolver_failed" });
    await open(id("b"), place);
    assert.equal(await resolver.obstacle(id("b")), undefined);
  });

  it("is ready and opened where a former run was", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    const place = sandbox("a");
    await open(id("a"), place);
    resolver.close(id("a"));
    resolver.prepare(place);
    assert.equal(await rcodeIn(place), "REFUSED");
    await open(id("a"), place);
    assert.equal(await resolver.obstacle(id("a")), undefined);
  });

  it("has another port where somebody holds its own", async (t) => {
    const { resolver, sandbox, open } = scene(t);
    const place = sandbox("a");
    using namespace = NetNamespace.open(place.path);
    const address = new InetSockaddr(new Uint8Array(4), "0.0.0.0");
    using _held = namespace.run(() => bindUdp(address, 61_053));
    using _listening = namespace.run(() => listenTcp(address, 61_054, { backlog: 1 }));
    await open(id("a"), place);
    resolver.tell(nothing(id("a")));
    assert.equal(await rcodeIn(place), "NXDOMAIN");
  });

  it("finds rules that were flushed, and makes them again; a socket that was destroyed it opens again itself", async (t) => {
    const { resolver, sandbox, open, told } = scene(t);
    const place = sandbox("a");
    await open(id("a"), place);
    resolver.tell(nothing(id("a")));
    using namespace = NetNamespace.open(place.path);
    using nft = new NftContext(namespace);
    nft.run("flush ruleset");
    assert.match((await resolver.obstacle(id("a"))) ?? "", /table ip causeway_names/);
    await open(id("a"), place);
    assert.equal(await resolver.obstacle(id("a")), undefined);
    const sockets = () => namespace.run(() => readFileSync("/proc/thread-self/net/tcp", "utf8"));
    const before = sockets();
    const killer = namespace.spawn("ss", ["-K", "-l", "state", "listening"], { stdio: "ignore" });
    await once(killer, "exit");
    await eventually(async () => {
      assert.notEqual(sockets(), before);
      assert.equal(await resolver.obstacle(id("a")), undefined);
    });
    assert.equal(await rcodeIn(place), "NXDOMAIN");
    assert.deepEqual(told, []);
  });

  it("opens all the same where the thread cannot be woken, and says so", async (t) => {
    const { resolver, sandbox, open, told } = scene(t);
    const place = sandbox("a");
    await open(id("a"), place);
    t.after(() => setGuard(undefined));
    failAll("eventfd_write", "ENOMEM");
    resolver.tell(nothing(id("a")));
    assert.equal(await rcodeIn(place), "NXDOMAIN");
    await open(id("b"), sandbox("b"));
    assert.match(String(told[0]), /hears of changes up to a second later: eventfd_write .* ENOMEM/);
  });

  it("tells who waits that the machine has no thread left, and tries again for the next", {
    skip: needsProcessLimit(),
  }, async (t) => {
    const { resolver, sandbox, open, told } = scene(t);
    const [one, other] = [sandbox("a"), sandbox("b")];
    {
      using _limit = new ProcessLimit();
      await assert.rejects(open(id("a"), one), { code: "resolver_failed" });
    }
    assert.equal(told.length, 1);
    await open(id("b"), other);
    await resolver.opened(id("a"));
  });

  it("holds nothing where it cannot begin", () => {
    using host = NetNamespace.create();
    const before = leftovers();
    try {
      failAll("eventfd", "EMFILE");
      const make = () => new ThreadResolver(host, settings, () => undefined);
      assert.throws(make, { operation: "eventfd", code: "EMFILE" });
    } finally {
      setGuard(undefined);
    }
    assert.deepEqual(leftovers(), before);
  });
});

/** All calls of an operation that this thread makes from now on. */
function failAll(operation: string, code: string): void {
  setGuard({
    before: (crossing) => (crossing.operation === operation ? { code } : undefined),
    after: () => undefined,
  });
}

/** How the resolver answers a question for a name that nobody has. */
async function rcodeIn({ path }: NamespacePlace): Promise<string> {
  using namespace = NetNamespace.open(path);
  const address = new InetSockaddr(Uint8Array.of(127, 0, 0, 11), "127.0.0.11");
  using socket = namespace.run(() => connectUdp(address, 53));
  const question = encode({ type: "query", id: 1, flags: 0x100, questions: [{ type: "A", name: "x" }] });
  const answer = Buffer.alloc(512);
  const length = await eventually(() => {
    // Again where nobody was there yet.
    sendDatagram(socket.fd, question, question.length);
    const received = receiveDatagram(socket.fd, answer);
    assert.equal(typeof received, "number", String(received));
    return Number(received);
  });
  const { rcode } = decode(answer.subarray(0, length)) as Packet & { rcode?: string };
  return rcode ?? "";
}
