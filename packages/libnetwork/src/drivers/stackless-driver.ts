/**
 * StacklessDriver: the `host` and the `null` network. Their endpoints have neither interface nor address: a sandbox in
 * the one uses the host's own stack, in the other it has none but its loopback.
 */
import type {
  Driver,
  DriverTraits,
  EndpointState,
  JoinAnswer,
  NetworkSpec,
  WithheldBinding,
} from "../contracts/driver.ts";
import type { PlainData } from "../contracts/store.ts";
import { parseObject } from "../options/parse.ts";

const nothing: JoinAnswer = {
  interface: undefined,
  gatewayIpv4: undefined,
  gatewayIpv6: undefined,
  staticRoutes: [],
};

export class StacklessDriver implements Driver {
  readonly type: string;
  readonly scope = "local";
  readonly traits: DriverTraits;

  /** @param sharesHost true for `host`: only the host's own sandbox may join */
  constructor(type: string, sharesHost: boolean) {
    this.type = type;
    this.traits = { singleton: true, addressless: true, sharesHost, remote: false };
  }

  validateNetwork({ options }: Pick<NetworkSpec, "options">): void {
    parseObject({}, options, `driverOptions of the ${this.type} driver`);
  }

  createNetwork(): PlainData {
    return null;
  }

  deleteNetwork(): void {}

  createEndpoint(): EndpointState {
    return { bindings: [] };
  }

  deleteEndpoint(): void {}

  join(): JoinAnswer {
    return nothing;
  }

  leave(): void {}

  endpointOperInfo(): Readonly<Record<string, PlainData>> {
    return {};
  }

  restoreNetwork(): void {}

  restoreEndpoint(): readonly WithheldBinding[] {
    return [];
  }

  close(): void {}
}
