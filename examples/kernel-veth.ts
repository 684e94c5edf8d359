// @causeway/kernel on its own: two network namespaces, a veth pair between them, a ping across.
//
//   sudo npx node examples/kernel-veth.ts

import { execFileSync } from "node:child_process";
import { address, link, NetNamespace, Rtnl } from "@causeway/kernel";

using left = NetNamespace.create();
using right = NetNamespace.create();
using rtnlLeft = new Rtnl(left);
using rtnlRight = new Rtnl(right);

// One message makes both ends, the far one already where it belongs.
const peer = { name: "eth0", namespaceFd: right.fd };
rtnlLeft.execute(link.create({ name: "eth0", info: { kind: "veth", veth: { peer } } }));

for (const [rtnl, ip] of [
  [rtnlLeft, "10.0.0.1"],
  [rtnlRight, "10.0.0.2"],
] as const) {
  const eth0 = rtnl.findLink({ name: "eth0" });
  if (eth0 === undefined) throw new Error("eth0 is not there");
  const { index } = eth0;
  rtnl.execute(
    address.add({ link: index, address: ip, prefixLength: 24 }),
    link.change({ index }, { up: true }),
  );
  console.log(`${ip} on ${eth0.name}, link ${index}`);
}

console.log(left.run(() => execFileSync("ping", ["-c", "3", "-i", "0.2", "10.0.0.2"], { encoding: "utf8" })));
// Nothing to clean up: the namespaces end with this process, and their links with them.
