/**
 * An IPAM through the life of pools and addresses: as dockerd was recorded to ask, and off that way.
 */
import { isCidr } from "../client/index.ts";
import {
  gatewayAddressType,
  labels,
  type RequestFor,
  type ResponseOf,
  requestAddressType,
} from "../protocol/index.ts";
import type { Examination } from "./examination.ts";
import { checkHugeRequests } from "./handshake.ts";
import { IpamOutliers } from "./ipam-outliers.ts";
import { isInside, prefixLength, withoutLength } from "./subnets.ts";

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

type Pool = ResponseOf<"IpamDriver.RequestPool">;

const gatewayOptions = { [requestAddressType]: gatewayAddressType };

export async function checkIpamDriver(
  exam: Examination,
  options: IpamCheckOptions = {},
  restart?: () => Promise<void>,
): Promise<void> {
  await new IpamCheck(exam, options).run(restart);
}

class IpamCheck {
  readonly #exam: Examination;
  readonly #userOptions: Readonly<Record<string, string>>;
  readonly #poolGiven: boolean;
  readonly #pool: string;
  readonly #subPool: string;
  readonly #addresses: readonly [string, string];
  #space = "";

  constructor(exam: Examination, options: IpamCheckOptions) {
    this.#exam = exam;
    this.#userOptions = options.options ?? {};
    this.#poolGiven = options.pool !== undefined;
    this.#pool = options.pool ?? "10.213.0.0/24";
    this.#subPool = options.subPool ?? this.#pool.replace(/\.\d+\/24$/, ".128/25");
    const host = (number: number) => withoutLength(this.#pool).replace(/\.\d+$/, `.${number}`);
    this.#addresses = options.addresses ?? [host(20), host(21)];
  }

  async run(restart?: () => Promise<void>): Promise<void> {
    const exam = this.#exam;
    const capabilities = await this.#capabilities();
    await this.#addressSpaces();
    await this.#anyPool();
    await this.#otherFamily();
    const pool = await this.#givenPool("ipam.pool-given");
    if (pool === undefined) return;
    await this.#oddRequests(pool);
    await this.#gateway(pool, capabilities?.RequiresRequestReplay === true);
    await this.#chosenAddresses(pool, capabilities?.RequiresMACAddress === true);
    await this.#exactAddresses(pool);
    const outliers = new IpamOutliers(exam, (Pool, changes) => this.#poolRequest(Pool, changes), this.#pool);
    await outliers.sideBySide(pool, capabilities?.RequiresMACAddress === true);
    await outliers.arriving(pool);
    await outliers.refusedAddresses(pool);
    if (capabilities?.RequiresRequestReplay === true)
      exam.skip("ipam.pool-held", "the IPAM wants replay: it gives the same again");
    else await outliers.heldPool();
    await outliers.notHeld(pool);
    await this.#releasePool(pool);
    const again = await this.#givenPool("ipam.pool-again");
    if (again !== undefined) await this.#releasePool(again);
    await this.#partOfPool();
    await outliers.refusedPools();
    if (restart !== undefined) await outliers.restart(restart, this.#addresses[0]);
    const unknown = await exam.call("IpamDriver.RequestAddress", {
      PoolID: "causeway-check-unknown",
      Address: "",
      Options: null,
    });
    exam.refuses("ipam.unknown-pool", "RequestAddress from an unknown pool", unknown);
    await checkHugeRequests(exam, "IpamDriver.RequestAddress", { PoolID: "causeway-check-unknown" });
  }

  async #capabilities(): Promise<ResponseOf<"IpamDriver.GetCapabilities"> | undefined> {
    const outcome = await this.#exam.callRaw("IpamDriver.GetCapabilities", "");
    this.#exam.answers("ipam.capabilities", "GetCapabilities", outcome);
    return outcome.kind === "success" ? outcome.body : undefined;
  }

  async #addressSpaces(): Promise<void> {
    const exam = this.#exam;
    const outcome = await exam.callRaw("IpamDriver.GetDefaultAddressSpaces", "");
    const answer = exam.succeeds("ipam.address-spaces", "GetDefaultAddressSpaces", outcome);
    if (answer === undefined) return;
    const { LocalDefaultAddressSpace, GlobalDefaultAddressSpace } = answer;
    const both = LocalDefaultAddressSpace !== "" && GlobalDefaultAddressSpace !== "";
    exam.expect("ipam.address-spaces", both, JSON.stringify(answer));
    this.#space = LocalDefaultAddressSpace;
  }

  #poolRequest(Pool: string, changes: RequestFor<"IpamDriver.RequestPool"> = {}) {
    return {
      AddressSpace: this.#space,
      Pool,
      SubPool: "",
      Options: this.#userOptions,
      V6: false,
      ...changes,
    };
  }

  async #anyPool(): Promise<void> {
    const exam = this.#exam;
    const outcome = await exam.call("IpamDriver.RequestPool", this.#poolRequest(""));
    if (outcome.kind === "refusal") return exam.skip("ipam.pool-any", `refused: ${outcome.text}`);
    const pool = exam.succeeds("ipam.pool-any", "RequestPool without Pool", outcome);
    if (pool === undefined) return;
    exam.expect("ipam.pool-any", pool.PoolID !== "" && isCidr(pool.Pool, 4), JSON.stringify(pool));
    await this.#releasePool(pool);
  }

  async #otherFamily(): Promise<void> {
    const exam = this.#exam;
    const outcome = await exam.call("IpamDriver.RequestPool", this.#poolRequest("", { V6: true }));
    if (outcome.kind === "refusal") return exam.skip("ipam.pool-family", `refused: ${outcome.text}`);
    const pool = exam.succeeds("ipam.pool-family", "RequestPool with V6", outcome);
    if (pool === undefined) return;
    const right = isCidr(pool.Pool, 6);
    exam.expect("ipam.pool-family", right, `V6, and Pool is "${pool.Pool}"`);
    if (right) await this.#addressIn(pool);
    await this.#releasePool(pool);
  }

  async #addressIn({ PoolID, Pool }: Pool): Promise<void> {
    const exam = this.#exam;
    const Options = { [labels.macAddress]: "02:42:0a:d5:00:06" };
    const outcome = await exam.call("IpamDriver.RequestAddress", { PoolID, Address: "", Options });
    const answer = exam.succeeds("ipam.address-ipv6", `RequestAddress from ${Pool}`, outcome);
    if (answer === undefined) return;
    const { Address } = answer;
    const fits = isCidr(Address) && isInside(Pool, Address) && prefixLength(Address) === prefixLength(Pool);
    exam.expect("ipam.address-ipv6", fits, `"${Address}" from ${Pool}`);
    await this.#release(PoolID, Address);
  }

  async #givenPool(clause: "ipam.pool-given" | "ipam.pool-again"): Promise<Pool | undefined> {
    const exam = this.#exam;
    const outcome = await exam.call("IpamDriver.RequestPool", this.#poolRequest(this.#pool));
    const whose = this.#poolGiven ? "" : ", which stands for any: say one that the IPAM has";
    const pool = exam.succeeds(clause, `RequestPool ${this.#pool}${whose}`, outcome);
    if (pool === undefined) return undefined;
    const { PoolID, Pool } = pool;
    const right = PoolID !== "" && Pool === this.#pool;
    if (exam.expect(clause, right, `asked for ${this.#pool}: ${JSON.stringify(pool)}`)) return pool;
    await this.#releasePool(pool);
    return undefined;
  }

  async #releasePool({ PoolID }: Pool): Promise<void> {
    if (PoolID === "") return;
    const outcome = await this.#exam.call("IpamDriver.ReleasePool", { PoolID });
    this.#exam.succeeds("ipam.pool-release", "ReleasePool", outcome);
  }

  async #oddRequests({ PoolID }: Pool): Promise<void> {
    const exam = this.#exam;
    const method = "IpamDriver.RequestAddress";
    for (const body of ['{"', "[]", '"text"', "7"])
      exam.refuses("request.malformed", `${method} with the body ${body}`, await exam.callRaw(method, body));
    for (const body of ["{}", "null", ""])
      exam.refuses("request.no-ids", `${method} with the body "${body}"`, await exam.callRaw(method, body));
    const wrong = JSON.stringify({ PoolID: 7, Address: {} });
    exam.refuses("request.wrong-type", `${method} ${wrong}`, await exam.callRaw(method, wrong));
    const extended = JSON.stringify({ PoolID, Address: "", Options: {}, CausewayCheck: ["later"] });
    const outcome = await exam.callRaw(method, extended);
    exam.expect("http.type", outcome.kind !== "nothing", `${method} without Content-Type`);
    const answer = exam.succeeds("request.unknown-fields", `${method} with fields of later`, outcome);
    if (answer !== undefined) await this.#release(PoolID, answer.Address);
    const sparse = await exam.callRaw(method, JSON.stringify({ PoolID, Address: null }));
    const given = exam.succeeds("request.null", `${method} with null as Address, without Options`, sparse);
    if (given !== undefined) await this.#release(PoolID, given.Address);
  }

  async #gateway({ PoolID, Pool }: Pool, replays: boolean): Promise<void> {
    const exam = this.#exam;
    const request = { PoolID, Address: "", Options: gatewayOptions };
    const outcome = await exam.call("IpamDriver.RequestAddress", request);
    const answer = exam.succeeds("ipam.gateway", "RequestAddress of a gateway", outcome);
    if (answer === undefined) return;
    const { Address } = answer;
    exam.expect("ipam.gateway", isCidr(Address) && isInside(Pool, Address), `${Address} for ${Pool}`);
    if (replays) await this.#replay({ PoolID, Pool }, Address);
    else exam.skip("ipam.replay", "the IPAM does not want it");
    await this.#release(PoolID, Address);
  }

  /** What dockerd does when it has started, while the IPAM has gone on. */
  async #replay({ PoolID, Pool }: Omit<Pool, "Data">, gateway: string): Promise<void> {
    const exam = this.#exam;
    const pool = await exam.call("IpamDriver.RequestPool", this.#poolRequest(Pool));
    const again = exam.succeeds("ipam.replay", `RequestPool ${Pool} again`, pool);
    if (again === undefined) return;
    exam.expect("ipam.replay", again.PoolID === PoolID, `PoolID was ${PoolID}, and is ${again.PoolID}`);
    const request = { PoolID, Address: withoutLength(gateway), Options: gatewayOptions };
    const address = await exam.call("IpamDriver.RequestAddress", request);
    const same = exam.succeeds("ipam.replay", `RequestAddress ${gateway} again`, address);
    if (same !== undefined)
      exam.expect("ipam.replay", same.Address === gateway, `${same.Address}, not ${gateway}`);
  }

  async #chosenAddresses({ PoolID, Pool }: Pool, wantsMac: boolean): Promise<void> {
    const exam = this.#exam;
    const Options = wantsMac ? { [labels.macAddress]: "02:42:0a:d5:00:02" } : null;
    const held: string[] = [];
    for (let count = 0; count < 2; count++) {
      const outcome = await exam.call("IpamDriver.RequestAddress", { PoolID, Address: "", Options });
      const clause = wantsMac ? "ipam.mac" : "ipam.address-null-options";
      const answer = exam.succeeds(
        clause,
        `RequestAddress with ${JSON.stringify(Options)} as Options`,
        outcome,
      );
      if (answer === undefined) continue;
      const { Address } = answer;
      const fits = isCidr(Address) && isInside(Pool, Address) && prefixLength(Address) === prefixLength(Pool);
      exam.expect("ipam.address", fits, `"${Address}" from ${Pool}`);
      exam.expect("ipam.address-distinct", !held.includes(Address), `${Address} twice`);
      held.push(Address);
    }
    if (wantsMac) exam.skip("ipam.address-null-options", "the IPAM wants a MAC");
    else exam.skip("ipam.mac", "the IPAM wants none");
    for (const address of new Set(held)) await this.#release(PoolID, address);
  }

  async #exactAddresses({ PoolID, Pool }: Pool): Promise<void> {
    const exam = this.#exam;
    const [first, second] = this.#addresses;
    const Options = { [labels.macAddress]: "02:42:0a:d5:00:14" };
    const ask = (Address: string) => exam.call("IpamDriver.RequestAddress", { PoolID, Address, Options });
    const expected = (address: string) => `${address}/${prefixLength(Pool)}`;
    const held: string[] = [];
    for (const address of [first, second]) {
      const answer = exam.succeeds("ipam.address-exact", `RequestAddress ${address}`, await ask(address));
      if (answer === undefined) continue;
      const given = answer.Address;
      exam.expect("ipam.address-exact", given === expected(address), `${given}, not ${expected(address)}`);
      held.push(given);
    }
    const [holding] = held;
    if (holding !== undefined) {
      const taken = withoutLength(holding);
      const more = await ask(taken);
      exam.refuses("ipam.address-taken", `RequestAddress ${taken}, which is held`, more);
      if (more.kind === "success" && more.body.Address !== holding)
        await this.#release(PoolID, more.body.Address);
      await this.#release(PoolID, holding);
      const again = await ask(taken);
      const answer = exam.succeeds(
        "ipam.address-release",
        `RequestAddress ${taken} after its release`,
        again,
      );
      if (answer !== undefined) held[0] = answer.Address;
    }
    const outside = isInside(Pool, "198.51.100.7") ? "203.0.113.7" : "198.51.100.7";
    const stray = await ask(outside);
    exam.refuses("ipam.address-outside", `RequestAddress ${outside} from ${Pool}`, stray);
    // Taken away without a verdict: it should not have been given.
    if (stray.kind === "success")
      await exam.call("IpamDriver.ReleaseAddress", {
        PoolID,
        Address: withoutLength(stray.body.Address) || outside,
      });
    for (const address of held) await this.#release(PoolID, address);
  }

  async #partOfPool(): Promise<void> {
    const exam = this.#exam;
    const SubPool = this.#subPool;
    const outcome = await exam.call("IpamDriver.RequestPool", this.#poolRequest(this.#pool, { SubPool }));
    if (outcome.kind === "refusal") return exam.skip("ipam.sub-pool", `refused: ${outcome.text}`);
    const pool = exam.succeeds("ipam.sub-pool", `RequestPool ${this.#pool} with ${SubPool}`, outcome);
    if (pool === undefined) return;
    const Options = { [labels.macAddress]: "02:42:0a:d5:00:80" };
    const request = { PoolID: pool.PoolID, Address: "", Options };
    const answer = exam.succeeds(
      "ipam.sub-pool",
      "RequestAddress from it",
      await exam.call("IpamDriver.RequestAddress", request),
    );
    if (answer !== undefined) {
      exam.expect(
        "ipam.sub-pool",
        isInside(SubPool, answer.Address),
        `${answer.Address} is not in ${SubPool}`,
      );
      await this.#release(pool.PoolID, answer.Address);
    }
    await this.#releasePool(pool);
  }

  async #release(PoolID: string, address: string): Promise<void> {
    if (address === "") return;
    const request = { PoolID, Address: withoutLength(address) };
    const outcome = await this.#exam.call("IpamDriver.ReleaseAddress", request);
    this.#exam.succeeds("ipam.address-release", `ReleaseAddress ${request.Address}`, outcome);
  }
}
