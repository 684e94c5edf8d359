/**
 * The table of methods: each is `POST /<name>`. Sources: moby's pkg/plugins, libnetwork/drivers/remote and ipams/remote, and recorded
 * conversations of dockerd 20.10 (testdata/).
 */
import type { Static, TSchema } from "typebox";
import type { Message, Written } from "./go-json.ts";
import * as ipam from "./ipam-driver.ts";
import * as network from "./network-driver.ts";
import { ActivateResponse, Nothing } from "./plugin.ts";

interface MethodDefinition<Request extends TSchema, Response extends TSchema> {
  readonly request: Request;
  readonly response: Response;
  /** The field of an answer that carries an error. */
  readonly errorField: "Err" | "Error";
  /** dockerd goes on where the plugin does not know the method (404). */
  readonly optional: boolean;
  /** Asking twice does what asking once does: it is asked again when a connection breaks before the answer. */
  readonly repeatable: boolean;
}

interface Traits {
  readonly optional?: boolean;
  readonly repeatable?: boolean;
}

function networkMethod<Request extends TSchema, Response extends TSchema>(
  request: Request,
  response: Response,
  { optional = false, repeatable = false }: Traits = {},
): MethodDefinition<Request, Response> {
  return { request, response, errorField: "Err", optional, repeatable };
}

function ipamMethod<Request extends TSchema, Response extends TSchema>(
  request: Request,
  response: Response,
  { optional = false, repeatable = false }: Traits = {},
): MethodDefinition<Request, Response> {
  return { request, response, errorField: "Error", optional, repeatable };
}

/** Reads only. */
const repeatable = { repeatable: true };
const optional = { optional: true };

export const methods = {
  "Plugin.Activate": networkMethod(Nothing, ActivateResponse, repeatable),

  "NetworkDriver.GetCapabilities": networkMethod(Nothing, network.GetCapabilitiesResponse, repeatable),
  "NetworkDriver.GwAllocCheck": networkMethod(
    network.GwAllocCheckRequest,
    network.GwAllocCheckResponse,
    repeatable,
  ),
  "NetworkDriver.AllocateNetwork": networkMethod(
    network.AllocateNetworkRequest,
    network.AllocateNetworkResponse,
  ),
  "NetworkDriver.FreeNetwork": networkMethod(network.FreeNetworkRequest, Nothing),
  "NetworkDriver.CreateNetwork": networkMethod(network.CreateNetworkRequest, Nothing),
  "NetworkDriver.DeleteNetwork": networkMethod(network.DeleteNetworkRequest, Nothing),
  "NetworkDriver.CreateEndpoint": networkMethod(
    network.CreateEndpointRequest,
    network.CreateEndpointResponse,
  ),
  "NetworkDriver.EndpointOperInfo": networkMethod(
    network.EndpointRequest,
    network.EndpointOperInfoResponse,
    repeatable,
  ),
  "NetworkDriver.DeleteEndpoint": networkMethod(network.EndpointRequest, Nothing),
  "NetworkDriver.Join": networkMethod(network.JoinRequest, network.JoinResponse),
  "NetworkDriver.Leave": networkMethod(network.EndpointRequest, Nothing),
  "NetworkDriver.ProgramExternalConnectivity": networkMethod(
    network.ExternalConnectivityRequest,
    Nothing,
    optional,
  ),
  "NetworkDriver.RevokeExternalConnectivity": networkMethod(network.EndpointRequest, Nothing, optional),
  "NetworkDriver.DiscoverNew": networkMethod(network.DiscoveryRequest, Nothing),
  "NetworkDriver.DiscoverDelete": networkMethod(network.DiscoveryRequest, Nothing),

  // Any failure is taken for a plugin from before there were capabilities: it has none.
  "IpamDriver.GetCapabilities": ipamMethod(Nothing, ipam.GetIpamCapabilitiesResponse, {
    optional: true,
    repeatable: true,
  }),
  "IpamDriver.GetDefaultAddressSpaces": ipamMethod(Nothing, ipam.GetDefaultAddressSpacesResponse, repeatable),
  "IpamDriver.RequestPool": ipamMethod(ipam.RequestPoolRequest, ipam.RequestPoolResponse),
  "IpamDriver.ReleasePool": ipamMethod(ipam.ReleasePoolRequest, Nothing),
  "IpamDriver.RequestAddress": ipamMethod(ipam.RequestAddressRequest, ipam.RequestAddressResponse),
  "IpamDriver.ReleaseAddress": ipamMethod(ipam.ReleaseAddressRequest, Nothing),
} as const;

/** `NetworkDriver.Join` ... */
export type MethodName = keyof typeof methods;

/** A request as the plugin gets it. */
export type RequestOf<M extends MethodName> = Message<Static<(typeof methods)[M]["request"]>>;
/** A request as it is sent. */
export type RequestFor<M extends MethodName> = Written<Static<(typeof methods)[M]["request"]>>;
/** An answer as it arrives: whole. */
export type ResponseOf<M extends MethodName> = Message<Static<(typeof methods)[M]["response"]>>;
/** An answer as a plugin gives it. */
export type ResponseFor<M extends MethodName> = Written<Static<(typeof methods)[M]["response"]>>;

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}
