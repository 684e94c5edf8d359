// A plugin in one file: an IPAM that counts upwards, and whether it keeps the protocol.
//
//   npx node examples/ipam-plugin.ts

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPlugin, reportText, servePlugin } from "@causeway/plugin-sdk";

const directory = mkdtempSync(join(tmpdir(), "causeway-ipam-plugin-"));
const socket = join(directory, "counting.sock");
const held = new Set<number>();
let given = false;

const server = await servePlugin(
  {
    name: "counting",
    ipam: {
      requestPool({ Pool, SubPool, V6 }) {
        if (V6 || SubPool !== "" || !["", "10.88.0.0/24"].includes(Pool))
          throw new Error("there is 10.88.0.0/24, whole");
        if (given) throw new Error("10.88.0.0/24 is another network's");
        given = true;
        return { PoolID: "only", Pool: "10.88.0.0/24" };
      },
      releasePool() {
        given = false;
        held.clear();
      },
      requestAddress({ PoolID, Address }) {
        if (PoolID !== "only") throw new Error(`there is no pool ${PoolID}`);
        const free = Array.from({ length: 254 }, (_, index) => index + 1).find((number) => !held.has(number));
        const number = Address === "" ? free : hostNumber(Address);
        if (number === undefined) throw new Error(`${Address || "an address"} is not to be had`);
        if (held.has(number)) throw new Error(`${Address} is held`);
        held.add(number);
        return { Address: `10.88.0.${number}/24` };
      },
      releaseAddress: ({ Address }) => void held.delete(hostNumber(Address) ?? 0),
    },
  },
  { socket },
);

const report = await checkPlugin({ kind: "unix", path: socket }, { ipam: { pool: "10.88.0.0/24" } });
console.log(reportText(report));
await server.close();
rmSync(directory, { recursive: true });
process.exitCode = report.passed ? 0 : 1;

function hostNumber(address: string): number | undefined {
  const [, digits] = address.match(/^10\.88\.0\.(\d+)$/) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
