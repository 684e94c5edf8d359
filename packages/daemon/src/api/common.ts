/**
 * What many requests and answers of the CNM API share.
 */
import Type, { type Static, type TSchema } from "typebox";

/** An object that takes no other fields: a slip in a name is an error, never ignored. */
export const strict = { additionalProperties: false } as const;

export const Id = Type.String({
  pattern: "^[0-9a-f]{64}$",
  description: "64 hexadecimal digits.",
});

export const Labels = Type.Record(Type.String({ maxLength: 1024 }), Type.String({ maxLength: 65536 }), {
  description: "The user's own, by name.",
});

export const Opaque = Type.Record(Type.String({ maxLength: 1024 }), Type.Unknown());

/** The body of every answer from 400 on. */
export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      code: Type.String({ description: "Stable, to compare with: `network_not_found` ..." }),
      kind: Type.Union([
        Type.Literal("not_found"),
        Type.Literal("conflict"),
        Type.Literal("invalid"),
        Type.Literal("forbidden"),
        Type.Literal("unavailable"),
        Type.Literal("unsupported"),
        Type.Literal("internal"),
      ]),
      message: Type.String({ description: "What was wrong, with the value, and the mend." }),
      detail: Type.Optional(
        Type.Unknown({ description: "The value that was refused, or what stands in the way." }),
      ),
      operation: Type.Optional(Type.String({ description: "Id of the operation, as it stands in the log." })),
    }),
  },
  { title: "Error" },
);
export type ErrorBody = Static<typeof ErrorBody>;

/** A page of a list, with what continues it. */
export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({
    items: Type.Array(item),
    next: Type.Optional(Type.String({ description: "`cursor` of the next page; absent on the last one." })),
  });
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** The query of every list. */
export const pageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: "Most items of a page." }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 256, description: "`next` of the page before." })),
};
export const PageQuery = Type.Object(pageQuery, strict);
export type PageQuery = Static<typeof PageQuery>;

/** The query of what takes none. */
export const NoQuery = Type.Object({}, strict);

/** The body of an answer that says nothing but 204. */
export const NoAnswer = Type.Null();

/** Filters that several lists have. */
export const nameFilter = Type.Optional(
  Type.String({ maxLength: 1024, description: "Those with this in their name." }),
);
export const labelFilter = Type.Optional(
  Type.Union(
    [Type.String({ maxLength: 4096 }), Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 64 })],
    {
      description: "Those with this label, `name` or `name=value`; given more than once, with all of them.",
    },
  ),
);
/** A reference in a path. */
export const reference = Type.String({
  maxLength: 1024,
  description: "Id, name, or the beginning of an id that no other has.",
});
