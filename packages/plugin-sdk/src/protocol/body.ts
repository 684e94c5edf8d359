/**
 * Bodies as they are on the wire.
 */

/** As dockerd writes it: on a line of its own, and no body where there is nothing to say. */
export function requestBody(request: object): string {
  return Object.keys(request).length === 0 ? "" : `${JSON.stringify(request)}\n`;
}

/** @returns undefined for what is no JSON. An answer's content type says nothing: plugins name any, and dockerd does not look. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
