/**
 * How a call of the check ended.
 */

export type Outcome<Body = unknown> =
  | { readonly kind: "success"; readonly body: Body }
  /** `text`: what the plugin says. */
  | { readonly kind: "refusal"; readonly text: string; readonly status: number }
  /** 404 */
  | { readonly kind: "unknown"; readonly text: string; readonly status: 404 }
  /** No answer, or none that can be read: noted already. */
  | { readonly kind: "nothing"; readonly text: string };

export function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case "success":
      return `succeeded: ${JSON.stringify(outcome.body)}`;
    case "refusal":
      return `refused: ${outcome.text}`;
    case "unknown":
      return "404";
    case "nothing":
      return outcome.text;
  }
}
