/**
 * What is put in order in sandboxes that were taken up, once the firewall stands: files, routes, and interfaces that are not there any more.
 */
import type { SeenInterface } from "../contracts/netstack.ts";
import type { Engine } from "./engine.ts";
import { noteProgrammed } from "./gateway/external-connectivity.ts";
import { settleGateway } from "./gateway/review.ts";
import { renew } from "./membership.ts";
import { reviewHostFiles } from "./names/host-files.ts";
import {
  hasResolver,
  openResolver,
  prepareResolver,
  tellNames,
  whenAnswered,
} from "./names/sandbox-resolver.ts";
import { noteProblem } from "./problems.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { route } from "./sandbox-routing.ts";
import { balance, noteMembers } from "./services/balancing.ts";

/** Puts sandboxes in order whose routes or interfaces are not as they were left, and has their questions answered. Before it the firewall stands. */
export async function mendSandboxes(engine: Engine): Promise<void> {
  await mendEach(engine);
  for (const sandbox of engine.sandboxes) {
    try {
      await whenAnswered(sandbox);
    } catch (error) {
      noteProblem(engine, { kind: "sandbox", id: sandbox.id, name: sandbox.name, error });
    }
  }
}

async function mendEach(engine: Engine): Promise<void> {
  // All are known before the first hosts file is looked at.
  for (const sandbox of engine.sandboxes) engine.hostLinks.update(sandbox);
  for (const network of engine.networks) for (const service of network.services) noteMembers(service);
  for (const sandbox of engine.sandboxes) {
    // What is wrong with it is told already.
    if (engine.unrestored.has(sandbox.id)) continue;
    try {
      await mendSandbox(engine, sandbox);
      if (sandbox.owner === undefined) balance(sandbox);
      if (!sandbox.lost) serveNames(sandbox);
    } catch (error) {
      noteProblem(engine, { kind: "sandbox", id: sandbox.id, name: sandbox.name, error });
    }
  }
}

function serveNames(sandbox: SandboxCore): void {
  if (hasResolver(sandbox)) {
    openResolver(sandbox);
    tellNames(sandbox);
  } else prepareResolver(sandbox);
}

/** A run that was killed may have left other routes, and somebody's hand may have taken interfaces. */
async function mendSandbox(engine: Engine, sandbox: SandboxCore): Promise<void> {
  const { joined, namespace } = sandbox;
  if (sandbox.lost) return;
  if (sandbox.owner === undefined) reviewHostFiles(sandbox);
  if (namespace === undefined || joined.size === 0) return;
  const live = engine.parts.netstack.interfaceStates(namespace);
  const bare = [...joined].filter(({ record: { join } }) => {
    const made = join?.interface;
    // One that is down was about to be made anew.
    const isWhole = ({ index, name, up }: SeenInterface) => index === made?.index && name === made.name && up;
    return made !== undefined && !live.some(isWhole);
  });
  for (const endpoint of bare) joined.delete(endpoint);
  // A run that was killed in the middle of a join or a leave has left the rules and routes of who is not there.
  sandbox.routing = engine.parts.netstack.leftPolicy(namespace);
  route(sandbox);
  for (const endpoint of bare) joined.add(endpoint);
  noteProgrammed(sandbox);
  // Opening waits for no plugin: the doctor tells of links of its that are gone, and a repair has it asked.
  for (const endpoint of bare) if (!endpoint.driver.traits.remote) await renew(endpoint, sandbox);
  await settleGateway(sandbox);
}
