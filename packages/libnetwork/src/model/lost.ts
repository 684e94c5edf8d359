/**
 * Lost sandboxes: the namespace went with a reboot, with its last process or by somebody's hand, and what was in it is no more.
 * The sandbox is there until it is deleted, and its endpoints keep their addresses, names and host ports as long: a container
 * that is made anew gets them. Nothing of it is left in the kernel. It is not stored: whoever opens finds it out again.
 */
import { unavailable } from "../errors.ts";
import { revoke } from "./gateway/external-connectivity.ts";
import { closeResolver } from "./names/sandbox-resolver.ts";
import type { SandboxCore } from "./sandbox-core.ts";
import { forgetMember, reviewMember } from "./services/balancing.ts";
import { finishing } from "./undo.ts";

/** What happens to what is asked of a lost sandbox, and what is told of one that is found lost. */
export function sandboxLost({ name, namespace }: SandboxCore): Error {
  const place = namespace === undefined ? "" : ` at ${namespace.path}`;
  const message = `the network namespace of container "${name}"${place} is gone: delete the sandbox and make it anew`;
  return unavailable("sandbox_lost", message);
}

/** @throws sandbox_deleted, sandbox_lost */
export function assertAlive(sandbox: SandboxCore): void {
  sandbox.assertUsable();
  if (sandbox.lost) throw sandboxLost(sandbox);
}

/**
 * The namespace of a sandbox has been found gone: its endpoints are cut off, and it is told. Those that share its stack are lost
 * with it. Whoever calls holds the locks of the one whose stack it is and of its endpoints.
 */
export async function markLost({ stack }: SandboxCore): Promise<void> {
  if (stack.lost || stack.deleted) return;
  stack.stackLost = true;
  stack.routing = undefined;
  stack.leftInterfaces = [];
  closeResolver(stack);
  const leave = [...stack.joined].flatMap((endpoint) => [
    () => revoke(endpoint, stack),
    // A plugin is told once, when the endpoint leaves what is left of the sandbox.
    () => endpoint.driver.traits.remote || endpoint.driver.leave(endpoint.network.id, endpoint.id),
  ]);
  await finishing(
    `cutting off lost sandbox "${stack.name}"`,
    ...leave,
    ...[...stack.joined].flatMap((endpoint) => [() => reviewMember(endpoint), () => forgetMember(endpoint)]),
    ...[...stack.joined].map((endpoint) => () => stack.engine.global?.left(endpoint)),
    () => announceLost(stack),
    () => stack.engine.global?.ingress.lost(stack),
  );
}

/** Tells it of the sandbox and of those that share its stack, to who subscribes only after the start too. */
export function announceLost(stack: SandboxCore): void {
  const { events } = stack.engine;
  for (const sandbox of [stack, ...stack.sharers])
    events.emit("sandbox:lost", sandbox, { container: sandbox.name });
}
