/**
 * What the parts of the check share: the pool and the addresses that are asked for, and the calls that every part makes.
 */
import { labels, type RequestFor, type ResponseOf } from "../../protocol/index.ts";
import type { Examination } from "../examination.ts";
import { withoutLength } from "../subnets.ts";

export interface IpamCheckOptions {
  /** What the user would give with `--ipam-opt`, where the IPAM needs some. */
  readonly options?: Readonly<Record<string, string>>;
  /** A pool that the IPAM has. Default: 10.213.0.0/24. */
  readonly pool?: string;
  /** Addresses in it that the IPAM can give, without prefix length. Default: .20 and .21 of a /24. */
  readonly addresses?: readonly [string, string];
  /** Part of the pool, for `--ip-range`. Default: the pool's upper half. */
  readonly subPool?: string;
}

export type Pool = ResponseOf<"IpamDriver.RequestPool">;
export type PoolRequest = RequestFor<"IpamDriver.RequestPool">;

/** `Options` with a MAC, for an IPAM that wants one. */
export function withMac(mac: string): Readonly<Record<string, string>> {
  return { [labels.macAddress]: mac };
}

/** For calls that are not about the MAC. */
export const anyMac = withMac("02:42:0a:d5:00:22");

export class IpamScene {
  readonly exam: Examination;
  readonly userOptions: Readonly<Record<string, string>>;
  readonly pool: string;
  readonly subPool: string;
  readonly addresses: readonly [string, string];
  /** The address space that pools are asked for in, once it is known. */
  space = "";
  readonly #poolGiven: boolean;

  constructor(exam: Examination, options: IpamCheckOptions) {
    this.exam = exam;
    this.userOptions = options.options ?? {};
    this.#poolGiven = options.pool !== undefined;
    this.pool = options.pool ?? "10.213.0.0/24";
    this.subPool = options.subPool ?? this.pool.replace(/\.\d+\/24$/, ".128/25");
    const host = (number: number) => withoutLength(this.pool).replace(/\.\d+$/, `.${number}`);
    this.addresses = options.addresses ?? [host(20), host(21)];
  }

  poolRequest(Pool: string, changes: PoolRequest = {}): PoolRequest {
    return {
      AddressSpace: this.space,
      Pool,
      SubPool: "",
      Options: this.userOptions,
      V6: false,
      ...changes,
    };
  }

  /** The pool of the check, where the IPAM gives it. */
  async requestPool(clause: "ipam.pool-given" | "ipam.pool-again"): Promise<Pool | undefined> {
    const { exam } = this;
    const outcome = await exam.call("IpamDriver.RequestPool", this.poolRequest(this.pool));
    const whose = this.#poolGiven ? "" : ", which stands for any: say one that the IPAM has";
    const pool = exam.succeeds(clause, `RequestPool ${this.pool}${whose}`, outcome);
    if (pool === undefined) return undefined;
    const { PoolID, Pool } = pool;
    const right = PoolID !== "" && Pool === this.pool;
    if (exam.expect(clause, right, `asked for ${this.pool}: ${JSON.stringify(pool)}`)) return pool;
    await this.releasePool(pool);
    return undefined;
  }

  async releasePool({ PoolID }: Pool): Promise<void> {
    if (PoolID === "") return;
    const outcome = await this.exam.call("IpamDriver.ReleasePool", { PoolID });
    this.exam.succeeds("ipam.pool-release", "ReleasePool", outcome);
  }

  async release(PoolID: string, address: string): Promise<void> {
    if (address === "") return;
    const request = { PoolID, Address: withoutLength(address) };
    const outcome = await this.exam.call("IpamDriver.ReleaseAddress", request);
    this.exam.succeeds("ipam.address-release", `ReleaseAddress ${request.Address}`, outcome);
  }

  /** Releases without a verdict: who gave what it should have refused may well refuse that. */
  async takeBack(PoolID: string, address: string): Promise<void> {
    await this.exam.call("IpamDriver.ReleaseAddress", { PoolID, Address: withoutLength(address) });
  }
}
