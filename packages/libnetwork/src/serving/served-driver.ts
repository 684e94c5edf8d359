/**
 * ServedDriver: a driver of ours as the handlers of a network plugin.
 *
 * What dockerd is told is stored before: it may be killed, and so may we, and dockerd does not tell us again what we had. Making: the kernel first, then
 * the record. Taking away: the record first, then the kernel; what no record knows is swept at the next start. What is asked for twice, as dockerd does
 * when a connection broke, is answered as the first time.
 */
import type { NetworkDriverHandlers, RequestOf, ResponseFor } from "@causeway/plugin-sdk";
import type { Driver, EndpointInterface, EndpointSpec, JoinAnswer } from "../contracts/driver.ts";
import { conflict, notFound } from "../errors.ts";
import type { KeyedMutex } from "../model/keyed-mutex.ts";
import { undoing } from "../model/undo.ts";
import type { EndpointLinks } from "./endpoint-links.ts";
import { farEndName } from "./pair.ts";
import { put, remove, type ServedEndpoint, type ServedNetwork, type ServedStore } from "./records.ts";
import {
  checkedId,
  chosenMac,
  joinResponse,
  networkSpec,
  portMappings,
  wantedInterface,
} from "./requests.ts";
import type { ServedObjects } from "./served-objects.ts";

export interface ServedDriverParts {
  readonly driver: Driver;
  readonly store: ServedStore;
  readonly objects: ServedObjects;
  readonly links: EndpointLinks;
  readonly mutex: KeyedMutex;
  /** Sees to it that the host's other rules let our networks be: with each network, and when dockerd has started anew. */
  readonly letPass: () => Promise<void>;
}

type Addresses = Pick<EndpointInterface, "ipv4" | "ipv6">;
type Ids = RequestOf<"NetworkDriver.Leave">;

export class ServedDriver implements NetworkDriverHandlers {
  readonly #parts: ServedDriverParts;

  constructor(parts: ServedDriverParts) {
    this.#parts = parts;
  }

  async getCapabilities(): Promise<ResponseFor<"NetworkDriver.GetCapabilities">> {
    const { driver, objects, letPass } = this.#parts;
    const { scope } = driver;
    if (objects.networks.size > 0) await letPass();
    return { Scope: scope, ConnectivityScope: scope };
  }

  createNetwork(request: RequestOf<"NetworkDriver.CreateNetwork">): Promise<void> {
    const { driver, store, objects, mutex, letPass } = this.#parts;
    const spec = networkSpec(request);
    return mutex.run([spec.id], async () => {
      const before = objects.networks.get(spec.id);
      if (before !== undefined) return assertSame(before, spec);
      driver.validateNetwork(spec);
      await undoing(async (undo) => {
        const state = await driver.createNetwork(spec);
        undo.push(() => driver.deleteNetwork(spec.id));
        await letPass();
        const record: ServedNetwork = { spec, state };
        store.commit([put("served-network", spec.id, record)]);
        objects.networks.set(spec.id, record);
      });
    });
  }

  /** Endpoints that are in it dockerd has not got any more: it was killed before it wrote them down. */
  deleteNetwork({ NetworkID: id }: RequestOf<"NetworkDriver.DeleteNetwork">): Promise<void> {
    const { driver, store, objects, mutex } = this.#parts;
    const endpointIds = () => objects.endpointsOf(id).map(({ spec }) => spec.id);
    const keys = () => [id, ...endpointIds()];
    return mutex.run(keys, async () => {
      if (!objects.networks.has(id)) return;
      const left = endpointIds();
      store.commit([
        ...left.map((endpointId) => remove("served-endpoint", endpointId)),
        remove("served-network", id),
      ]);
      objects.networks.delete(id);
      for (const endpointId of left) await this.#dissolve(id, endpointId);
      await driver.deleteNetwork(id);
    });
  }

  createEndpoint(
    request: RequestOf<"NetworkDriver.CreateEndpoint">,
  ): Promise<ResponseFor<"NetworkDriver.CreateEndpoint">> {
    const id = checkedId(request.EndpointID);
    const wanted = wantedInterface(request);
    const { NetworkID } = request;
    const { mutex, objects } = this.#parts;
    // One at a time in a network, for no two are to get the same address.
    const keys = () => [NetworkID, id, ...this.#earlier(NetworkID, wanted).map(({ spec }) => spec.id)];
    return mutex.run(keys, async () => {
      const network = this.#network(NetworkID);
      const before = objects.endpoints.get(id);
      if (before !== undefined) return sameAnswer(before, network, wanted);
      refuseSameLink(objects, id);
      await this.#forgetEarlier(NetworkID, wanted);
      const mac = wanted.mac ?? chosenMac(wanted, (one) => this.#macTaken(network.spec.id, one));
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
      return this.#makeEndpoint(spec, !wanted.macGiven);
    });
  }

  #makeEndpoint(
    spec: EndpointSpec,
    macChosen: boolean,
  ): Promise<ResponseFor<"NetworkDriver.CreateEndpoint">> {
    const { driver } = this.#parts;
    return undoing(async (undo) => {
      const state = await driver.createEndpoint(spec);
      undo.push(() => driver.deleteEndpoint(spec.networkId, spec.id));
      const record: ServedEndpoint = { spec, macChosen, state, joined: false };
      this.#keep(record);
      return endpointAnswer(record);
    });
  }

  endpointOperInfo({
    NetworkID,
    EndpointID,
  }: RequestOf<"NetworkDriver.EndpointOperInfo">): ResponseFor<"NetworkDriver.EndpointOperInfo"> {
    const { spec, state } = this.#endpoint({ NetworkID, EndpointID });
    const published = state.bindings.map(
      ({ protocol, hostAddress, hostPort, containerAddress, containerPort }) =>
        `${protocol} ${hostAddress} ${hostPort} to ${containerAddress} ${containerPort}`,
    );
    return { Value: { ...this.#parts.driver.endpointOperInfo(spec.networkId, spec.id), published } };
  }

  deleteEndpoint({ NetworkID, EndpointID: id }: Ids): Promise<void> {
    const { store, objects, mutex } = this.#parts;
    return mutex.run([id], async () => {
      const record = objects.endpoints.get(id);
      if (record === undefined || record.spec.networkId !== NetworkID) return;
      store.commit([remove("served-endpoint", id)]);
      await this.#dissolve(NetworkID, id);
    });
  }

  join(request: RequestOf<"NetworkDriver.Join">): Promise<ResponseFor<"NetworkDriver.Join">> {
    const { driver, links, mutex } = this.#parts;
    return mutex.run([request.EndpointID], () =>
      undoing(async (undo) => {
        const record = this.#endpoint(request);
        const { id, networkId } = record.spec;
        if (record.joined && links.waits(id))
          return joinResponse(this.#answerOf(record), links.sourceName(id));
        // It left, or its sandbox is gone without a word.
        if (record.joined) await driver.leave(networkId, id);
        links.release(id);
        const sandbox = { sandboxId: sandboxIdOf(request.SandboxKey), path: request.SandboxKey };
        const answer = await driver.join(networkId, id, sandbox);
        undo.push(() => links.release(id));
        undo.push(() => driver.leave(networkId, id));
        const source = links.make(record.spec, answer);
        this.#keep({ ...record, joined: true });
        return joinResponse(answer, source);
      }),
    );
  }

  #answerOf({ spec }: ServedEndpoint): JoinAnswer {
    const answer = this.#parts.driver.joinAnswer?.(spec.networkId, spec.id);
    if (answer !== undefined) return answer;
    throw conflict("endpoint_joined", `endpoint ${spec.name} has joined: let it leave first`, spec.id);
  }

  leave({ NetworkID, EndpointID: id }: Ids): Promise<void> {
    const { driver, objects, mutex } = this.#parts;
    return mutex.run([id], async () => {
      const record = objects.endpoints.get(id);
      if (record?.joined !== true || record.spec.networkId !== NetworkID) return;
      const { bindings } = record.state;
      this.#keep({ ...record, state: { ...record.state, bindings: [] }, joined: false });
      await driver.leave(NetworkID, id);
      if (bindings.length > 0) await driver.unpublish?.(NetworkID, id, bindings);
    });
  }

  programExternalConnectivity(
    request: RequestOf<"NetworkDriver.ProgramExternalConnectivity">,
  ): Promise<void> {
    const { driver, links, mutex } = this.#parts;
    return mutex.run([request.EndpointID], async () => {
      const record = this.#endpoint(request);
      const { id, networkId } = record.spec;
      // dockerd has just brought it up: the first packet is not to be lost.
      links.catchUp(id);
      const mappings = portMappings(request.Options);
      const isInternal = this.#network(networkId).spec.internal;
      // What stands already was asked for before the connection broke.
      if (mappings.length === 0 || isInternal || record.state.bindings.length > 0) return;
      await undoing(async (undo) => {
        const state = await driver.publish?.(networkId, id, mappings);
        if (state === undefined) return;
        undo.push(() => driver.unpublish?.(networkId, id, state.bindings));
        this.#keep({ ...record, state });
      });
    });
  }

  revokeExternalConnectivity({ NetworkID, EndpointID: id }: Ids): Promise<void> {
    const { driver, objects, mutex } = this.#parts;
    return mutex.run([id], async () => {
      const record = objects.endpoints.get(id);
      if (record === undefined || record.spec.networkId !== NetworkID) return;
      const { bindings } = record.state;
      if (bindings.length === 0) return;
      this.#keep({ ...record, state: { ...record.state, bindings: [] } });
      await driver.unpublish?.(NetworkID, id, bindings);
    });
  }

  /** Out of the kernel and out of the books; its record is gone. */
  async #dissolve(networkId: string, id: string): Promise<void> {
    const { driver, objects, links } = this.#parts;
    const isJoined = objects.endpoints.get(id)?.joined === true;
    objects.endpoints.delete(id);
    if (isJoined) await driver.leave(networkId, id);
    await driver.deleteEndpoint(networkId, id);
    links.release(id);
  }

  /**
   * An address that dockerd gives to another endpoint is that one's now: the earlier one it has forgotten, for it was killed before it wrote it down. One that is
   * in a sandbox stays.
   */
  async #forgetEarlier(networkId: string, wanted: Addresses): Promise<void> {
    const { store, links } = this.#parts;
    for (const { spec, joined } of this.#earlier(networkId, wanted)) {
      if (joined && links.areThere(spec.id)) throw addressInUse(spec);
      store.commit([remove("served-endpoint", spec.id)]);
      await this.#dissolve(networkId, spec.id);
    }
  }

  #earlier(networkId: string, { ipv4, ipv6 }: Addresses): readonly ServedEndpoint[] {
    return this.#parts.objects
      .endpointsOf(networkId)
      .filter(
        ({ spec: { interface: other } }) =>
          (ipv4 !== undefined && other.ipv4 === ipv4) || (ipv6 !== undefined && other.ipv6 === ipv6),
      );
  }

  #macTaken(networkId: string, mac: string): boolean {
    return this.#parts.objects.endpointsOf(networkId).some(({ spec }) => spec.interface.mac === mac);
  }

  #keep(record: ServedEndpoint): void {
    this.#parts.store.commit([put("served-endpoint", record.spec.id, record)]);
    this.#parts.objects.endpoints.set(record.spec.id, record);
  }

  #network(id: string): ServedNetwork {
    const network = this.#parts.objects.networks.get(id);
    if (network !== undefined) return network;
    throw notFound("network_not_found", `network ${id} is not known here: make it first`, id);
  }

  #endpoint({ NetworkID, EndpointID }: Ids): ServedEndpoint {
    const record = this.#parts.objects.endpoints.get(EndpointID);
    if (record?.spec.networkId === NetworkID) return record;
    throw notFound(
      "endpoint_not_found",
      `network ${NetworkID} has no endpoint ${EndpointID}: make it first`,
      EndpointID,
    );
  }
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

/** The same network asked for again is there. @throws network_exists */
function assertSame({ spec: before }: ServedNetwork, spec: ServedNetwork["spec"]): void {
  if (JSON.stringify(before) === JSON.stringify(spec)) return;
  throw conflict(
    "network_exists",
    `network ${spec.name} is there already, with other options or subnets: delete it first`,
    spec.id,
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

/** dockerd's name of the namespace. */
function sandboxIdOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
