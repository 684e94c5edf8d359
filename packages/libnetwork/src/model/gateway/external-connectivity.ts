/**
 * ProgramExternalConnectivity and RevokeExternalConnectivity: the drivers of a sandbox's ways out are told that they are, what the sandbox
 * serves outside, and when they are no more. The old one is told first: it may hold the host ports that the new one is to take.
 */
import { messageOf } from "../../errors.ts";
import type { EndpointCore } from "../endpoint-core.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import type { UndoStack } from "../undo.ts";
import { externalPorts, gatewayEndpointOf, toldWaysOut } from "./way-out.ts";

/** What the drivers of its ways out are to be told. Ports that an endpoint on the gateway bridge has are nobody else's. */
function wantedOf(sandbox: SandboxCore, hasGateway: boolean): ReadonlyMap<EndpointCore, string> {
  const told = toldWaysOut(sandbox);
  if (told.length === 0) return new Map();
  const ports = externalPorts(sandbox);
  const text = JSON.stringify(hasGateway ? { ...ports, publish: [] } : ports);
  return new Map(told.map((endpoint) => [endpoint, text]));
}

/** Tells those that are ways out no more, or with other ports. One that fails is told of, and stops nothing. */
export async function revokeFormer(
  sandbox: SandboxCore,
  hasGateway: boolean,
  undo: UndoStack,
): Promise<void> {
  const wanted = wantedOf(sandbox, hasGateway);
  for (const [endpoint, text] of [...sandbox.programmed]) {
    if (wanted.get(endpoint) === text) continue;
    try {
      await revoke(endpoint, sandbox);
    } catch (error) {
      sandbox.programmed.delete(endpoint);
      announceTrouble(sandbox, endpoint, error);
    }
    undo.push(() => program(endpoint, sandbox, text));
  }
}

/** Tells those that have become ways out. */
export async function programWaysOut(
  sandbox: SandboxCore,
  hasGateway: boolean,
  undo: UndoStack,
): Promise<void> {
  for (const [endpoint, text] of wantedOf(sandbox, hasGateway)) {
    if (sandbox.programmed.has(endpoint)) continue;
    await program(endpoint, sandbox, text);
    undo.push(() => revoke(endpoint, sandbox));
  }
}

/** As it was told in an earlier run. */
export function noteProgrammed(sandbox: SandboxCore): void {
  sandbox.programmed = new Map(wantedOf(sandbox, gatewayEndpointOf(sandbox) !== undefined));
}

async function program(endpoint: EndpointCore, sandbox: SandboxCore, text: string): Promise<void> {
  const { driver, network, id } = endpoint;
  await driver.programExternalConnectivity?.(network.id, id, JSON.parse(text));
  sandbox.programmed.set(endpoint, text);
}

/** Before it leaves, or when another is the way out. */
export async function revoke(endpoint: EndpointCore, sandbox: SandboxCore): Promise<void> {
  if (!sandbox.programmed.has(endpoint)) return;
  const { driver, network, id } = endpoint;
  await driver.revokeExternalConnectivity?.(network.id, id);
  sandbox.programmed.delete(endpoint);
}

/** What went wrong once the operation itself was done. */
export function announceTrouble(sandbox: SandboxCore, endpoint: EndpointCore, error: unknown): void {
  sandbox.engine.events.emit("sandbox:gateway-trouble", sandbox, {
    network: endpoint.network.id,
    endpoint: endpoint.id,
    error: messageOf(error),
  });
}
