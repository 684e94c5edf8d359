/**
 * Which endpoint or service is meant: `NAME`, an id, the beginning of one, or `NETWORK/NAME` where several networks have the name.
 */
import { type Client, path } from "../client/client.ts";
import { usageError } from "../errors.ts";
import { named } from "./names.ts";

/** What has a name of its network's own. */
interface InNetwork {
  readonly name: string;
  readonly network: { readonly name: string };
}

export type KindInNetwork = "endpoint" | "service";

/** The object, whole. */
export function findInNetwork<T extends InNetwork>(
  client: Client,
  kind: KindInNetwork,
  reference: string,
): Promise<T> {
  const slash = reference.indexOf("/");
  if (slash < 0) return named(client, kind, reference, () => byNameOrId<T>(client, kind, reference));
  const [network, name] = [reference.slice(0, slash), reference.slice(slash + 1)];
  return named(client, "network", network, () =>
    named(client, kind, name, () => client.get<T>(path("networks", network, `${kind}s`, name))),
  );
}

/** The daemon knows them by their ids: names are a network's own. */
async function byNameOrId<T extends InNetwork>(
  client: Client,
  kind: KindInNetwork,
  reference: string,
): Promise<T> {
  const listed = await client.list<T>(`/${kind}s`, { query: { name: reference } });
  const [found, ...more] = listed.filter(({ name }) => name === reference);
  if (found === undefined) return client.get<T>(path(`${kind}s`, reference));
  if (more.length === 0) return found;
  const choices = [found, ...more].map(({ network, name }) => `${network.name}/${name}`);
  const article = kind === "endpoint" ? "an" : "a";
  throw usageError(`several networks have ${article} ${kind} "${reference}": write ${choices.join(" or ")}`);
}
