/**
 * Names as the CNM API shows them.
 */
import type {
  Lookup as LookupAnswer,
  NetworkName as NameInNetwork,
  NameRecord as NameRecordOf,
  Network,
  NetworkController,
  Trace as TraceAnswer,
} from "@causeway/libnetwork";
import type { Lookup, NameRecord, NameRecords, NetworkName, Trace } from "../api/index.ts";

export function recordsResource(network: Network): NameRecords {
  return { records: network.records().map(recordResource) };
}

function recordResource(record: NameRecordOf): NameRecord {
  return record.type === "TXT" ? { ...record, texts: [...record.texts] } : { ...record };
}

export function nameResource({
  endpointId,
  sandboxId,
  host,
  names,
  ports,
  ...rest
}: NameInNetwork): NetworkName {
  return {
    endpoint: endpointId,
    ...(sandboxId !== undefined && { sandbox: sandboxId }),
    ...(host !== undefined && { host }),
    names: [...names],
    ...rest,
    namedPorts: [...ports],
  };
}

export function lookupResource(lookup: LookupAnswer): Lookup {
  return { ...lookup, answers: [...lookup.answers] };
}

/** Endpoints with their names, as far as they are still there. */
export function traceResource({ steps, ...lookup }: TraceAnswer, controller: NetworkController): Trace {
  return {
    ...lookupResource(lookup),
    steps: steps.map((step) => {
      if (step.at !== "network") return step;
      const { endpointIds, ...found } = step;
      const network = controller.networkById(step.networkId);
      const endpoints = endpointIds.map((id) => ({ id, name: network?.endpointById(id)?.name ?? "" }));
      return { ...found, endpoints };
    }),
  };
}
