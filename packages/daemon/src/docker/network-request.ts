/**
 * What Docker's clients ask of a new network, as the library takes it.
 */
import { invalid, type NetworkOptions } from "@causeway/libnetwork";
import type { NetworkCreateRequest } from "./schemas.ts";

export function networkOptions(body: NetworkCreateRequest): NetworkOptions {
  const { ConfigFrom, IPAM = {} } = body;
  const config = (IPAM.Config ?? []).map(({ Subnet, IPRange, Gateway, AuxiliaryAddresses }) => ({
    ...(filled(Subnet) && { subnet: Subnet }),
    ...(filled(IPRange) && { ipRange: IPRange }),
    ...(filled(Gateway) && { gateway: Gateway }),
    ...(AuxiliaryAddresses !== undefined && { auxiliaryAddresses: AuxiliaryAddresses }),
  }));
  const ipam = {
    // Docker's clients call the one that is taken anyway by its name.
    driver: IPAM.Driver || "default",
    options: IPAM.Options ?? {},
    config: config.filter((entry) => Object.keys(entry).length > 0),
  };
  const common = {
    attachable: body.Attachable ?? false,
    ingress: body.Ingress ?? false,
    labels: body.Labels ?? {},
    ...scopeOf(body.Scope),
  };
  // With a configuration from elsewhere, its fields are left out: Docker's clients send them empty.
  if (filled(ConfigFrom?.Network)) {
    return {
      ...common,
      configFrom: ConfigFrom.Network,
      ...(config.length > 0 && { ipam }),
      ...(body.Internal === true && { internal: true }),
      ...(body.EnableIPv6 === true && { ipv6: true }),
      ...(body.ConfigOnly === true && { configOnly: true }),
      ...(Object.keys(body.Options ?? {}).length > 0 && { driverOptions: body.Options ?? {} }),
    };
  }
  return {
    ...common,
    ipam,
    ipv4: body.EnableIPv4 ?? true,
    ...(body.EnableIPv6 !== undefined && { ipv6: body.EnableIPv6 }),
    internal: body.Internal ?? false,
    configOnly: body.ConfigOnly ?? false,
    driverOptions: body.Options ?? {},
  };
}

/** @throws invalid_option */
export function scopeOf(scope: string | undefined): { readonly scope?: "local" | "global" } {
  if (!filled(scope)) return {};
  if (scope === "local") return { scope };
  if (scope === "swarm" || scope === "global") return { scope: "global" };
  throw invalid("invalid_option", `invalid scope "${scope}": there are local and swarm`, scope);
}

function filled(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
