/**
 * Addresses: any, certain ones, and such as cannot be had.
 */
import { isCidr } from "../../client/index.ts";
import { isInside, prefixLength, withoutLength } from "../subnets.ts";
import { anyMac, type IpamScene, type Pool, withMac } from "./scene.ts";

export async function checkChosenAddresses(
  scene: IpamScene,
  { PoolID, Pool }: Pool,
  wantsMac: boolean,
): Promise<void> {
  const { exam } = scene;
  const Options = wantsMac ? withMac("02:42:0a:d5:00:02") : null;
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
  for (const address of new Set(held)) await scene.release(PoolID, address);
}

export async function checkExactAddresses(scene: IpamScene, { PoolID, Pool }: Pool): Promise<void> {
  const { exam } = scene;
  const [first, second] = scene.addresses;
  const Options = withMac("02:42:0a:d5:00:14");
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
      await scene.release(PoolID, more.body.Address);
    await scene.release(PoolID, holding);
    const again = await ask(taken);
    const answer = exam.succeeds("ipam.address-release", `RequestAddress ${taken} after its release`, again);
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
  for (const address of held) await scene.release(PoolID, address);
}

export async function checkSideBySide(scene: IpamScene, { PoolID }: Pool, wantsMac: boolean): Promise<void> {
  const { exam } = scene;
  const request = { PoolID, Address: "", Options: wantsMac ? anyMac : null };
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
  for (const address of distinct) await scene.takeBack(PoolID, address);
}

export async function checkRefusedAddresses(scene: IpamScene, { PoolID }: Pool): Promise<void> {
  const { exam } = scene;
  for (const Address of ["x", "10.213.0.300", "10.213.0.7/99"]) {
    const request = { PoolID, Address, Options: anyMac };
    const outcome = await exam.call("IpamDriver.RequestAddress", request);
    exam.refuses("ipam.address-invalid", `RequestAddress "${Address}"`, outcome);
    if (outcome.kind === "success") await scene.takeBack(PoolID, outcome.body.Address);
  }
}

export async function checkNotHeld(scene: IpamScene, { PoolID }: Pool): Promise<void> {
  const { exam } = scene;
  const clause = "ipam.release-unknown";
  const Address = withoutLength(scene.pool).replace(/\d+$/, "77");
  const free = await exam.call("IpamDriver.ReleaseAddress", { PoolID, Address });
  exam.answers(clause, `ReleaseAddress ${Address}, which is not held`, free);
  const unknown = { PoolID: "causeway-check-unknown" };
  const address = await exam.call("IpamDriver.ReleaseAddress", { ...unknown, Address });
  exam.answers(clause, "ReleaseAddress of an unknown pool", address);
  const pool = await exam.call("IpamDriver.ReleasePool", unknown);
  exam.answers(clause, "ReleasePool of an unknown pool", pool);
}
