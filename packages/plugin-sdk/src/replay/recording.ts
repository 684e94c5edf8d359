/**
 * A recorded conversation: a JSON list of exchanges, in the order in which they began.
 */
import Type, { type Static } from "typebox";
import { messageOf, PluginError } from "../errors.ts";
import { type Message, readMessage } from "../protocol/index.ts";

const RecordedExchange = Type.Object({
  step: Type.String({ description: "What the user did: `docker network create ...`." }),
  tMs: Type.Integer({ description: "Milliseconds from the beginning." }),
  method: Type.String({ minLength: 1, description: "POST" }),
  path: Type.String({ minLength: 1, description: "/NetworkDriver.Join" }),
  headers: Type.Record(Type.String(), Type.String(), { description: "The request's, names in lower case." }),
  rawRequest: Type.String({ description: "The request's body, byte for byte." }),
  status: Type.Integer(),
  response: Type.Unknown({ description: "The answer's body, parsed." }),
});

export type RecordedExchange = Message<Static<typeof RecordedExchange>>;

/** @throws PluginError recording_invalid */
export function parseRecording(text: string): readonly RecordedExchange[] {
  try {
    return readMessage(Type.Array(RecordedExchange), JSON.parse(text));
  } catch (error) {
    throw new PluginError("recording_invalid", `this is no recorded conversation: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** `NetworkDriver.Join` of `/NetworkDriver.Join`. */
export function methodOf({ path }: Pick<RecordedExchange, "path">): string {
  return path.slice(1);
}
