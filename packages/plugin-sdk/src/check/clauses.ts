/**
 * What a plugin has to keep, each with an id that stays. `must`: dockerd, or a container, fails without it. `should`: it goes wrong some day.
 */

export interface Clause {
  readonly level: "must" | "should";
  readonly text: string;
}

const must = (text: string): Clause => ({ level: "must", text });
const should = (text: string): Clause => ({ level: "should", text });

export const clauses = {
  "activate.answers": must(
    "POST /Plugin.Activate with an empty body is answered with status 200 and a JSON object",
  ),
  "activate.implements": must("Implements of that answer names NetworkDriver or IpamDriver"),
  "activate.again": must("It is answered the same at any time again: every start of every dockerd asks"),

  "http.host": must(
    "Requests are answered whatever their Host: older dockerds leave it empty, newer ones say plugin.moby.localhost",
  ),
  "http.type": must("Requests are answered without a Content-Type: dockerd sends none"),
  "http.side-by-side": must("Requests that come side by side are each answered"),
  "http.pieces": must("A request that arrives in pieces is read whole"),
  "http.hang-up": must(
    "A caller that hangs up in the middle of a request, or before the answer, is no reason to end",
  ),
  "http.get": should("A GET is not taken for a call"),
  "http.unknown-method": must(
    "A method that the plugin does not know is answered with status 404, which dockerd tolerates where it can",
  ),

  "answer.comes": must("Every call is answered, in time, and the connection does not break before"),
  "answer.size": must("An answer is no larger than 1 MiB"),
  "answer.form": must(
    "A success has status 200 and a JSON object or null, with fields of the types that the protocol says",
  ),
  "answer.error-field": must(
    "A failure is told in Err by a network driver, in Error by an IPAM: the other one is taken for a success",
  ),

  "request.unknown-fields": must("Fields that the plugin does not know are ignored: later versions add some"),
  "request.null": must("null, or nothing, is taken for an empty list or map: Go writes both"),
  "request.large": should("A request of 256 KiB is read: labels and ports have no limit in dockerd"),
  "request.huge": should("A request of 8 MiB is answered or cut off, and the next one is answered"),
  "request.deep": should("A request that is nested 5,000 deep is answered"),
  "request.malformed": must("A body that is not JSON is refused"),
  "request.wrong-type": must("A field of a wrong type is refused"),
  "request.no-ids": should("A request without the ids that it is about is refused"),
  "request.survives": must("After requests that were refused, the plugin goes on answering"),

  "network.scope": must(
    "GetCapabilities says the Scope local or global; dockerd refuses the driver otherwise",
  ),
  "network.connectivity-scope": must("ConnectivityScope is local, global or left out"),
  "network.alloc-check": must("Who says GwAllocChecker answers GwAllocCheck"),
  "network.create": must("CreateNetwork makes a network of one IPv4 subnet"),
  "network.several": must("A second network is made beside the first"),
  "network.internal": must("A network with com.docker.network.internal is made and deleted, or refused"),
  "network.ipv6": must("A network of both families is made, with an endpoint of both, or refused"),
  "network.allocate": must(
    "Who says the Scope global answers AllocateNetwork and FreeNetwork: swarm's managers ask",
  ),
  "network.create-again": must(
    "CreateNetwork with an id that is there succeeds or is refused (dockerd asks again when a connection breaks), and the network can be used afterwards",
  ),
  "network.delete": must("DeleteNetwork takes a network away that has no endpoints"),
  "network.remake": must("What was deleted can be made again, with the same subnet"),
  "network.delete-unknown": should("DeleteNetwork of a network that is not there is answered"),
  "network.delete-busy": should("DeleteNetwork of a network that has endpoints is answered"),

  "endpoint.create": must("CreateEndpoint makes an endpoint with the address that it is given"),
  "endpoint.given": must(
    "A value that CreateEndpoint was given does not come back in Interface, not even the same: dockerd fails",
  ),
  "endpoint.chosen": must("What comes back in Interface is a MAC, or a CIDR of its family"),
  "endpoint.mac": must("A MAC that the user asks for (in Interface, and as base64 among Options) is taken"),
  "endpoint.without-address": must(
    "An endpoint without an address (null IPAM) is made and deleted, or refused",
  ),
  "endpoint.info": must("EndpointOperInfo is answered with an object as Value, or without"),
  "endpoint.unknown-network": must("CreateEndpoint on a network that is not there is refused"),
  "endpoint.delete": must("DeleteEndpoint takes an endpoint away that has left"),
  "endpoint.delete-unjoined": must(
    "DeleteEndpoint takes an endpoint away that never joined: so dockerd rolls back",
  ),
  "endpoint.remake": must(
    "The address of a deleted endpoint can be given to a new one: so a container starts again",
  ),
  "endpoint.delete-unknown": should("DeleteEndpoint of an endpoint that is not there is answered"),
  "endpoint.delete-joined": should(
    "DeleteEndpoint of an endpoint that has not left is answered: so dockerd removes by force",
  ),
  "endpoint.create-again": must(
    "CreateEndpoint with an id that is there succeeds or is refused (dockerd asks again when a connection breaks), and the endpoint can be joined afterwards",
  ),
  "endpoint.side-by-side": must("Endpoints that are made and joined side by side are all made and joined"),
  "endpoint.info-unknown": should("EndpointOperInfo of an endpoint that is not there is answered"),

  "join.succeeds": must(
    "Join answers for an endpoint that is there, with ports and a sandbox among what it is given",
  ),
  "join.interface": must(
    "InterfaceName, where it is given, has a SrcName that a link can have (1 to 15 bytes, no slash, no space) and a DstPrefix",
  ),
  "join.distinct": must("Two endpoints that are joined have different SrcNames"),
  "join.gateway": must(
    "Gateway is an IPv4 address and GatewayIPv6 an IPv6 address, without prefix length, or empty",
  ),
  "join.gateway-inside": should("Gateway is an address in the network's subnet"),
  "join.routes": must("A static route has a CIDR as Destination, the type 0 with a NextHop or 1 without one"),
  "join.unknown-endpoint": must("Join of an endpoint that is not there is refused"),
  "leave.succeeds": must("Leave answers for an endpoint that is joined"),
  "leave.rejoin": should("An endpoint that has left can join again"),
  "join.again": should("Join of an endpoint that is joined is answered"),
  "leave.again": should("Leave of an endpoint that has left is answered"),

  "external.program": must("ProgramExternalConnectivity succeeds, or is not known (404)"),
  "external.revoke": must("RevokeExternalConnectivity succeeds, or is not known (404)"),
  "discover.answers": should(
    "DiscoverNew and DiscoverDelete are answered; dockerd logs the failure otherwise",
  ),

  "ipam.capabilities": must("GetCapabilities is answered with two booleans, or refused, or not known"),
  "ipam.address-spaces": must("GetDefaultAddressSpaces names a local and a global one"),
  "ipam.pool-any": must("RequestPool without Pool gives any: with a PoolID and a CIDR, or is refused"),
  "ipam.pool-given": must("RequestPool with a Pool gives that one"),
  "ipam.pool-family": must("RequestPool with V6 gives an IPv6 pool, or is refused"),
  "ipam.address-ipv6": must(
    "RequestAddress from an IPv6 pool gives an address in it, with its prefix length",
  ),
  "ipam.sub-pool": must("With a SubPool, addresses are chosen from it, or the request is refused"),
  "ipam.pool-again": must("A pool that was released can be requested again"),
  "ipam.pool-release": must("ReleasePool succeeds when all its addresses are released"),
  "ipam.unknown-pool": must("RequestAddress from a pool that is not there is refused"),
  "ipam.pool-invalid": must("RequestPool with a Pool that is no CIDR is refused"),
  "ipam.pool-held": should(
    "RequestPool with a Pool that is held is refused, unless the IPAM is one for RequiresRequestReplay",
  ),
  "ipam.sub-pool-outside": should("A SubPool that is not in the Pool is refused"),
  "ipam.address": must("RequestAddress gives an address in the pool, with the pool's prefix length"),
  "ipam.address-null-options": must("RequestAddress takes null as Options: dockerd sends it for endpoints"),
  "ipam.address-distinct": must("No address is given twice while it is held"),
  "ipam.address-exact": must("RequestAddress with an Address gives that one"),
  "ipam.address-taken": must("RequestAddress with an Address that is held is refused"),
  "ipam.address-outside": must("RequestAddress with an Address outside the pool is refused"),
  "ipam.address-invalid": must("RequestAddress with an Address that is none is refused"),
  "ipam.side-by-side": must(
    "RequestAddress that is asked side by side gives everybody another one, or refuses",
  ),
  "ipam.release-unknown": should("ReleaseAddress and ReleasePool of what is not held are answered"),
  "ipam.address-release": must("ReleaseAddress succeeds, and the address can be requested again"),
  "ipam.gateway": must(
    "RequestAddress with RequestAddressType com.docker.network.gateway gives an address in the pool",
  ),
  "ipam.mac": must("Who says RequiresMACAddress takes a MAC among Options"),
  "ipam.replay": must(
    "Who says RequiresRequestReplay gives the pool and the gateway again, the same, when dockerd has started anew",
  ),

  "restart.answers": must("After a restart it answers within 10 s, and is what it was"),
  "restart.network": must(
    "A network that was made before a restart can be used after it: dockerd does not make it again",
  ),
  "restart.endpoint": must("An endpoint that was joined before a restart can leave and be deleted after it"),
  "restart.address": must("An address that was given before a restart is held after it, and can be released"),
} as const satisfies Readonly<Record<string, Clause>>;

export type ClauseId = keyof typeof clauses;
