import assert from "node:assert/strict";
import { test } from "node:test";
import { failsWith } from "../../test-support.ts";
import { type ClusterOptions, checkClusterOptions } from "./options.ts";

test("endpoints alone are enough", () => {
  const options: ClusterOptions = { etcd: ["http://10.0.0.1", "http://[fd00::1]:4001/", "http://h:80"] };
  assert.deepEqual(checkClusterOptions(options), {
    etcd: ["http://10.0.0.1:2379", "http://[fd00::1]:4001", "http://h:80"],
    cluster: "default",
    tls: undefined,
    user: undefined,
    passwordFile: undefined,
  });
});

test("the same endpoint twice is one", () => {
  const { etcd } = checkClusterOptions({ etcd: ["https://h:2379", "https://h"] });
  assert.deepEqual(etcd, ["https://h:2379"]);
});

const refused: readonly (readonly [options: unknown, code: string, message: RegExp])[] = [
  [{}, "invalid_option", /^cluster\.etcd: undefined is not a list of at least one endpoint/],
  [{ etcd: [] }, "invalid_option", /cluster\.etcd: \[\] is not a list of at least one/],
  [{ etcd: "http://h" }, "invalid_option", /put \[ \] around it/],
  [{ etcd: ["h:2379"] }, "invalid_option", /cluster\.etcd\[0\].*http:\/\/HOST:PORT/],
  [{ etcd: ["unix:///x"] }, "invalid_option", /cluster\.etcd\[0\]/],
  [{ etcd: ["http://h/v3"] }, "invalid_option", /cluster\.etcd\[0\]/],
  [{ etcd: ["http://h:0x1"] }, "invalid_option", /cluster\.etcd\[0\]/],
  [{ etcd: ["http://h", "https://g"] }, "invalid_option", /of one kind/],
  [{ etcd: ["http://h"], tls: { ca: "/ca.pem" } }, "invalid_option", /use https:\/\//],
  [
    { etcd: ["https://h"], tls: { cert: "/c.pem" } },
    "invalid_option",
    /cluster\.tls\.cert: .*cluster\.tls\.key/,
  ],
  [
    { etcd: ["https://h"], tls: { key: "/k.pem" } },
    "invalid_option",
    /cluster\.tls\.key: .*cluster\.tls\.cert/,
  ],
  [{ etcd: ["https://h"], tls: { ca: "ca.pem" } }, "invalid_path", /cluster\.tls\.ca/],
  [{ etcd: ["http://h"], user: "u" }, "invalid_option", /cluster\.user: .*cluster\.passwordFile/],
  [{ etcd: ["http://h"], passwordFile: "/p" }, "invalid_option", /cluster\.passwordFile: .*cluster\.user/],
  [{ etcd: ["http://h"], user: "", passwordFile: "/p" }, "invalid_option", /cluster\.user/],
  [{ etcd: ["http://h"], cluster: "a/b" }, "invalid_option", /cluster\.cluster/],
  [{ etcd: ["http://h"], cluster: "" }, "invalid_option", /cluster\.cluster/],
  [{ etcd: ["http://h"], cluster: "a".repeat(64) }, "invalid_option", /cluster\.cluster/],
  [{ etcd: ["http://h"], passwordfile: "/p" }, "unknown_option", /"passwordFile"/],
];

test("what is wrong is said by name, with the mend", () => {
  for (const [options, code, message] of refused)
    assert.throws(
      () => checkClusterOptions(options),
      failsWith("invalid", code, message),
      JSON.stringify(options),
    );
});

test("a password in an endpoint is refused, and not told", () => {
  assert.throws(
    () => checkClusterOptions({ etcd: ["http://user:secret@h:2379"] }),
    (error: Error) => !`${error.message}${JSON.stringify(error)}`.includes("secret"),
  );
});
