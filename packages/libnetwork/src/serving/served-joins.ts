/**
 * Endpoints in and out of dockerd's sandboxes, and their published ports.
 */
import type { RequestOf, ResponseFor } from "@causeway/plugin-sdk";
import type { JoinAnswer } from "../contracts/driver.ts";
import { conflict } from "../errors.ts";
import { undoing } from "../model/undo.ts";
import type { ServedEndpoint } from "./records.ts";
import { joinResponse, portMappings } from "./requests.ts";
import { keep, type ServedDriverParts } from "./served-parts.ts";

type Ids = RequestOf<"NetworkDriver.Leave">;

export function join(
  parts: ServedDriverParts,
  request: RequestOf<"NetworkDriver.Join">,
): Promise<ResponseFor<"NetworkDriver.Join">> {
  const { driver, links, owed, mutex } = parts;
  return mutex.run([request.EndpointID], () =>
    undoing(async (undo) => {
      const record = parts.objects.endpoint(request);
      const { id, networkId } = record.spec;
      const { SandboxKey: path } = request;
      if (isJoinedThere(parts, record, path))
        return joinResponse(answerOf(parts, record), sourceOf(parts, record));
      // It left, or its sandbox is gone without a word.
      if (owed.take(id) || record.joined) await driver.leave(networkId, id);
      const sandbox = { sandboxId: sandboxIdOf(path), path };
      const answer = await driver.join(networkId, id, sandbox);
      undo.push(() => driver.leave(networkId, id));
      const { directConnect = false } = parts.objects.network(networkId);
      const { spec, interfaceName: name } = record;
      const isInside = directConnect && links.putInside({ spec, name, path }, answer);
      const source = isInside ? undefined : links.make(spec, answer);
      keep(parts, { ...record, joined: true, inside: isInside ? path : undefined });
      return joinResponse(answer, source);
    }),
  );
}

/** It was asked for before, and nothing has come of it yet that cannot be said again. */
function isJoinedThere(
  { links }: ServedDriverParts,
  { spec, joined, inside }: ServedEndpoint,
  path: string,
): boolean {
  if (!joined) return false;
  return inside === undefined ? links.waits(spec.id) : inside === path && links.areThere(spec.id);
}

function sourceOf({ links }: ServedDriverParts, { spec, inside }: ServedEndpoint): string | undefined {
  return inside === undefined ? links.sourceName(spec.id) : undefined;
}

function answerOf(parts: ServedDriverParts, { spec }: ServedEndpoint): JoinAnswer {
  const answer = parts.driver.joinAnswer?.(spec.networkId, spec.id);
  if (answer !== undefined) return answer;
  throw conflict("endpoint_joined", `endpoint ${spec.name} has joined: let it leave first`, spec.id);
}

/** Nothing passes any more. The rest is done when dockerd has taken the container's end out. */
export function leave(parts: ServedDriverParts, { NetworkID, EndpointID: id }: Ids): Promise<void> {
  const { driver, objects, links, owed, mutex } = parts;
  return mutex.run([id], async () => {
    const record = objects.endpoints.get(id);
    if (record?.joined !== true || record.spec.networkId !== NetworkID) return;
    const { bindings } = record.state;
    keep(parts, { ...record, state: { ...record.state, bindings: [] }, joined: false });
    links.block(id);
    owed.expect(id, () =>
      mutex.run([id], async () => {
        if (owed.take(id)) await driver.leave(NetworkID, id);
      }),
    );
    if (bindings.length > 0) await driver.unpublish?.(NetworkID, id, bindings);
  });
}

export function programExternalConnectivity(
  parts: ServedDriverParts,
  request: RequestOf<"NetworkDriver.ProgramExternalConnectivity">,
): Promise<void> {
  const { driver, links, mutex } = parts;
  return mutex.run([request.EndpointID], async () => {
    const record = parts.objects.endpoint(request);
    const { id, networkId } = record.spec;
    // dockerd has just brought it up: the first packet is not to be lost.
    links.catchUp(id);
    const mappings = portMappings(request.Options);
    const isInternal = parts.objects.network(networkId).spec.internal;
    // What stands already was asked for before the connection broke.
    if (mappings.length === 0 || isInternal || record.state.bindings.length > 0) return;
    await undoing(async (undo) => {
      const state = await driver.publish?.(networkId, id, mappings);
      if (state === undefined) return;
      undo.push(() => driver.unpublish?.(networkId, id, state.bindings));
      keep(parts, { ...record, state });
    });
  });
}

export function revokeExternalConnectivity(
  parts: ServedDriverParts,
  { NetworkID, EndpointID: id }: Ids,
): Promise<void> {
  const { driver, objects, mutex } = parts;
  return mutex.run([id], async () => {
    const record = objects.endpoints.get(id);
    if (record === undefined || record.spec.networkId !== NetworkID) return;
    const { bindings } = record.state;
    if (bindings.length === 0) return;
    keep(parts, { ...record, state: { ...record.state, bindings: [] } });
    await driver.unpublish?.(NetworkID, id, bindings);
  });
}

/** dockerd's name of the namespace. */
function sandboxIdOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
