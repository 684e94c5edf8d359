/**
 * causeway stats
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxStatistics } from "@causeway/daemon/api";
import type { Client } from "../../client/client.ts";
import type { CommandDefinition } from "../../command.ts";
import { CliError, exitCodes, usageError } from "../../errors.ts";
import { type Listing, showList } from "../../output/listing.ts";
import type { Output } from "../../output/output.ts";
import { bytesText, type Sample, type Traffic, trafficOf } from "./rates.ts";

interface Options {
  /** False by `--no-stream`. */
  readonly stream?: boolean;
  readonly interval: number;
  readonly format?: string;
  readonly json?: boolean;
}

const listing: Listing<Traffic> = {
  fields: {
    Container: { title: "CONTAINER", text: ({ container }) => container },
    Interface: { title: "INTERFACE", text: ({ interface: name }) => name },
    RxRate: { title: "RX/S", text: ({ rxRate }) => rateText(rxRate) },
    TxRate: { title: "TX/S", text: ({ txRate }) => rateText(txRate) },
    Rx: { title: "RX", text: ({ rxBytes }) => bytesText(rxBytes) },
    Tx: { title: "TX", text: ({ txBytes }) => bytesText(txBytes) },
    RxPackets: { title: "RX PACKETS", text: ({ rxPackets }) => String(rxPackets) },
    TxPackets: { title: "TX PACKETS", text: ({ txPackets }) => String(txPackets) },
    Faults: { title: "ERRORS AND DROPS", text: ({ faults }) => String(faults) },
  },
  columns: ["Container", "Interface", "RxRate", "TxRate", "Rx", "Tx", "Faults"],
  id: ({ container }) => container,
};

function rateText(rate: number | undefined): string {
  return rate === undefined ? "-" : `${bytesText(rate)}/s`;
}

export const stats: CommandDefinition<Options> = {
  define: (command) =>
    command
      .argument("[container...]", "these alone")
      .option("--no-stream", "one look, and end")
      .option("--interval <seconds>", "between two looks", secondsOf, 1)
      .option("--format <template>", "json, table, or a Go template for each interface")
      .option("--json", "everything, as a JSON array a look"),
  examples: [
    { line: "causeway stats", says: "traffic of every interface, live, until Ctrl-C" },
    {
      line: "causeway stats --no-stream --format '{{.Container}} {{.Rx}}' c1",
      says: "one look at one container",
    },
  ],
  completes: ["sandbox"],
  async run({ client, output, args, options, signal }) {
    let before: Sample | undefined;
    while (!signal.aborted) {
      const sample = await look(client, args);
      await show(output, sample, before, options);
      before = sample;
      if (options.stream === false) return undefined;
      await sleep(options.interval * 1000, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  },
};

/** @throws where a container is named that there is not: at the first look it is a slip, and later it has gone */
async function look(client: Client, wanted: readonly string[]): Promise<Sample> {
  const sandboxes = await client.list<SandboxStatistics>("/statistics");
  const isOf = ({ sandbox, containerId, name }: SandboxStatistics, reference: string) =>
    reference === name || containerId.startsWith(reference) || sandbox.startsWith(reference);
  const missing = wanted.find((reference) => !sandboxes.some((each) => isOf(each, reference)));
  if (missing !== undefined)
    throw new CliError(
      exitCodes.notFound,
      `no container "${missing}" has a network now: causeway ls tells those that run`,
    );
  const isWanted = (each: SandboxStatistics) =>
    wanted.length === 0 || wanted.some((reference) => isOf(each, reference));
  return { time: performance.now(), sandboxes: sandboxes.filter(isWanted) };
}

async function show(
  output: Output,
  sample: Sample,
  before: Sample | undefined,
  options: Options,
): Promise<void> {
  const { format, json } = options;
  if (json === true) {
    output.write(`${JSON.stringify(sample.sandboxes)}\n`);
    return;
  }
  // From the top, over what stood there: as top does it.
  if (output.isTerminal && options.stream !== false && format === undefined) output.write("\u001b[H\u001b[J");
  await showList(output, trafficOf(sample, before), listing, format === undefined ? {} : { format });
}

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (seconds >= 0.1 && seconds <= 3600) return seconds;
  throw usageError(`--interval "${text}" is not from 0.1 to 3600 seconds`);
}
