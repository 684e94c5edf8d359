/**
 * Endpoints of which somebody else has an address by now: they are cut off, and wait to be deleted.
 */
import type { HealthItem, SubjectOf } from "../../contracts/health.ts";
import { conflict } from "../../errors.ts";
import type { EndpointCore } from "../endpoint-core.ts";

/** @throws endpoint_yielded */
export function refuseYielded({ name, record }: EndpointCore): void {
  if (record.yielded !== true) return;
  const message = `an address of endpoint "${name}" is that of another host's endpoint by now: delete it, and make it anew`;
  throw conflict("endpoint_yielded", message, name);
}

export function yieldedItems(
  { record }: EndpointCore,
  subject: SubjectOf<"endpoint">,
): readonly HealthItem[] {
  if (record.yielded !== true) return [];
  return [
    {
      code: "endpoint_yielded",
      nature: "lost",
      subject,
      message:
        "this host was away from the cluster for longer than addresses are kept, and an address of it is that of another host's endpoint by now: it is cut off",
      mend: "delete the endpoint, and make it anew",
      repairable: false,
    },
  ];
}
