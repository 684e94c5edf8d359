import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { type IpamDriverHandlers, PluginClient, RemoteIpam, servePlugin } from "@causeway/plugin-sdk";
import { requestAddressType } from "../../contracts/ipam.ts";
import { DefaultIpam } from "../default-ipam.ts";
import { ipamContract } from "../ipam-contract.ts";
import { PluginIpam } from "./plugin-ipam.ts";

const directory = mkdtempSync(join(tmpdir(), "plugin-ipam-"));
const cleanUp = new AsyncDisposableStack();
after(async () => {
  await cleanUp.disposeAsync();
  rmSync(directory, { recursive: true });
});
let number = 0;

/** Our own IPAM behind the protocol. */
function handlers(): IpamDriverHandlers {
  const ipam = new DefaultIpam({ seed: "seed" });
  return {
    getCapabilities: () => ({ RequiresMACAddress: false, RequiresRequestReplay: true }),
    requestPool({ AddressSpace, Pool, SubPool, V6 }) {
      const { poolId, pool } = ipam.requestPool({
        addressSpace: AddressSpace,
        v6: V6,
        ...(Pool !== "" && { pool: Pool }),
        ...(SubPool !== "" && { subPool: SubPool }),
      });
      return { PoolID: poolId, Pool: pool };
    },
    releasePool: ({ PoolID }) => ipam.releasePool(PoolID),
    requestAddress({ PoolID, Address, Options }) {
      const type = Options[requestAddressType];
      const { address } = ipam.requestAddress({
        poolId: PoolID,
        ...(Address !== "" && { address: Address }),
        ...(type !== undefined && { options: { [requestAddressType]: type } }),
      });
      return { Address: address };
    },
    releaseAddress: ({ PoolID, Address }) => ipam.releaseAddress(PoolID, Address),
  };
}

ipamContract("an IPAM that is a plugin", {
  async create() {
    const path = join(directory, `${++number}.sock`);
    cleanUp.use(await servePlugin({ name: "ours", ipam: handlers() }, { socket: path }));
    const client = cleanUp.use(
      new PluginClient({ name: "ours", address: { kind: "unix", path }, source: path }, { patience: 0 }),
    );
    const ipam = new PluginIpam(new RemoteIpam(client));
    await ipam.connect();
    return ipam;
  },
  handsOutAddresses: true,
  refusesWith: "plugin_refused",
});
