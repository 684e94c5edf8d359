/**
 * How much is taken on at once, and how long anybody is waited for.
 */

export interface Limits {
  /** Largest body that is read, bytes. Default: 1 MiB. */
  readonly body: number;
  /** Largest head of a request, bytes. Default: 16 KiB. */
  readonly head: number;
  /** Deepest nesting of a JSON body. Default: 32. */
  readonly depth: number;
  /** Connections; those beyond are told so, and a quarter more are hung up on. Default: 1024. */
  readonly connections: number;
  /** Requests that are being worked on. Default: 512. */
  readonly requests: number;
  /** Answers that go on for as long as the client listens: events, logs that are followed, waits. Default: 256. */
  readonly streams: number;
  /** Milliseconds in which a request's head must have come. Default: 10 s. */
  readonly headTime: number;
  /** Milliseconds in which a whole request must have come. Default: 60 s. */
  readonly requestTime: number;
  /** Milliseconds that a client may leave an answer unread. Default: 60 s. */
  readonly answerTime: number;
  /** Milliseconds that a connection may be idle between two requests. Default: 60 s. */
  readonly idleTime: number;
  /** Milliseconds that the event loop may be late, twice in a row, before requests are refused. Default: 1 s. */
  readonly lateness: number;
}

export const defaultLimits: Limits = {
  body: 1 << 20,
  head: 16 << 10,
  depth: 32,
  connections: 1024,
  requests: 512,
  streams: 256,
  headTime: 10_000,
  requestTime: 60_000,
  answerTime: 60_000,
  idleTime: 60_000,
  lateness: 1000,
};
