/**
 * causeway dns lookup
 */
import type { Lookup } from "@causeway/daemon/api";
import type { CommandDefinition } from "../../command.ts";
import { jsonLines } from "../../output/json.ts";
import { addListOptions, type Listing, type ListOptions, showList } from "../../output/listing.ts";
import { printable } from "../../output/printable.ts";
import { addQuestion, ask, type QuestionOptions, questionTypes, statusOf } from "./question.ts";
import { whyNot } from "./reasons.ts";

const answerListing: Listing<Lookup["answers"][number]> = {
  fields: {
    Name: { title: "NAME", text: ({ name }) => name },
    Type: { title: "TYPE", text: ({ type }) => type },
    TTL: { title: "TTL", text: ({ ttl }) => String(ttl) },
    Value: { title: "VALUE", text: ({ value }) => value },
  },
  columns: ["Name", "Type", "TTL", "Value"],
  id: ({ value }) => printable(value),
};

export const lookup: CommandDefinition<ListOptions & QuestionOptions> = {
  define: (command) => addListOptions(addQuestion(command), "values alone"),
  examples: [
    {
      line: "causeway dns lookup c1 web",
      says: "what a program in c1 is told; status 1 where it is nothing",
    },
    { line: "causeway dns lookup -q --type AAAA c1 www.example.org", says: "the addresses alone" },
    { line: "causeway dns lookup --type SRV c1 _http._tcp.web", says: "where a service is" },
  ],
  completes: ["container", "none"],
  completesOptions: { "--type": questionTypes },
  async run({ client, output, args, options }) {
    const found = await ask<Lookup>({ client, output }, "lookup", args, options);
    const status = statusOf(found);
    if (options.json === true) output.write(jsonLines(found));
    else if (status === 0) await showList(output, found.answers, answerListing, options);
    if (status !== 0) output.note(`causeway: ${printable(whyNot(found))}; causeway dns trace says more`);
    return status;
  },
};
