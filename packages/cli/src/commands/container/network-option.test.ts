import assert from "node:assert/strict";
import { test } from "node:test";
import { connections, withNames } from "./network-option.ts";

test("--network says how a container is in a network", () => {
  assert.deepEqual(connections([]), {});
  assert.deepEqual(
    connections(["n1", "n2:ip=10.0.0.2,ip6=fd00::2,alias=a,alias=b,ifname=x,gw-priority=-1"]),
    {
      networks: [
        { network: "n1" },
        {
          network: "n2",
          ipv4: "10.0.0.2",
          ipv6: "fd00::2",
          aliases: ["a", "b"],
          interfaceName: "x",
          gatewayPriority: -1,
        },
      ],
    },
  );
  assert.deepEqual(connections(["n1:mac=02:00:00:00:00:01"]), {
    networks: [{ network: "n1", mac: "02:00:00:00:00:01" }],
  });
  assert.deepEqual(connections(["n1:link=db:database,link=web,named-port=http=80,named-port=dns=53/udp"]), {
    networks: [
      {
        network: "n1",
        links: { database: "db", web: "web" },
        namedPorts: [
          { name: "http", port: 80 },
          { name: "dns", port: 53, protocol: "udp" },
        ],
      },
    ],
  });
  assert.deepEqual(connections(["container:web"]), { shareWith: "web" });
});

test("names beside it are the first network's", () => {
  const plain = connections(["n1:alias=a", "n2"]);
  assert.deepEqual(withNames(plain, {}), plain);
  assert.deepEqual(withNames(plain, { alias: ["b"], link: ["db"] }), {
    networks: [
      { network: "n1", aliases: ["a", "b"], links: { db: "db" }, namedPorts: [] },
      { network: "n2" },
    ],
  });
  for (const others of [[], ["container:web"]])
    assert.throws(() => withNames(connections(others), { alias: ["b"] }), /name one by --network/);
});

test("what is not understood is told, with the nearest", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["n1:ipp=1", /did you mean ip=/],
    ["n1:ip", /did you mean ip=/],
    ["n1:colour=red", /there are ip, ip6/],
    ["n1:", /not understood/],
    [":ip=1", /names no network/],
    ["container:", /names no container/],
    ["n1:gw-priority=high", /whole number/],
  ];
  for (const [text, says] of refused) assert.throws(() => connections([text]), says);
  assert.throws(() => connections(["container:web", "n1"]), /stands alone/);
});
