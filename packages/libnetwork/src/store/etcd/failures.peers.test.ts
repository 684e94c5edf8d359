// What becomes of a store when etcd's members, the way to them, tokens and certificates fail.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type EtcdOptions, gateTo, startEtcd } from "../../../../../test/support/etcd.ts";
import { eventually } from "../../../../../test/support/eventually.ts";
import { needsPeer } from "../../../../../test/support/peers.ts";
import type { FollowEvent, SharedChange } from "../../contracts/shared-store.ts";
import type { PlainData } from "../../contracts/store.ts";
import type { CausewayError } from "../../errors.ts";
import { failsWith } from "../../test-support.ts";
import { EtcdStore } from "./etcd-store.ts";
import { checkClusterOptions } from "./options.ts";

const put = (id: string, value: PlainData): SharedChange => ({ op: "put", kind: "peer", id, value });
const isUnavailable = failsWith("unavailable", "store_unavailable");

async function open(t: TestContext, options: Readonly<Record<string, unknown>>, patience?: number) {
  const store = await EtcdStore.open(
    checkClusterOptions(options),
    patience === undefined ? {} : { patience },
  );
  t.after(() => store.close());
  return store;
}

async function etcdAndStore(t: TestContext, options: EtcdOptions = {}) {
  const etcd = await startEtcd(t, options);
  return { etcd, store: await open(t, { etcd: etcd.urls }) };
}

/** What a follower has told until now: the records by id, and how often it was stale. */
function follow(t: TestContext, store: EtcdStore) {
  const aborter = new AbortController();
  const view = new Map<string, PlainData>();
  const told = { stale: 0, settled: 0, deletes: 0 };
  const take = (event: FollowEvent): void => {
    if (event.type === "put") view.set(event.record.id, event.record.value);
    else if (event.type === "delete") {
      assert.ok(view.delete(event.record.id));
      told.deletes += 1;
    } else told[event.type] += 1;
  };
  const over = (async () => {
    for await (const event of store.follow("peer", aborter.signal)) take(event);
  })();
  t.after(() => {
    aborter.abort();
    return over.catch(() => {});
  });
  return { view, told, over };
}

/** Makes a change, again where nobody knows whether it was made. */
function surely(store: EtcdStore, ...changes: readonly SharedChange[]): Promise<number> {
  return eventually(async () => await store.commit(changes));
}

describe("an etcd that fails", { skip: needsPeer("etcd", "openssl"), concurrency: false }, () => {
  it("is waited for when all of it is killed, and all goes on when it is back", async (t) => {
    const { etcd, store } = await etcdAndStore(t);
    const [member] = etcd.members;
    const lease = await store.lease(60);
    await store.commit([put("a", 1), { op: "put", kind: "peer", id: "leased", value: 1, lease: lease.id }]);
    const { view, told } = follow(t, store);
    const watch = store.watch("peer")[Symbol.asyncIterator]();
    await eventually(() => assert.equal(told.settled, 1));
    await member?.kill();
    await eventually(() => assert.equal(store.availability.available, false));
    await assert.rejects(store.commit([put("a", 2)]), (error: unknown) => {
      isUnavailable(error);
      assert.deepEqual((error as CausewayError).detail, { maybeCommitted: false });
      return true;
    });
    await eventually(() => assert.equal(told.stale, 1));
    await member?.start();
    await surely(store, put("b", 1));
    await eventually(() => assert.deepEqual([...view.keys()].sort(), ["a", "b", "leased"]));
    assert.equal((await watch.next()).value.record.id, "b");
    assert.equal(told.settled, 2);
    assert.equal(lease.lost.aborted, false);
    await lease.end();
    await eventually(() => assert.equal(view.has("leased"), false));
  });

  it("is there from the start when it comes later", async (t) => {
    const { etcd } = await etcdAndStore(t);
    await etcd.members[0]?.kill();
    const store = await open(t, { etcd: etcd.urls });
    assert.equal(store.availability.available, false);
    assert.match(store.availability.reason ?? "", /ECONNREFUSED/);
    const { told } = follow(t, store);
    await eventually(() => assert.equal(told.stale, 1));
    await etcd.members[0]?.start();
    await eventually(() => assert.equal(told.settled, 1));
  });

  it("that lost everything is told as it is now", async (t) => {
    const { etcd, store } = await etcdAndStore(t);
    for (let n = 0; n < 20; n += 1) await store.commit([put("a", n), put("b", n)]);
    const { view, told } = follow(t, store);
    await eventually(() => assert.equal(told.settled, 1));
    await etcd.members[0]?.kill();
    await eventually(() => assert.equal(told.stale, 1));
    etcd.members[0]?.wipe();
    await etcd.members[0]?.start();
    await surely(store, put("a", "new"));
    await eventually(() => assert.deepEqual([...view], [["a", "new"]]));
  });

  it("of three members goes on when one is killed, and when another is silent", async (t) => {
    const { etcd, store } = await etcdAndStore(t, { members: 3 });
    const [first, second] = etcd.members;
    await store.commit([put("a", 0)]);
    const { view, told } = follow(t, store);
    await eventually(() => assert.equal(told.settled, 1));
    const lease = await store.lease(60);
    await first?.kill();
    await surely(store, put("a", 1), { op: "put", kind: "peer", id: "leased", value: 1, lease: lease.id });
    await eventually(() => assert.equal(view.get("a"), 1));
    await first?.start();
    // Whichever is asked now, it is one of these two.
    second?.freeze();
    t.after(() => second?.thaw());
    await surely(store, put("a", 2));
    await eventually(() => assert.equal(view.get("a"), 2));
    assert.equal((await store.get("peer", "a"))?.value, 2);
    assert.equal(lease.lost.aborted, false);
  });

  it("that has no majority is away until it has", async (t) => {
    const { etcd, store } = await etcdAndStore(t, { members: 3 });
    const { told, view } = follow(t, store);
    await eventually(() => assert.equal(told.settled, 1));
    const [, ...others] = etcd.members;
    t.after(() => others.forEach((member) => void member.thaw()));
    others.forEach((member) => void member.freeze());
    await eventually(async () => {
      await assert.rejects(store.get("peer", "a"), isUnavailable);
      assert.equal(store.availability.available, false);
    });
    await eventually(() => assert.equal(told.stale, 1));
    others.forEach((member) => void member.thaw());
    await surely(store, put("a", 1));
    await eventually(() => assert.equal(view.get("a"), 1));
  });

  it("to which nothing comes through says that a commit may have happened, and then that it is away", async (t) => {
    const etcd = await startEtcd(t);
    const gate = await gateTo(t, etcd.urls[0] ?? "");
    const store = await open(t, { etcd: [gate.url] }, 300);
    const { told, view } = follow(t, store);
    await eventually(() => assert.equal(told.settled, 1));
    gate.stall();
    await assert.rejects(store.commit([put("a", 1)]), (error: unknown) => {
      isUnavailable(error);
      assert.deepEqual((error as CausewayError).detail, { maybeCommitted: true });
      return true;
    });
    await eventually(() => assert.equal(store.availability.available, false));
    gate.shut();
    gate.open();
    await surely(store, put("b", 1));
    await eventually(() => assert.equal(view.get("b"), 1));
  });
});

describe("a lease whose host is cut off", { skip: needsPeer("etcd") }, () => {
  it("ends by itself; its host is told when it is back", async (t) => {
    const etcd = await startEtcd(t);
    const gate = await gateTo(t, etcd.urls[0] ?? "");
    const other = await open(t, { etcd: etcd.urls });
    const store = await open(t, { etcd: [gate.url] }, 300);
    const lease = await store.lease(2);
    const kept = await other.lease(2);
    await store.commit([{ op: "put", kind: "peer", id: "cut", value: 1, lease: lease.id }]);
    await other.commit([{ op: "put", kind: "peer", id: "kept", value: 1, lease: kept.id }]);
    const { view } = follow(t, other);
    await eventually(() => assert.deepEqual([...view.keys()].sort(), ["cut", "kept"]));
    gate.shut();
    await eventually(() => assert.deepEqual([...view.keys()], ["kept"]));
    assert.equal(lease.lost.aborted, false);
    gate.open();
    await eventually(() => assert.equal(lease.lost.aborted, true));
    assert.equal(kept.lost.aborted, false);
    await assert.rejects(
      store.commit([{ op: "put", kind: "peer", id: "cut", value: 1, lease: lease.id }]),
      failsWith("not_found", "lease_not_found"),
    );
  });
});

describe("a commit's size", { skip: needsPeer("etcd") }, () => {
  it("may be that of 1.4 MB and of 128 records, and what is more is refused", async (t) => {
    const { store } = await etcdAndStore(t);
    const { view } = follow(t, store);
    const large = "x".repeat(1_400_000);
    await store.commit([put("large", large)]);
    assert.equal((await store.get("peer", "large"))?.value, large);
    await eventually(() => assert.equal(view.get("large"), large));
    await store.commit(Array.from({ length: 128 }, (_, n) => put(`${n}`, n)));
    const isTooLarge = failsWith("invalid", "commit_too_large");
    await assert.rejects(store.commit(Array.from({ length: 129 }, (_, n) => put(`${n}`, -1))), isTooLarge);
    for (const size of [1_700_000, 3_000_000])
      await assert.rejects(store.commit([put("larger", "x".repeat(size))]), isTooLarge);
    assert.equal(await store.get("peer", "larger"), undefined);
    assert.equal((await store.get("peer", "5"))?.value, 5);
  });

  it("does not bound a listing", async (t) => {
    const { store } = await etcdAndStore(t);
    for (let at = 0; at < 2500; at += 100)
      await store.commit(Array.from({ length: 100 }, (_, n) => put(String(at + n).padStart(5, "0"), at)));
    const ids = (await store.list("peer")).map(({ id }) => id);
    assert.deepEqual(
      ids,
      Array.from({ length: 2500 }, (_, n) => String(n).padStart(5, "0")),
    );
  });
});

describe("etcd's users", { skip: needsPeer("etcd") }, () => {
  it("are logged in again when their token is gone, and may do what they may", async (t) => {
    const etcd = await startEtcd(t);
    const rights = {
      permType: "READWRITE",
      key: base64("/causeway/mine/"),
      range_end: base64("/causeway/mine0"),
    };
    await etcd.ask("/v3/auth/user/add", { name: "root", password: "r" });
    await etcd.ask("/v3/auth/user/grant", { user: "root", role: "root" });
    await etcd.ask("/v3/auth/role/add", { name: "host" });
    await etcd.ask("/v3/auth/role/grant", { name: "host", perm: rights });
    await etcd.ask("/v3/auth/user/add", { name: "h", password: "correct horse" });
    await etcd.ask("/v3/auth/user/grant", { user: "h", role: "host" });
    await etcd.ask("/v3/auth/enable", {});
    const passwordFile = file(t, "password", "correct horse\n");
    const who = { etcd: etcd.urls, user: "h", passwordFile };
    const store = await open(t, { ...who, cluster: "mine" });
    const { view, told } = follow(t, store);
    await eventually(() => assert.equal(told.settled, 1));
    const lease = await store.lease(30);
    await store.commit([{ op: "put", kind: "peer", id: "a", value: 1, lease: lease.id }]);
    // A member that starts knows no token.
    await etcd.members[0]?.kill();
    await etcd.members[0]?.start();
    await surely(store, put("b", 1));
    await eventually(() => assert.deepEqual([...view.keys()].sort(), ["a", "b"]));
    await lease.end();

    const stranger = await open(t, { ...who, cluster: "theirs" });
    const isForbidden = failsWith("forbidden", "store_forbidden");
    await assert.rejects(stranger.commit([put("a", 1)]), isForbidden);
    await assert.rejects(stranger.list("peer"), isForbidden);
    await assert.rejects(follow(t, stranger).over, isForbidden);
    await assert.rejects(Array.fromAsync(stranger.watch("peer")), isForbidden);

    const wrong = await open(t, {
      ...who,
      cluster: "mine",
      passwordFile: file(t, "wrong", "battery staple"),
    });
    assert.match(wrong.availability.reason ?? "", /refuses the user "h"/);
    assert.doesNotMatch(wrong.availability.reason ?? "", /battery/);
    await assert.rejects(wrong.list("peer"), isUnavailable);
    const nobody = await open(t, { etcd: etcd.urls, cluster: "mine" });
    assert.equal(nobody.availability.available, false);
  });

  it("are nobody's where etcd asks nobody", async (t) => {
    const etcd = await startEtcd(t);
    const store = await open(t, { etcd: etcd.urls, user: "h", passwordFile: file(t, "password", "x") });
    await store.commit([put("a", 1)]);
  });
});

describe("etcd's certificates", { skip: needsPeer("etcd", "openssl") }, () => {
  it("are held against the CA, and etcd asks for the host's", async (t) => {
    const [ours, theirs] = [authority(t), authority(t)];
    const [server, host] = [ours.certificate("server"), ours.certificate("host")];
    const flags = [
      ...["--cert-file", server.cert, "--key-file", server.key],
      ...["--client-cert-auth", "--trusted-ca-file", ours.ca],
    ];
    const { urls } = await startEtcd(t, { scheme: "https", flags });
    const store = await open(t, { etcd: urls, tls: { ca: ours.ca, ...host } });
    const { view } = follow(t, store);
    await store.commit([put("a", 1)]);
    await eventually(() => assert.equal(view.get("a"), 1));

    const refusals: readonly (readonly [Readonly<Record<string, string>> | undefined, RegExp])[] = [
      [{ ca: theirs.ca, ...host }, /certificate/],
      [undefined, /certificate/],
      [{ ca: ours.ca }, /certificate required|bad certificate|broke/],
      [{ ca: ours.ca, ...theirs.certificate("stranger") }, /unknown ca|bad certificate|broke/],
    ];
    for (const [tls, reason] of refusals) {
      const refused = await open(t, { etcd: urls, ...(tls && { tls }) });
      assert.match(refused.availability.reason ?? "", reason);
      await assert.rejects(refused.commit([put("b", 1)]), isUnavailable);
    }
    assert.equal(await store.get("peer", "b"), undefined);
  });

  it("that cannot be read are refused at once", async (t) => {
    const isUnusable = failsWith("invalid", "cluster_file_unusable", /PEM/);
    const missing = { etcd: ["https://127.0.0.1:1"], tls: { ca: "/nowhere/ca.pem" } };
    await assert.rejects(open(t, missing), isUnusable);
    const odd = file(t, "key.pem", "-----BEGIN NOTHING-----\n");
    await assert.rejects(open(t, { ...missing, tls: { cert: odd, key: odd } }), isUnusable);
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function directory(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "causeway-etcd-files-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function file(t: TestContext, name: string, text: string): string {
  const path = join(directory(t), name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A certificate authority, for 127.0.0.1. */
function authority(t: TestContext) {
  const at = directory(t);
  const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { cwd: at, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2");
  return {
    ca: join(at, "ca.pem"),
    certificate: (name: string) => {
      const [key, csr, cert] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
      openssl("req", ...newKey, "-keyout", key, "-out", csr, "-subj", `/CN=${name}`);
      writeFileSync(join(at, "names"), "subjectAltName=IP:127.0.0.1\n");
      openssl(
        ...["x509", "-req", "-in", csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
        ...["-out", cert, "-days", "2", "-extfile", "names"],
      );
      return { cert: join(at, cert), key: join(at, key) };
    },
  };
}
