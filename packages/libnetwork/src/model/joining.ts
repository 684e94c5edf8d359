/**
 * Joining: how an endpoint gets into a sandbox.
 */
import type { JoinAnswer } from "../contracts/driver.ts";
import type { NamespacePlace } from "../contracts/netstack.ts";
import { forbidden } from "../errors.ts";
import type { EndpointCore } from "./endpoint-core.ts";
import { externalPorts } from "./gateway/way-out.ts";
import { refuseOverlaps } from "./global/overlap.ts";
import { refuseYielded } from "./global/yielded.ts";
import { asking, note } from "./intents/asking.ts";
import type { Step } from "./intents/step.ts";
import { leaveStep } from "./leaving.ts";
import { assertAlive } from "./lost.ts";
import { announceNames } from "./names/host-files.ts";
import { isNamed } from "./names/sandbox-names.ts";
import { openResolver, whenAnswered } from "./names/sandbox-resolver.ts";
import { joinOrder } from "./records.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { announceGateway, interfacesGone, route, takeOut } from "./sandbox-routing.ts";
import { balance, hasServices, reviewMember } from "./services/balancing.ts";
import { refuseShared } from "./sharing.ts";
import type { UndoStack } from "./undo.ts";

/** Everything of a join but storing it. */
export async function prepareJoin(
  endpoint: EndpointCore,
  sandbox: SandboxCore,
  undo: UndoStack,
): Promise<void> {
  endpoint.assertUsable();
  refuseJoined(endpoint);
  refuseYielded(endpoint);
  refuseOverlaps(endpoint, sandbox);
  assertJoinable(sandbox, endpoint.driver.traits.sharesHost);
  await interfacesGone(sandbox);
  await endpoint.engine.parts.netstack.sweptLinksGone();
  // Another thread does it meanwhile.
  if (isNamed(endpoint)) openResolver(sandbox);
  const { engine, driver, network, id } = endpoint;
  await engine.intents.settle(id);
  await engine.global?.expect(endpoint, undo);
  const joined = new Set([...sandbox.joined, endpoint]);
  const key = {
    sandboxId: sandbox.id,
    path: sandbox.namespace?.path ?? "",
    ...(driver.traits.remote && { ports: externalPorts({ engine, joined }) }),
  };
  const answer = await asking({ engine, id, undo }, driver, leaveStep(endpoint), () =>
    driver.join(network.id, id, key),
  );
  const before = endpoint.record;
  undo.push(() => announceNames(sandbox));
  undo.push(() => serve(endpoint, sandbox));
  endpoint.record = { ...before, join: { sandboxId: sandbox.id, order: nextOrder(sandbox), answer } };
  undo.push(() => {
    endpoint.record = before;
  });
  sandbox.joined.add(endpoint);
  undo.push(() => sandbox.joined.delete(endpoint));
  await populate(endpoint, sandbox, undo);
  announceNames(sandbox);
  serve(endpoint, sandbox);
  await whenAnswered(sandbox);
  await engine.global?.joined(endpoint, sandbox, undo);
}

/** What services mean for the join: those of the network are led to in the sandbox, and one may have a member more, or less again. */
function serve(endpoint: EndpointCore, sandbox: SandboxCore): void {
  if (hasServices(endpoint)) balance(sandbox);
  reviewMember(endpoint);
}

function nextOrder({ joined }: SandboxCore): number {
  const orders = [...joined].map(({ record: { join } }) => (join === undefined ? 0 : joinOrder(join)));
  return Math.max(0, ...orders) + 1;
}

/** Makes the interface of an endpoint that joined before its sandbox had a namespace. */
export async function enter(endpoint: EndpointCore, sandbox: SandboxCore, undo: UndoStack): Promise<void> {
  const { driver, network, id } = endpoint;
  const { join } = endpoint.record;
  if (join === undefined) return;
  undo.push(async () => {
    endpoint.record = { ...endpoint.record, join };
    await driver.leave(network.id, id);
    await driver.join(network.id, id, { sandboxId: sandbox.id, path: "" });
  });
  const answer = driver.joinAnswer?.(network.id, id) ?? join.answer;
  endpoint.record = { ...endpoint.record, join: { ...join, answer } };
  await populate(endpoint, sandbox, undo);
  serve(endpoint, sandbox);
}

/** Makes the interface in the sandbox, if the endpoint has one and the sandbox a namespace. */
async function populate(endpoint: EndpointCore, sandbox: SandboxCore, undo: UndoStack): Promise<void> {
  const { join, interface: addresses, options } = endpoint.record;
  const { namespace } = sandbox;
  if (join === undefined || namespace === undefined) return;
  const { answer } = join;
  if (answer.interface !== undefined) {
    const { netstack, ownerOf } = endpoint.engine.parts;
    await noteGuest(endpoint, answer.interface, namespace, undo);
    const { mac, ...made } = netstack.addInterface({
      namespace,
      owner: ownerOf(endpoint.id),
      interface: answer.interface,
      name: options.interfaceName,
      sysctls: options.sysctls,
      addresses,
      staticRoutes: [...answer.staticRoutes, ...options.staticRoutes],
    });
    undo.push(() => takeOut(sandbox, { ...join, interface: made }));
    const isLinks = addresses.mac === "" && mac !== "";
    endpoint.record = {
      ...endpoint.record,
      interface: isLinks ? { ...addresses, mac } : addresses,
      join: { ...join, interface: made, ...(isLinks && { macOfLink: true }) },
    };
  }
  route(sandbox, undo);
}

/** A link of somebody else's is about to be moved in. */
async function noteGuest(
  { engine, id, driver, record }: EndpointCore,
  { plan, prefix }: NonNullable<JoinAnswer["interface"]>,
  namespace: NamespacePlace,
  undo: UndoStack,
): Promise<void> {
  if (plan.kind !== "move" || !driver.traits.remote) return;
  const { interfaceName: name } = record.options;
  const { sourceName } = plan;
  const back: Step = {
    do: "return-link",
    namespace,
    sourceName,
    prefix,
    ...(name !== undefined && { name }),
  };
  undo.push(() => engine.intents.cross(id, back));
  await note({ engine, id, undo }, back);
}

/** Tells of the join, and of a way out that it changed. */
export function announceJoin(endpoint: EndpointCore): void {
  const { engine, network, record } = endpoint;
  if (record.join === undefined) return;
  engine.events.emit("endpoint:join", endpoint, {
    network: network.id,
    sandbox: record.join.sandboxId,
    interface: record.join.interface?.name ?? "",
  });
  const { sandbox } = endpoint;
  if (sandbox !== undefined) announceGateway(sandbox);
}

function refuseJoined({ name, record: { join }, sandbox }: EndpointCore): void {
  if (join === undefined) return;
  const where = sandbox?.name ?? join.sandboxId;
  throw forbidden(
    "endpoint_joined",
    `endpoint "${name}" is in sandbox "${where}" already: let it leave first`,
  );
}

/** @param sharesHost whether the endpoint is one of the host's own stack */
function assertJoinable(sandbox: SandboxCore, sharesHost: boolean): void {
  assertAlive(sandbox);
  refuseShared(sandbox, "join");
  if (sharesHost === sandbox.record.options.useHostNetwork) return;
  const message = sharesHost
    ? `sandbox "${sandbox.name}" has a stack of its own: make it with useHostNetwork to join the host network`
    : `sandbox "${sandbox.name}" uses the host's network: it cannot join another`;
  throw forbidden("sandbox_of_host", message);
}
