// Published ports.

import { loose, publishing, type Refusal, refusal } from "./refusal.ts";

export const ports: readonly Refusal[] = [
  ...[0, 65536, -1, 1.5, "80"].flatMap((port) => [
    refusal(
      "invalid",
      "invalid_port",
      `container port ${JSON.stringify(port)}`,
      /publish\[0\]\.containerPort: .* is not a port: give a number from 1 to 65535/,
      publishing(loose({ containerPort: port })),
    ),
    refusal(
      "invalid",
      "invalid_port",
      `host port ${JSON.stringify(port)}`,
      /publish\[0\]\.hostPort: .* is not a port: give a number from 1 to 65535/,
      publishing(loose({ containerPort: 80, hostPort: port })),
    ),
  ]),
  refusal(
    "invalid",
    "invalid_port",
    "no container port",
    /containerPort is missing: say/,
    publishing({ hostPort: 9000 }),
  ),
  refusal(
    "invalid",
    "invalid_port",
    "end of a host range without beginning",
    /hostPortEnd .*: say where/,
    publishing({ containerPort: 80, hostPortEnd: 9000 }),
  ),
  refusal(
    "invalid",
    "reversed_port_range",
    "reversed host range",
    /9010-9000 ends before it begins: write 9000-9010/,
    publishing({ containerPort: 80, hostPort: 9010, hostPortEnd: 9000 }),
  ),
  refusal(
    "invalid",
    "reversed_port_range",
    "reversed container range",
    /90-80 ends before it begins: write 80-90/,
    publishing({ containerPort: 90, containerPortEnd: 80 }),
  ),
  refusal(
    "invalid",
    "unequal_port_ranges",
    "unequal ranges",
    /80-84 cannot go with host ports 9000-9001: give 5/,
    publishing({ containerPort: 80, containerPortEnd: 84, hostPort: 9000, hostPortEnd: 9001 }),
  ),
  refusal(
    "conflict",
    "port_in_use",
    "port that another program has",
    /7070 of .* is in use by another program: stop it/,
    publishing({ containerPort: 80, hostPort: 7070 }),
  ),
  refusal(
    "conflict",
    "port_in_use",
    "port that another endpoint has",
    /8080 of .* is published for endpoint [\w-]+\/free: unpublish it there or choose/,
    publishing({ containerPort: 80, hostPort: 8080 }),
  ),
  refusal(
    "conflict",
    "port_in_use",
    "the second of two ports taken",
    /8080 of .* is published for endpoint [\w-]+\/free: unpublish it there or choose/,
    publishing({ containerPort: 81, hostPort: 9000 }, { containerPort: 80, hostPort: 8080 }),
  ),
  refusal(
    "invalid",
    "duplicate_port",
    "one host port twice",
    /9000 of .* is asked for twice: /,
    publishing({ containerPort: 80, hostPort: 9000 }, { containerPort: 81, hostPort: 9000 }),
  ),
  refusal(
    "invalid",
    "host_address_not_found",
    "address that the host has not",
    /no address 192\.0\.2\.77: add it/,
    publishing({ containerPort: 80, hostPort: 9000, hostAddress: "192.0.2.77" }),
  ),
  refusal(
    "invalid",
    "too_many_ports",
    "a million entries",
    /options\.publish: 1000000 ports are more than the 196608 .*: publish fewer/,
    ({ network }) =>
      network.createEndpoint("new", { publish: new Array(1_000_000).fill({ containerPort: 80 }) }),
  ),
  refusal(
    "invalid",
    "too_many_ports",
    "ranges of a million ports, published later",
    /publish: \d+ ports are more than the 196608 .*: publish fewer/,
    ({ joined }) => joined.publish(new Array(16).fill({ containerPort: 1, containerPortEnd: 65535 })),
  ),
  refusal(
    "conflict",
    "endpoint_name_in_use",
    "a name that is taken, which is seen before the ports are",
    /an endpoint "free": choose another/,
    ({ network }) =>
      network.createEndpoint("free", { publish: new Array(1_000_000).fill({ containerPort: 0 }) }),
  ),
  refusal(
    "invalid",
    "publish_internal",
    "from an internal network",
    /"internal" is internal: .*; use/,
    ({ internal }) => internal.createEndpoint("new", { publish: [{ containerPort: 80 }] }),
  ),
  refusal(
    "conflict",
    "port_in_use",
    "published later",
    /7070 of .* is in use by another program: stop it/,
    ({ joined }) => joined.publish([{ containerPort: 80, hostPort: 7070 }]),
  ),
  refusal(
    "invalid",
    "invalid_port",
    "port 0 published later",
    /publish\[0\]\.containerPort: 0/,
    ({ joined }) => joined.publish([{ containerPort: 0 }]),
  ),
  refusal(
    "unsupported",
    "unsupported_by_driver",
    "on the host network",
    /host driver do not publish ports: /,
    ({ controller }) =>
      controller
        .networkByName("host")
        ?.createEndpoint("new", { publish: [{ containerPort: 80, hostPort: 9000 }] }),
  ),
  refusal(
    "not_found",
    "binding_not_found",
    "unpublishing what is not published",
    /publishes nothing like \{"hostPort":1\}.*: it publishes/,
    ({ endpoint }) => endpoint.unpublish([{ hostPort: 1 }]),
  ),
];
