import assert from "node:assert/strict";
import { test } from "node:test";
import type { PortBinding } from "../contracts/driver.ts";
import { bindingText, selectBindings } from "./binding-selector.ts";
import { portMappings, publishList } from "./publish-options.ts";

const mappings = (...list: readonly unknown[]) => portMappings(publishList(list, "publish"), "publish");

test("a range of container ports becomes one mapping for each, tcp unless something else is said", () => {
  assert.deepEqual(mappings({ containerPort: 80 }), [{ protocol: "tcp", containerPort: 80 }]);
  const range = {
    protocol: "udp",
    containerPort: 80,
    containerPortEnd: 82,
    hostPort: 9000,
    hostPortEnd: 9002,
  };
  assert.deepEqual(mappings(range), [
    { protocol: "udp", containerPort: 80, hostPort: 9000 },
    { protocol: "udp", containerPort: 81, hostPort: 9001 },
    { protocol: "udp", containerPort: 82, hostPort: 9002 },
  ]);
  assert.deepEqual(mappings({ containerPort: 80, hostPort: 9000, hostPortEnd: 9002 }), [
    { protocol: "tcp", containerPort: 80, hostPort: 9000, hostPortEnd: 9002 },
  ]);
});

test("says which of them is wrong", () => {
  assert.throws(
    () => mappings({ containerPort: 80 }, { containerPort: 0 }),
    /publish\[1\]\.containerPort: 0 is not a port/,
  );
  assert.throws(() => mappings({ containerPort: 80 }, {}), /publish\[1\]: containerPort is missing/);
  assert.throws(() => mappings({ containerPort: 80, containerPortEnd: 70 }), {
    code: "reversed_port_range",
    message: /^publish\[0\]: /,
  });
});

test("no more at once than there are ports, and they are counted before they are looked at", () => {
  const all = (...transports: readonly string[]) =>
    transports.map((protocol) => ({ protocol, containerPort: 1, containerPortEnd: 65535 }));
  assert.equal(mappings(...all("tcp", "udp", "sctp")).length, 3 * 65535);
  const refused = {
    code: "too_many_ports",
    kind: "invalid",
    message: /^publish: \d+ ports are more than the 196608 .*: publish fewer/,
  };
  assert.throws(() => mappings(...all("tcp", "udp", "sctp", "tcp")), refused);
  assert.throws(() => publishList(new Array(196_609).fill("no mapping at all"), "publish"), refused);
});

const binding = (protocol: "tcp" | "udp", hostAddress: string, hostPort: number): PortBinding => {
  return { protocol, hostAddress, hostPort, containerPort: 80, containerAddress: "172.30.0.2" };
};
const bindings = [
  binding("tcp", "0.0.0.0", 8080),
  binding("tcp", "::", 8080),
  binding("udp", "0.0.0.0", 8080),
  binding("tcp", "127.0.0.1", 8081),
];
const select = (...selectors: readonly object[]) => [...selectBindings(bindings, selectors, "e")];

test("selects bindings by all that is said of them, each once", () => {
  assert.deepEqual(select({ hostPort: 8080 }), bindings.slice(0, 3));
  assert.deepEqual(select({ hostPort: 8080, protocol: "tcp" }), bindings.slice(0, 2));
  assert.deepEqual(select({ hostAddress: "::0" }), [bindings[1]]);
  assert.deepEqual(select({ containerPort: 80 }, { hostPort: 8081 }), bindings);
  assert.deepEqual(select({}), bindings);
  assert.deepEqual(select(), []);
});

test("refuses a selector that matches nothing, and tells what there is", () => {
  assert.throws(() => select({ hostPort: 8080 }, { hostPort: 1 }), {
    code: "binding_not_found",
    kind: "not_found",
    message:
      'endpoint "e" publishes nothing like {"hostPort":1}: it publishes 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 0.0.0.0:8080->80/udp, 127.0.0.1:8081->80/tcp',
  });
  assert.throws(() => selectBindings([], [{ hostPort: 1 }], "e"), /it publishes nothing/);
  assert.throws(() => select({ port: 8080 }), { code: "unknown_option" }, "it would match everything");
  assert.throws(() => select({ hostPort: "8080" }), { code: "invalid_port" });
});

test("shows a binding as people write it", () => {
  assert.equal(bindingText(binding("tcp", "::1", 9000)), "[::1]:9000->80/tcp");
});
