/**
 * Lists in pages. The order is that of creation, and a cursor says after which place the next page begins, so that nothing is shown
 * twice or left out when others come and go meanwhile.
 */
import { type Endpoint as EndpointHandle, invalid } from "@causeway/libnetwork";
import type { Endpoint, PageQuery } from "../api/index.ts";
import { endpointResource } from "./endpoint-resource.ts";

interface Listed {
  readonly id: string;
  /** When it was made. */
  readonly created: Date | number;
}

interface PageAnswer<Item> {
  items: Item[];
  next?: string;
}

const usualLimit = 100;

/** @throws invalid_cursor */
export function pageOfItems<T extends Listed, Item>(
  items: readonly T[],
  { limit = usualLimit, cursor }: PageQuery,
  resource: (item: T) => Item,
): PageAnswer<Item> {
  const after = cursor === undefined ? undefined : placeIn(cursor);
  const sorted = items
    .map((item) => ({ item, place: placeOf(item) }))
    .sort((a, b) => compare(a.place, b.place));
  const rest = after === undefined ? sorted : sorted.filter(({ place }) => compare(place, after) > 0);
  const page = rest.slice(0, limit);
  const last = rest.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(({ item }) => resource(item)),
    ...(last !== undefined && { next: cursorOf(last.place) }),
  };
}

interface Place {
  readonly created: number;
  readonly id: string;
}

function placeOf({ id, created }: Listed): Place {
  return { created: Number(created), id };
}

function compare(a: Place, b: Place): number {
  return a.created - b.created || (a.id < b.id ? -1 : Number(a.id > b.id));
}

function cursorOf({ created, id }: Place): string {
  return Buffer.from(`${created} ${id}`).toString("base64url");
}

function placeIn(cursor: string): Place {
  const [, created, id] =
    /^(\d{1,16}) ([0-9a-f]{64})$/.exec(Buffer.from(cursor, "base64url").toString()) ?? [];
  if (created !== undefined && id !== undefined) return { created: Number(created), id };
  throw invalid(
    "invalid_cursor",
    `cursor: "${cursor}" is none of ours: give "next" of the page before`,
    cursor,
  );
}

/** Of endpoints, whose time of creation is stored and not shown. */
export async function endpointPages(
  endpoints: readonly EndpointHandle[],
  query: PageQuery,
): Promise<PageAnswer<Endpoint>> {
  const listed = endpoints.map((endpoint) => ({
    id: endpoint.id,
    created: endpoint.record.created,
    endpoint,
  }));
  const page = pageOfItems(listed, query, ({ endpoint }) => endpoint);
  return { ...page, items: await Promise.all(page.items.map(endpointResource)) };
}
