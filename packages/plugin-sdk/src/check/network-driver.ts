/**
 * A network driver through its life: as dockerd was recorded to lead it, and off that way.
 */
import { randomBytes } from "node:crypto";
import { isAddress, isCidr, isMac } from "../client/index.ts";
import { labels, macAddressAsBytes, type ResponseOf } from "../protocol/index.ts";
import type { Examination } from "./examination.ts";
import { isInside } from "./subnets.ts";

export interface NetworkCheckOptions {
  /** What the user would give with `-o`, where the driver needs some. */
  readonly options?: Readonly<Record<string, string>>;
  /** Subnet of the first network. Default: 10.211.0.0/24. The second is the next one. */
  readonly subnets?: readonly [string, string];
  /** IPv6 subnet of the network that has both families. Default: fd00:ca05::/64. */
  readonly subnetIpv6?: string;
  /** What Join is given as the sandbox. Default: a path that is not there. */
  readonly sandboxKey?: string;
}

type Joined = ResponseOf<"NetworkDriver.Join">;

interface Ids {
  readonly NetworkID: string;
  readonly EndpointID: string;
}

const portOptions = {
  [labels.exposedPorts]: [{ Proto: 6, Port: 80 }],
  [labels.portMap]: [{ Proto: 6, IP: "", Port: 80, HostIP: "", HostPort: 0, HostPortEnd: 0 }],
};

export async function checkNetworkDriver(
  exam: Examination,
  options: NetworkCheckOptions = {},
): Promise<void> {
  await new NetworkCheck(exam, options).run();
}

class NetworkCheck {
  readonly #exam: Examination;
  readonly #userOptions: Readonly<Record<string, string>>;
  readonly #subnets: readonly [string, string];
  readonly #subnetIpv6: string;
  readonly #sandboxKey: string;

  constructor(exam: Examination, options: NetworkCheckOptions) {
    this.#exam = exam;
    this.#userOptions = options.options ?? {};
    this.#subnets = options.subnets ?? ["10.211.0.0/24", "10.212.0.0/24"];
    this.#subnetIpv6 = options.subnetIpv6 ?? "fd00:ca05::/64";
    this.#sandboxKey = options.sandboxKey ?? "/var/run/docker/netns/causeway-check";
  }

  async run(): Promise<void> {
    await this.#capabilities();
    const [subnet, second] = this.#subnets;
    const network = await this.#createNetwork("network.create", subnet);
    if (network === undefined) return;
    const other = await this.#createNetwork("network.several", second);
    await this.#oddRequests(network);
    await this.#largeRequest(network);
    await this.#createAgain(network, subnet);
    await this.#endpoints(network, subnet);
    await this.#withoutAddress(network);
    await this.#whatIsNotThere(network);
    await this.#discovery();
    for (const id of [network, other]) if (id !== undefined) await this.#deleteNetwork(id);
    const again = await this.#createNetwork("network.remake", subnet);
    if (again !== undefined) await this.#deleteNetwork(again);
    await this.#internal(subnet);
    await this.#bothFamilies(subnet);
  }

  async #capabilities(): Promise<void> {
    const exam = this.#exam;
    const outcome = await exam.callRaw("NetworkDriver.GetCapabilities", "");
    const answer = exam.succeeds("network.scope", "GetCapabilities", outcome);
    if (answer === undefined) return;
    const { Scope, ConnectivityScope, GwAllocChecker } = answer;
    exam.expect("network.scope", ["local", "global"].includes(Scope), `Scope: "${Scope}"`);
    exam.expect(
      "network.connectivity-scope",
      ["local", "global", ""].includes(ConnectivityScope),
      `ConnectivityScope: "${ConnectivityScope}"`,
    );
    if (Scope === "global") await this.#allocate();
    else exam.skip("network.allocate", "the driver is local");
    if (!GwAllocChecker) return exam.skip("network.alloc-check", "the driver does not want to be asked");
    const Options = { [labels.generic]: this.#userOptions };
    const checked = await exam.call("NetworkDriver.GwAllocCheck", { Options });
    exam.succeeds("network.alloc-check", "GwAllocCheck", checked);
  }

  async #allocate(): Promise<void> {
    const exam = this.#exam;
    const { NetworkID, IPv4Data, IPv6Data } = this.#networkRequest(newId(), this.#subnets[0]);
    const request = { NetworkID, Options: this.#userOptions, IPv4Data, IPv6Data };
    const outcome = await exam.call("NetworkDriver.AllocateNetwork", request);
    if (exam.succeeds("network.allocate", "AllocateNetwork", outcome) === undefined) return;
    const freed = await exam.call("NetworkDriver.FreeNetwork", { NetworkID });
    exam.succeeds("network.allocate", "FreeNetwork", freed);
  }

  /** A driver may have none such: then it says so. */
  async #internal(subnet: string): Promise<void> {
    const exam = this.#exam;
    const request = this.#networkRequest(newId(), subnet);
    const Options = { ...request.Options, [labels.internal]: true };
    const outcome = await exam.call("NetworkDriver.CreateNetwork", { ...request, Options });
    if (outcome.kind === "refusal") return exam.skip("network.internal", `refused: ${outcome.text}`);
    if (exam.succeeds("network.internal", "CreateNetwork, internal", outcome) !== undefined)
      await this.#deleteNetwork(request.NetworkID);
  }

  async #bothFamilies(subnet: string): Promise<void> {
    const exam = this.#exam;
    const prefix = this.#subnetIpv6.replace(/\/.*/, "");
    const request = this.#networkRequest(newId(), subnet);
    const Gateway = `${prefix}1/64`;
    const outcome = await exam.call("NetworkDriver.CreateNetwork", {
      ...request,
      Options: { ...request.Options, [labels.enableIpv6]: true },
      IPv6Data: [{ AddressSpace: "LocalDefault", Gateway, Pool: this.#subnetIpv6 }],
    });
    if (outcome.kind === "refusal") return exam.skip("network.ipv6", `refused: ${outcome.text}`);
    if (exam.succeeds("network.ipv6", "CreateNetwork with IPv6Data", outcome) === undefined) return;
    const ids = newEndpoint(request.NetworkID);
    const Interface = { Address: hostOf(subnet, 7), AddressIPv6: `${prefix}7/64`, MacAddress: "" };
    const made = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: portOptions });
    const answer = exam.succeeds("network.ipv6", "CreateEndpoint with AddressIPv6", made);
    if (answer !== undefined) {
      const { Address = "", AddressIPv6 = "" } = answer.Interface ?? {};
      exam.expect("endpoint.given", Address === "" && AddressIPv6 === "", JSON.stringify(answer.Interface));
      await this.#deleteEndpoint("endpoint.delete-unjoined", ids);
    }
    await this.#deleteNetwork(request.NetworkID);
  }

  async #withoutAddress(network: string): Promise<void> {
    const exam = this.#exam;
    const ids = newEndpoint(network);
    const Interface = { Address: "", AddressIPv6: "", MacAddress: "" };
    const outcome = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options: {} });
    if (outcome.kind === "refusal") return exam.skip("endpoint.without-address", `refused: ${outcome.text}`);
    if (exam.succeeds("endpoint.without-address", "CreateEndpoint without address", outcome) !== undefined)
      await this.#deleteEndpoint("endpoint.delete-unjoined", ids);
  }

  async #createNetwork(
    clause: "network.create" | "network.several" | "network.remake",
    subnet: string,
  ): Promise<string | undefined> {
    const NetworkID = newId();
    const outcome = await this.#exam.call(
      "NetworkDriver.CreateNetwork",
      this.#networkRequest(NetworkID, subnet),
    );
    const answer = this.#exam.succeeds(clause, `CreateNetwork ${subnet}`, outcome);
    return answer === undefined ? undefined : NetworkID;
  }

  #networkRequest(NetworkID: string, subnet: string) {
    return {
      NetworkID,
      Options: { [labels.enableIpv6]: false, [labels.generic]: this.#userOptions },
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

  async #deleteNetwork(NetworkID: string): Promise<void> {
    const outcome = await this.#exam.call("NetworkDriver.DeleteNetwork", { NetworkID });
    this.#exam.succeeds("network.delete", "DeleteNetwork", outcome);
  }

  /** What is no request, and what is one although it does not look so. */
  async #oddRequests(NetworkID: string): Promise<void> {
    const exam = this.#exam;
    const method = "NetworkDriver.CreateEndpoint";
    exam.refuses("request.malformed", `${method} with the body {"`, await exam.callRaw(method, '{"'));
    const wrong = JSON.stringify({ NetworkID, EndpointID: 7, Interface: "none" });
    exam.refuses("request.wrong-type", `${method} ${wrong}`, await exam.callRaw(method, wrong));

    const [subnet] = this.#subnets;
    const extended = { ...newEndpoint(NetworkID), CausewayCheck: { of: ["later"] } };
    const request = { ...extended, Interface: { Address: hostOf(subnet, 2), Causeway: 1 }, Options: {} };
    const outcome = await exam.callRaw(method, JSON.stringify(request));
    exam.expect("http.type", outcome.kind !== "nothing", `${method} without Content-Type`);
    if (exam.succeeds("request.unknown-fields", `${method} with fields of later`, outcome) !== undefined)
      await this.#deleteEndpoint("endpoint.delete-unjoined", extended);

    const ids = newEndpoint(NetworkID);
    const Interface = { Address: hostOf(subnet, 2), AddressIPv6: null, MacAddress: null };
    const sparse = await exam.call(method, { ...ids, Interface, Options: null });
    if (exam.succeeds("request.null", `${method} with null as Options`, sparse) !== undefined)
      await this.#deleteEndpoint("endpoint.delete-unjoined", ids);
  }

  async #largeRequest(NetworkID: string): Promise<void> {
    const exam = this.#exam;
    const ids = newEndpoint(NetworkID);
    const Options = { ...portOptions, "org.causeway.check": "x".repeat(256 * 1024) };
    const Interface = { Address: hostOf(this.#subnets[0], 2) };
    const outcome = await exam.call("NetworkDriver.CreateEndpoint", { ...ids, Interface, Options });
    if (exam.succeeds("request.large", "CreateEndpoint with a label of 256 KiB", outcome) !== undefined)
      await this.#deleteEndpoint("endpoint.delete-unjoined", ids);
  }

  async #createAgain(network: string, subnet: string): Promise<void> {
    const exam = this.#exam;
    const again = await exam.call("NetworkDriver.CreateNetwork", this.#networkRequest(network, subnet));
    exam.answers("network.create-again", "CreateNetwork of what is there", again);
    const ids = newEndpoint(network);
    const outcome = await exam.call("NetworkDriver.CreateEndpoint", {
      ...ids,
      Interface: { Address: hostOf(subnet, 3) },
      Options: {},
    });
    if (exam.succeeds("network.create-again", "CreateEndpoint afterwards", outcome) !== undefined)
      await this.#deleteEndpoint("endpoint.delete-unjoined", ids);
  }

  async #endpoints(network: string, subnet: string): Promise<void> {
    const exam = this.#exam;
    const first = await this.#createEndpoint("endpoint.create", network, hostOf(subnet, 4), "");
    const second = await this.#createEndpoint(
      "endpoint.mac",
      network,
      hostOf(subnet, 5),
      "02:11:22:33:44:55",
    );
    const joined = first === undefined ? undefined : await this.#join(first, subnet);
    const alsoJoined = second === undefined ? undefined : await this.#join(second, subnet);
    const names = [joined, alsoJoined].map((answer) => answer?.InterfaceName?.SrcName);
    if (names[0] !== undefined && names[1] !== undefined)
      exam.expect("join.distinct", names[0] !== names[1], `both have the SrcName "${names[0]}"`);
    else exam.skip("join.distinct", "there are no two interfaces");
    if (first !== undefined) {
      await this.#info(first);
      await this.#externalConnectivity(first);
      await this.#rejoin(first, subnet);
    }
    for (const ids of [first, second])
      if (ids !== undefined) await this.#deleteEndpoint("endpoint.delete", ids);
    const again = await this.#createEndpoint("endpoint.remake", network, hostOf(subnet, 4), "");
    if (again !== undefined) await this.#deleteEndpoint("endpoint.delete-unjoined", again);
  }

  async #createEndpoint(
    clause: "endpoint.create" | "endpoint.mac" | "endpoint.remake",
    NetworkID: string,
    Address: string,
    MacAddress: string,
  ): Promise<Ids | undefined> {
    const exam = this.#exam;
    const ids = newEndpoint(NetworkID);
    const outcome = await exam.call("NetworkDriver.CreateEndpoint", {
      ...ids,
      Interface: { Address, AddressIPv6: "", MacAddress },
      Options: { ...portOptions, ...(MacAddress && { [labels.macAddress]: macAddressAsBytes(MacAddress) }) },
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

  async #deleteEndpoint(clause: "endpoint.delete" | "endpoint.delete-unjoined", ids: Ids): Promise<void> {
    const { NetworkID, EndpointID } = ids;
    const outcome = await this.#exam.call("NetworkDriver.DeleteEndpoint", { NetworkID, EndpointID });
    this.#exam.succeeds(clause, "DeleteEndpoint", outcome);
  }

  async #join(ids: Ids, subnet: string): Promise<Joined | undefined> {
    const exam = this.#exam;
    const request = { ...ids, SandboxKey: this.#sandboxKey, Options: portOptions };
    const answer = exam.succeeds("join.succeeds", "Join", await exam.call("NetworkDriver.Join", request));
    if (answer === undefined) return undefined;
    const { InterfaceName, Gateway, GatewayIPv6, StaticRoutes } = answer;
    if (InterfaceName === undefined) exam.skip("join.interface", "Join names no interface");
    else {
      const { SrcName, DstPrefix } = InterfaceName;
      const usable = /^[^/\s]{1,15}$/.test(SrcName) && /^[^/\s]{1,13}$/.test(DstPrefix);
      exam.expect("join.interface", usable, `InterfaceName: ${JSON.stringify(InterfaceName)}`);
    }
    const gateways =
      (Gateway === "" || isAddress(Gateway, 4)) && (GatewayIPv6 === "" || isAddress(GatewayIPv6, 6));
    exam.expect("join.gateway", gateways, `Gateway: "${Gateway}", GatewayIPv6: "${GatewayIPv6}"`);
    if (Gateway === "") exam.skip("join.gateway-inside", "Join names no gateway");
    else exam.expect("join.gateway-inside", isInside(subnet, Gateway), `${Gateway} is not in ${subnet}`);
    for (const route of StaticRoutes) {
      const { Destination, RouteType, NextHop } = route;
      const usable =
        isCidr(Destination) && (RouteType === 0 ? isAddress(NextHop) : RouteType === 1 && NextHop === "");
      exam.expect("join.routes", usable, JSON.stringify(route));
    }
    if (StaticRoutes.length === 0) exam.skip("join.routes", "Join names no static routes");
    return answer;
  }

  async #info(ids: Ids): Promise<void> {
    const outcome = await this.#exam.call("NetworkDriver.EndpointOperInfo", ids);
    this.#exam.succeeds("endpoint.info", "EndpointOperInfo", outcome);
  }

  async #externalConnectivity(ids: Ids): Promise<void> {
    const exam = this.#exam;
    const program = await exam.call("NetworkDriver.ProgramExternalConnectivity", {
      ...ids,
      Options: portOptions,
    });
    if (program.kind !== "unknown") exam.succeeds("external.program", "ProgramExternalConnectivity", program);
    else exam.expect("external.program", true, "");
    const revoke = await exam.call("NetworkDriver.RevokeExternalConnectivity", ids);
    if (revoke.kind !== "unknown") exam.succeeds("external.revoke", "RevokeExternalConnectivity", revoke);
    else exam.expect("external.revoke", true, "");
  }

  async #rejoin(ids: Ids, subnet: string): Promise<void> {
    const exam = this.#exam;
    exam.succeeds("leave.succeeds", "Leave", await exam.call("NetworkDriver.Leave", ids));
    const request = { ...ids, SandboxKey: this.#sandboxKey, Options: portOptions };
    const outcome = await exam.call("NetworkDriver.Join", request);
    if (exam.succeeds("leave.rejoin", `Join after Leave, in ${subnet}`, outcome) !== undefined)
      exam.succeeds("leave.succeeds", "Leave once more", await exam.call("NetworkDriver.Leave", ids));
  }

  async #whatIsNotThere(network: string): Promise<void> {
    const exam = this.#exam;
    const nowhere = newEndpoint(newId());
    const [subnet] = this.#subnets;
    const created = await exam.call("NetworkDriver.CreateEndpoint", {
      ...nowhere,
      Interface: { Address: hostOf(subnet, 6) },
      Options: {},
    });
    exam.refuses("endpoint.unknown-network", "CreateEndpoint on an unknown network", created);
    const ids = newEndpoint(network);
    const joined = await exam.call("NetworkDriver.Join", {
      ...ids,
      SandboxKey: this.#sandboxKey,
      Options: {},
    });
    exam.refuses("join.unknown-endpoint", "Join of an unknown endpoint", joined);
    const deleted = await exam.call("NetworkDriver.DeleteEndpoint", ids);
    exam.answers("endpoint.delete-unknown", "DeleteEndpoint of an unknown endpoint", deleted);
    const gone = await exam.call("NetworkDriver.DeleteNetwork", { NetworkID: newId() });
    exam.answers("network.delete-unknown", "DeleteNetwork of an unknown network", gone);
  }

  async #discovery(): Promise<void> {
    const exam = this.#exam;
    const node = { DiscoveryType: 1, DiscoveryData: { Address: "192.0.2.1", Self: false } };
    for (const method of ["NetworkDriver.DiscoverNew", "NetworkDriver.DiscoverDelete"] as const) {
      const outcome = await exam.call(method, node);
      if (outcome.kind !== "unknown") exam.succeeds("discover.answers", method, outcome);
      else exam.expect("discover.answers", true, "");
    }
  }
}

function newId(): string {
  return randomBytes(32).toString("hex");
}

function newEndpoint(NetworkID: string): Ids {
  return { NetworkID, EndpointID: newId() };
}

/** Number `host` of an IPv4 subnet that is a /24 or larger, as CIDR. */
function hostOf(subnet: string, host: number): string {
  return subnet.replace(/\.\d+\//, `.${host}/`);
}
