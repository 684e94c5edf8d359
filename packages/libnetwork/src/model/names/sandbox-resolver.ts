/**
 * The resolver in a sandbox: whether it answers there, from when until when, and what it is told.
 */
import type { Engine } from "../engine.ts";
import type { NetworkRecord } from "../records.ts";
import type { SandboxCore } from "../sandbox-core.ts";
import { isNamed, sandboxNames } from "./sandbox-names.ts";

/** Whether its questions are answered by the resolver: as in Docker, the default network alone has none. */
export function hasResolver(sandbox: SandboxCore): boolean {
  if (sandbox.engine.parts.resolver === undefined) return false;
  return [...sandbox.joined].some(
    (endpoint) => isNamed(endpoint) && !endpoint.record.options.disableResolution,
  );
}

/** The resolver is going to be asked, where this is a network that somebody made. */
export function expectQuestions(engine: Engine, { predefined }: Pick<NetworkRecord, "predefined">): void {
  if (!predefined) engine.parts.resolver?.start();
}

/** Makes a namespace ready that a run before made, and whose sandbox has no resolver: whoever asks there is not to wait in vain. */
export function prepareResolver({ engine, record: { namespace, ownsNamespace } }: SandboxCore): void {
  if (namespace !== undefined && ownsNamespace) engine.parts.resolver?.prepare(namespace);
}

/**
 * Has its questions answered, unless they are already; when they are, {@link whenAnswered} says.
 *
 * @param again where they are already, what is missing in the sandbox is made again
 */
export function openResolver(sandbox: SandboxCore, { again = false } = {}): void {
  const { engine, id, namespace, answered } = sandbox;
  const { resolver } = engine.parts;
  if (resolver === undefined || namespace === undefined || (answered && !again)) return;
  resolver.open(id, namespace);
  sandbox.answered = true;
}

/** @throws resolver_failed, and the next to join tries again */
export async function whenAnswered(sandbox: SandboxCore): Promise<void> {
  if (!sandbox.answered) return;
  try {
    await sandbox.engine.parts.resolver?.opened(sandbox.id);
  } catch (error) {
    closeResolver(sandbox);
    throw error;
  }
}

/** What keeps a sandbox that has a resolver from being answered; undefined: nothing. */
export async function obstacleToNames(sandbox: SandboxCore): Promise<string | undefined> {
  if (sandbox.namespace === undefined || !hasResolver(sandbox)) return undefined;
  return sandbox.engine.parts.resolver?.obstacle(sandbox.id);
}

/** @throws resolver_failed */
export async function answerAgain(sandbox: SandboxCore): Promise<void> {
  openResolver(sandbox, { again: true });
  tellNames(sandbox);
  await whenAnswered(sandbox);
}

export function closeResolver(sandbox: SandboxCore): void {
  if (!sandbox.answered) return;
  sandbox.answered = false;
  sandbox.engine.parts.resolver?.close(sandbox.id);
}

/** Tells the resolver what has changed. */
export function tellNames(sandbox: SandboxCore): void {
  if (sandbox.answered) sandbox.engine.parts.resolver?.tell(sandboxNames(sandbox));
}
