import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { temporaryDirectory } from "../test-support.ts";
import { addressText, parseAddress } from "./address.ts";
import { findPlugin } from "./discovery.ts";
import { listPlugins, watchPlugins } from "./listing.ts";

function places(t: TestContext) {
  const root = temporaryDirectory(t);
  const directories = { sockets: join(root, "run"), specs: [join(root, "etc"), join(root, "lib")] };
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const listen = async (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const server = createServer().listen(join(root, path));
    await once(server, "listening");
    t.after(() => server.close());
  };
  return { root, directories, write, listen };
}

describe("finding a plugin", () => {
  it("looks for sockets first, then .spec and .json, in Docker's order", async (t) => {
    const { root, directories, write, listen } = places(t);
    const source = () => findPlugin("p", directories).source.slice(root.length + 1);
    assert.throws(source, {
      code: "plugin_not_found",
      message: /there is no plugin "p": no socket p\.sock in .*run, and no p\.spec or p\.json in /,
    });
    const later = ["lib/p.json", "lib/p.spec", "etc/p/p.json", "etc/p.json", "etc/p/p.spec", "etc/p.spec"];
    for (const path of later) {
      write(path, path.endsWith("json") ? '{"Addr":"tcp://h:1"}' : "tcp://h:1\n");
      assert.equal(source(), path);
    }
    // A file is no socket.
    write("run/p.sock", "");
    assert.equal(source(), "etc/p.spec");
    await listen("run/p/p.sock");
    assert.equal(source(), "run/p/p.sock");
    rmSync(join(root, "run/p.sock"));
    await listen("run/p.sock");
    assert.equal(source(), "run/p.sock");
  });

  it("reads what a .json says of TLS, as Docker does", (t) => {
    const { directories, write } = places(t);
    const address = () => findPlugin("p", directories).address;
    const TLSConfig = { CAFile: "/ca", CertFile: "/cert", KeyFile: "/key" };
    write("etc/p.json", JSON.stringify({ Name: "else", Addr: "https://h:4711/path", TLSConfig }));
    assert.deepEqual(address(), {
      kind: "tcp",
      host: "h",
      port: 4711,
      tls: { caFile: "/ca", certFile: "/cert", keyFile: "/key", insecureSkipVerify: false },
    });
    write("etc/p.json", JSON.stringify({ Addr: "https://h", TLSConfig: null }));
    assert.deepEqual(address(), {
      kind: "tcp",
      host: "h",
      port: 443,
      tls: { caFile: undefined, certFile: undefined, keyFile: undefined, insecureSkipVerify: true },
    });
  });

  it("says which file is wrong", (t) => {
    const { directories, write } = places(t);
    for (const [path, text] of [
      ["lib/p.json", "{"],
      ["etc/p.json", "{}"],
      ["etc/p.spec", "localhost"],
    ] as const) {
      write(path, text);
      assert.throws(() => findPlugin("p", directories), {
        code: "plugin_address_invalid",
        message: new RegExp(path.replace(".", "\\.")),
      });
    }
    for (const name of ["", "a/b", "..", ".hidden"])
      assert.throws(() => findPlugin(name, directories), { code: "plugin_name_invalid" });
  });

  it("understands addresses", () => {
    const texts = ["unix:///run/x.sock", "tcp://10.0.0.1:80", "tcp://[::1]:4711", "https://h:443"];
    for (const text of texts) assert.equal(addressText(parseAddress(` ${text}\n`)), text);
    for (const text of ["", "unix://", "unix://x", "ftp://h:1", "tcp://", "/run/x.sock", "tcp://h:99999"])
      assert.throws(() => parseAddress(text), { code: "plugin_address_invalid" }, text);
  });
});

describe("listing plugins", () => {
  it("names each once", async (t) => {
    const { directories, write, listen } = places(t);
    assert.deepEqual(listPlugins(directories), []);
    await listen("run/b.sock");
    await listen("run/a/a.sock");
    await listen("run/else/socket.sock");
    write("run/file.sock", "");
    write("etc/b.spec", "tcp://h:1");
    write("etc/c.json", "{}");
    write("lib/d/d.spec", "tcp://h:1");
    write("lib/readme.md", "");
    assert.deepEqual(listPlugins(directories), ["a", "b", "c", "d"]);
  });

  it("sees them come and go, also in directories that come later", async (t) => {
    const { root, directories, write } = places(t);
    const stop = new AbortController();
    const changes = watchPlugins({ directories, signal: stop.signal, interval: 10 });
    const next = async () => {
      const { value } = await changes.next();
      return value === undefined ? undefined : `${value.type} ${value.name}`;
    };
    write("etc/a.spec", "tcp://h:1");
    assert.equal(await next(), "added a");
    write("lib/b.spec", "tcp://h:1");
    assert.equal(await next(), "added b");
    rmSync(join(root, "etc/a.spec"));
    assert.equal(await next(), "removed a");
    stop.abort();
    assert.equal(await next(), undefined);
  });
});
