/**
 * An IPAM off dockerd's way: side by side, with what is no address and no pool, with what is not held, and after a restart.
 */
import { labels, type RequestFor, type ResponseOf } from "../protocol/index.ts";
import type { Examination } from "./examination.ts";
import { checkAnswersAgain } from "./restart.ts";
import { askInPieces } from "./rude.ts";
import { withoutLength } from "./subnets.ts";

type Pool = ResponseOf<"IpamDriver.RequestPool">;
type PoolRequest = RequestFor<"IpamDriver.RequestPool">;

const mac = { [labels.macAddress]: "02:42:0a:d5:00:22" };

export class IpamOutliers {
  readonly #exam: Examination;
  readonly #poolRequest: (Pool: string, changes?: PoolRequest) => PoolRequest;
  readonly #pool: string;

  constructor(
    exam: Examination,
    poolRequest: (Pool: string, changes?: PoolRequest) => PoolRequest,
    pool: string,
  ) {
    this.#exam = exam;
    this.#poolRequest = poolRequest;
    this.#pool = pool;
  }

  async sideBySide({ PoolID }: Pool, wantsMac: boolean): Promise<void> {
    const exam = this.#exam;
    const request = { PoolID, Address: "", Options: wantsMac ? mac : null };
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => exam.call("IpamDriver.RequestAddress", request)),
    );
    const given = outcomes.flatMap((outcome) =>
      outcome.kind === "success" && outcome.body.Address !== "" ? [outcome.body.Address] : [],
    );
    const silent = outcomes.filter(({ kind }) => kind === "nothing").length;
    exam.expect("ipam.side-by-side", silent === 0, `${silent} of 8 were not answered`);
    const distinct = new Set(given);
    exam.expect("ipam.side-by-side", distinct.size === given.length, `given: ${given.join(", ")}`);
    for (const address of distinct) await this.#release(PoolID, address);
  }

  /** A large request, and one in pieces. */
  async arriving({ PoolID }: Pool): Promise<void> {
    const exam = this.#exam;
    const method = "IpamDriver.RequestAddress";
    const request = { PoolID, Address: "", Options: mac };
    const plain = await exam.call(method, request);
    if (plain.kind !== "success") {
      for (const id of ["request.large", "http.pieces"] as const)
        exam.skip(id, "the same is refused when it is small and whole");
      return;
    }
    await this.#release(PoolID, plain.body.Address);
    const padded = { ...request, Options: { ...mac, "org.causeway.check": "x".repeat(256 * 1024) } };
    const large = await exam.call(method, padded);
    const answer = exam.succeeds("request.large", `${method} with an option of 256 KiB`, large);
    if (answer !== undefined) await this.#release(PoolID, answer.Address);
    const body = JSON.stringify(request);
    const pieces = await askInPieces(exam, method, body);
    if (pieces === undefined) return exam.skip("http.pieces", "the plugin is behind TLS");
    const given = exam.succeeds("http.pieces", `${method} in pieces`, pieces);
    if (given !== undefined) await this.#release(PoolID, given.Address);
  }

  async refusedAddresses({ PoolID }: Pool): Promise<void> {
    const exam = this.#exam;
    for (const Address of ["x", "10.213.0.300", "10.213.0.7/99"]) {
      const request = { PoolID, Address, Options: mac };
      const outcome = await exam.call("IpamDriver.RequestAddress", request);
      exam.refuses("ipam.address-invalid", `RequestAddress "${Address}"`, outcome);
      if (outcome.kind === "success") await this.#release(PoolID, outcome.body.Address);
    }
  }

  async heldPool(): Promise<void> {
    await this.#refusesPool("ipam.pool-held", "which is held", this.#poolRequest(this.#pool));
  }

  async refusedPools(): Promise<void> {
    for (const Pool of ["x", "10.213.0.0/33"])
      await this.#refusesPool("ipam.pool-invalid", "which is none", this.#poolRequest(Pool));
    const outside = this.#poolRequest(this.#pool, { SubPool: "198.51.100.0/28" });
    await this.#refusesPool("ipam.sub-pool-outside", `with the SubPool ${outside.SubPool}`, outside);
  }

  async notHeld({ PoolID }: Pool): Promise<void> {
    const exam = this.#exam;
    const clause = "ipam.release-unknown";
    const Address = withoutLength(this.#pool).replace(/\d+$/, "77");
    const free = await exam.call("IpamDriver.ReleaseAddress", { PoolID, Address });
    exam.answers(clause, `ReleaseAddress ${Address}, which is not held`, free);
    const unknown = { PoolID: "causeway-check-unknown" };
    const address = await exam.call("IpamDriver.ReleaseAddress", { ...unknown, Address });
    exam.answers(clause, "ReleaseAddress of an unknown pool", address);
    const pool = await exam.call("IpamDriver.ReleasePool", unknown);
    exam.answers(clause, "ReleasePool of an unknown pool", pool);
  }

  async restart(restart: () => Promise<void>, address: string): Promise<void> {
    const exam = this.#exam;
    const clause = "restart.address";
    const asked = await exam.call("IpamDriver.RequestPool", this.#poolRequest(this.#pool));
    const pool = exam.succeeds(clause, `RequestPool ${this.#pool}`, asked);
    if (pool === undefined) return;
    const { PoolID } = pool;
    const ask = () => exam.call("IpamDriver.RequestAddress", { PoolID, Address: address, Options: mac });
    exam.succeeds(clause, `RequestAddress ${address}`, await ask());
    if (!(await checkAnswersAgain(exam, restart))) return;
    exam.refuses(clause, `RequestAddress ${address}, which was given before the restart`, await ask());
    const released = await exam.call("IpamDriver.ReleaseAddress", { PoolID, Address: address });
    exam.succeeds(clause, "ReleaseAddress after the restart", released);
    const gone = await exam.call("IpamDriver.ReleasePool", { PoolID });
    exam.succeeds(clause, "ReleasePool after the restart", gone);
  }

  async #release(PoolID: string, address: string): Promise<void> {
    const request = { PoolID, Address: withoutLength(address) };
    await this.#exam.call("IpamDriver.ReleaseAddress", request);
  }

  async #refusesPool(
    clause: "ipam.pool-held" | "ipam.pool-invalid" | "ipam.sub-pool-outside",
    what: string,
    request: PoolRequest,
  ): Promise<void> {
    const exam = this.#exam;
    const outcome = await exam.call("IpamDriver.RequestPool", request);
    exam.refuses(clause, `RequestPool ${request.Pool}, ${what}`, outcome);
    // Of a pool that is held, it may be the same that we have: that is released later.
    if (outcome.kind === "success" && clause !== "ipam.pool-held")
      await exam.call("IpamDriver.ReleasePool", { PoolID: outcome.body.PoolID });
  }
}
