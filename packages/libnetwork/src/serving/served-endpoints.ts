/**
 * Endpoints, made, told of and deleted for dockerd.
 */
import type { RequestOf, ResponseFor } from "@causeway/plugin-sdk";
import type { EndpointInterface, EndpointSpec } from "../contracts/driver.ts";
import { conflict } from "../errors.ts";
import { undoing } from "../model/undo.ts";
import { farEndName } from "./endpoint-links.ts";
import { remove, type ServedEndpoint, type ServedNetwork } from "./records.ts";
import { checkedId, chosenMac, wantedInterface, wantedName } from "./requests.ts";
import type { ServedObjects } from "./served-objects.ts";
import { dissolve, keep, type ServedDriverParts } from "./served-parts.ts";

type Addresses = Pick<EndpointInterface, "ipv4" | "ipv6">;
type Ids = RequestOf<"NetworkDriver.DeleteEndpoint">;

export function createEndpoint(
  parts: ServedDriverParts,
  request: RequestOf<"NetworkDriver.CreateEndpoint">,
): Promise<ResponseFor<"NetworkDriver.CreateEndpoint">> {
  const id = checkedId(request.EndpointID);
  const wanted = wantedInterface(request);
  const interfaceName = wantedName(request);
  const { NetworkID } = request;
  const { mutex, objects } = parts;
  // One at a time in a network, for no two are to get the same address.
  const keys = () => [NetworkID, id, ...earlier(parts, NetworkID, wanted).map(({ spec }) => spec.id)];
  return mutex.run(keys, async () => {
    const network = parts.objects.network(NetworkID);
    const before = objects.endpoints.get(id);
    if (before !== undefined) return sameAnswer(before, network, wanted);
    refuseSameLink(objects, id);
    await forgetEarlier(parts, NetworkID, wanted);
    const mac = wanted.mac ?? chosenMac(wanted, (one) => macTaken(parts, network.spec.id, one));
    const { ipv4, ipv6 } = wanted;
    const spec: EndpointSpec = {
      id,
      networkId: network.spec.id,
      name: id.slice(0, 12),
      interface: { mac, ipv4, ipv6 },
      options: {},
      publish: [],
      macChosen: false,
      exposedPorts: [],
    };
    return makeEndpoint(parts, { spec, macChosen: !wanted.macGiven, interfaceName });
  });
}

function makeEndpoint(
  parts: ServedDriverParts,
  made: Pick<ServedEndpoint, "spec" | "macChosen" | "interfaceName">,
): Promise<ResponseFor<"NetworkDriver.CreateEndpoint">> {
  const { driver } = parts;
  const { spec } = made;
  return undoing(async (undo) => {
    const state = await driver.createEndpoint(spec);
    undo.push(() => driver.deleteEndpoint(spec.networkId, spec.id));
    const record: ServedEndpoint = { ...made, state, joined: false };
    keep(parts, record);
    return endpointAnswer(record);
  });
}

export function endpointOperInfo(
  parts: ServedDriverParts,
  { NetworkID, EndpointID }: RequestOf<"NetworkDriver.EndpointOperInfo">,
): ResponseFor<"NetworkDriver.EndpointOperInfo"> {
  const { spec, state } = parts.objects.endpoint({ NetworkID, EndpointID });
  const published = state.bindings.map(
    ({ protocol, hostAddress, hostPort, containerAddress, containerPort }) =>
      `${protocol} ${hostAddress} ${hostPort} to ${containerAddress} ${containerPort}`,
  );
  return { Value: { ...parts.driver.endpointOperInfo(spec.networkId, spec.id), published } };
}

export function deleteEndpoint(parts: ServedDriverParts, { NetworkID, EndpointID: id }: Ids): Promise<void> {
  const { store, objects, mutex } = parts;
  return mutex.run([id], async () => {
    const record = objects.endpoints.get(id);
    if (record === undefined || record.spec.networkId !== NetworkID) return;
    store.commitSoon([remove("served-endpoint", id)]);
    await dissolve(parts, NetworkID, id);
  });
}

/**
 * An address that dockerd gives to another endpoint is that one's now: the earlier one it has forgotten, for it was killed before it wrote it down. One that is
 * in a sandbox stays.
 */
async function forgetEarlier(parts: ServedDriverParts, networkId: string, wanted: Addresses): Promise<void> {
  const { store, links } = parts;
  for (const { spec, joined } of earlier(parts, networkId, wanted)) {
    if (joined && links.areThere(spec.id)) throw addressInUse(spec);
    store.commitSoon([remove("served-endpoint", spec.id)]);
    await dissolve(parts, networkId, spec.id);
  }
}

function earlier(
  parts: ServedDriverParts,
  networkId: string,
  { ipv4, ipv6 }: Addresses,
): readonly ServedEndpoint[] {
  return parts.objects
    .endpointsOf(networkId)
    .filter(
      ({ spec: { interface: other } }) =>
        (ipv4 !== undefined && other.ipv4 === ipv4) || (ipv6 !== undefined && other.ipv6 === ipv6),
    );
}

function macTaken(parts: ServedDriverParts, networkId: string, mac: string): boolean {
  return parts.objects.endpointsOf(networkId).some(({ spec }) => spec.interface.mac === mac);
}

/** Links are named by the beginning of an id: what is done to one's would be done to the other's. @throws endpoint_id_taken */
function refuseSameLink({ endpoints }: ServedObjects, id: string): void {
  const name = farEndName(id);
  for (const { spec } of endpoints.values())
    if (farEndName(spec.id) === name)
      throw conflict(
        "endpoint_id_taken",
        `endpoint ${spec.id} begins with the same digits: choose another id`,
        id,
      );
}

function sameAnswer(
  record: ServedEndpoint,
  network: ServedNetwork,
  { ipv4, ipv6, mac, macGiven }: ReturnType<typeof wantedInterface>,
): ResponseFor<"NetworkDriver.CreateEndpoint"> {
  const { spec, macChosen } = record;
  const before = spec.interface;
  const isSame =
    spec.networkId === network.spec.id &&
    before.ipv4 === ipv4 &&
    before.ipv6 === ipv6 &&
    macChosen === !macGiven &&
    (mac ?? before.mac) === before.mac;
  if (isSame) return endpointAnswer(record);
  throw conflict(
    "endpoint_exists",
    `endpoint ${spec.name} is there already, and is another one: delete it first`,
    spec.id,
  );
}

function endpointAnswer({ spec, macChosen }: ServedEndpoint): ResponseFor<"NetworkDriver.CreateEndpoint"> {
  return { Interface: macChosen ? { MacAddress: spec.interface.mac } : {} };
}

function addressInUse({ name, interface: { ipv4, ipv6 } }: EndpointSpec): Error {
  return conflict(
    "address_in_use",
    `endpoint ${name} has ${ipv4 ?? ipv6} and is in a sandbox: choose another address`,
  );
}
