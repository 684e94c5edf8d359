/**
 * ServedDriver: a driver of ours as the handlers of a network plugin.
 *
 * What dockerd is told is stored before: it may be killed, and so may we, and dockerd does not tell us again what we had. Making: the kernel first, then
 * the record. Taking away: the record first, then the kernel; what no record knows is swept at the next start. What is asked for twice, as dockerd does
 * when a connection broke, is answered as the first time.
 */
import type { NetworkDriverHandlers, RequestOf, ResponseFor } from "@causeway/plugin-sdk";
import { createEndpoint, deleteEndpoint, endpointOperInfo } from "./served-endpoints.ts";
import { join, leave, programExternalConnectivity, revokeExternalConnectivity } from "./served-joins.ts";
import { createNetwork, deleteNetwork } from "./served-networks.ts";
import type { ServedDriverParts } from "./served-parts.ts";

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

  createNetwork(request: RequestOf<"NetworkDriver.CreateNetwork">) {
    return createNetwork(this.#parts, request);
  }

  deleteNetwork(request: RequestOf<"NetworkDriver.DeleteNetwork">) {
    return deleteNetwork(this.#parts, request);
  }

  createEndpoint(request: RequestOf<"NetworkDriver.CreateEndpoint">) {
    return createEndpoint(this.#parts, request);
  }

  endpointOperInfo(request: RequestOf<"NetworkDriver.EndpointOperInfo">) {
    return endpointOperInfo(this.#parts, request);
  }

  deleteEndpoint(request: RequestOf<"NetworkDriver.DeleteEndpoint">) {
    return deleteEndpoint(this.#parts, request);
  }

  join(request: RequestOf<"NetworkDriver.Join">) {
    return join(this.#parts, request);
  }

  leave(request: RequestOf<"NetworkDriver.Leave">) {
    return leave(this.#parts, request);
  }

  programExternalConnectivity(request: RequestOf<"NetworkDriver.ProgramExternalConnectivity">) {
    return programExternalConnectivity(this.#parts, request);
  }

  revokeExternalConnectivity(request: RequestOf<"NetworkDriver.RevokeExternalConnectivity">) {
    return revokeExternalConnectivity(this.#parts, request);
  }
}
