/**
 * What the parts of the check share: the check's subnets and ids, and the calls that every part makes.
 */
import { randomBytes } from "node:crypto";
import { isCidr, isMac } from "../../client/index.ts";
import { labels, macAddressAsBytes, portOptions, type RequestFor } from "../../protocol/index.ts";
import type { ClauseId } from "../clauses.ts";
import type { Examination } from "../examination.ts";

export interface NetworkCheckOptions {
  /** What the user would give with `-o`, where the driver needs some. */
  readonly options?: Readonly<Record<string, string>>;
  /** Subnet of the first network, a /24 or larger, and of the second. Default: 10.211.0.0/24 and 10.212.0.0/24. */
  readonly subnets?: readonly [string, string];
  /** IPv6 subnet of the network that has both families. Default: fd00:ca05::/64. */
  readonly subnetIpv6?: string;
  /** What Join is given as the sandbox. Default: a path that is not there. */
  readonly sandboxKey?: string;
}

export interface Ids {
  readonly NetworkID: string;
  readonly EndpointID: string;
}

const web = { protocol: "tcp", port: 80 } as const;

/** Of a container that exposes and publishes one port, at any of the host's. */
export const onePort = portOptions([web], [{ ...web, hostIp: "", hostPort: 0, hostPortEnd: 0 }]);

export function newId(): string {
  return randomBytes(32).toString("hex");
}

export function newEndpoint(NetworkID: string): Ids {
  return { NetworkID, EndpointID: newId() };
}

export class NetworkScene {
  readonly exam: Examination;
  readonly userOptions: Readonly<Record<string, string>>;
  readonly subnets: readonly [string, string];
  readonly subnetIpv6: string;
  readonly sandboxKey: string;

  constructor(exam: Examination, options: NetworkCheckOptions) {
    this.exam = exam;
    this.userOptions = options.options ?? {};
    this.subnets = options.subnets ?? ["10.211.0.0/24", "10.212.0.0/24"];
    this.subnetIpv6 = options.subnetIpv6 ?? "fd00:ca05::/64";
    this.sandboxKey = options.sandboxKey ?? "/var/run/docker/netns/causeway-check";
  }

  /** Number `host` of the first network's subnet, as CIDR. */
  host(number: number): string {
    return hostOf(this.subnets[0], number);
  }

  networkRequest(NetworkID: string, subnet: string) {
    return {
      NetworkID,
      Options: { [labels.enableIpv6]: false, [labels.generic]: this.userOptions },
      IPv4Data: [
        {
          AddressSpace: "LocalDefault",
          AuxAddresses: { aside: hostOf(subnet, 250) },
          Gateway: hostOf(subnet, 1),
          Pool: subnet,
        },
      ],
      IPv6Data: [],
    };
  }

  joinRequest(ids: Ids): RequestFor<"NetworkDriver.Join"> {
    return { ...ids, SandboxKey: this.sandboxKey, Options: onePort };
  }

  /** @returns the network's id, where it was made */
  async createNetwork(clause: ClauseId, subnet: string): Promise<string | undefined> {
    const NetworkID = newId();
    const outcome = await this.exam.call(
      "NetworkDriver.CreateNetwork",
      this.networkRequest(NetworkID, subnet),
    );
    const answer = this.exam.succeeds(clause, `CreateNetwork ${subnet}`, outcome);
    return answer === undefined ? undefined : NetworkID;
  }

  async deleteNetwork(NetworkID: string, clause: ClauseId = "network.delete"): Promise<void> {
    const outcome = await this.exam.call("NetworkDriver.DeleteNetwork", { NetworkID });
    this.exam.succeeds(clause, "DeleteNetwork", outcome);
  }

  /** @returns the endpoint's ids, where it was made */
  async createEndpoint(
    clause: ClauseId,
    NetworkID: string,
    Address: string,
    MacAddress = "",
  ): Promise<Ids | undefined> {
    const { exam } = this;
    const ids = newEndpoint(NetworkID);
    const outcome = await exam.call("NetworkDriver.CreateEndpoint", {
      ...ids,
      Interface: { Address, AddressIPv6: "", MacAddress },
      Options: { ...onePort, ...(MacAddress && { [labels.macAddress]: macAddressAsBytes(MacAddress) }) },
    });
    const answer = exam.succeeds(clause, `CreateEndpoint with ${Address} ${MacAddress}`.trim(), outcome);
    if (answer === undefined) return undefined;
    const chosen = answer.Interface ?? { Address: "", AddressIPv6: "", MacAddress: "" };
    const shown = JSON.stringify(chosen);
    exam.expect("endpoint.given", chosen.Address === "", `given ${Address}, answered ${shown}`);
    if (MacAddress !== "")
      exam.expect("endpoint.given", chosen.MacAddress === "", `given ${MacAddress}, answered ${shown}`);
    const wellFormed =
      (chosen.MacAddress === "" || isMac(chosen.MacAddress)) &&
      (chosen.Address === "" || isCidr(chosen.Address, 4)) &&
      (chosen.AddressIPv6 === "" || isCidr(chosen.AddressIPv6, 6));
    exam.expect("endpoint.chosen", wellFormed, shown);
    return ids;
  }

  async deleteEndpoint(clause: ClauseId, { NetworkID, EndpointID }: Ids): Promise<void> {
    const outcome = await this.exam.call("NetworkDriver.DeleteEndpoint", { NetworkID, EndpointID });
    this.exam.succeeds(clause, "DeleteEndpoint", outcome);
  }
}

/** Number `host` of an IPv4 subnet that is a /24 or larger, as CIDR. */
export function hostOf(subnet: string, host: number): string {
  return subnet.replace(/\.\d+\//, `.${host}/`);
}
