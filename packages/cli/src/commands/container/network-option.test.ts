import assert from "node:assert/strict";
import { test } from "node:test";
import { connections } from "./network-option.ts";

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
  assert.deepEqual(connections(["container:web"]), { shareWith: "web" });
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
