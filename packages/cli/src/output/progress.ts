/**
 * What is shown while something lasts: a line on the terminal that is wiped away again. Never in a file or a pipe.
 */
import type { Output } from "./output.ts";

/** What takes less is over before anybody wonders. Milliseconds. */
const patience = 500;
const step = 100;
const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Answers with what the promise answers with. @param doing `making network "n1"` */
export async function whileWaiting<T>({ screen }: Output, doing: string, promise: Promise<T>): Promise<T> {
  if (screen === undefined) return promise;
  const started = Date.now();
  let drawn = false;
  const draw = () => {
    const passed = Date.now() - started;
    const frame = frames[Math.floor(passed / step) % frames.length];
    drawn = true;
    screen.write(`\r\u001b[K${frame} ${doing} (${(passed / 1000).toFixed(1)} s)`);
  };
  let ticking: NodeJS.Timeout | undefined;
  const waiting = setTimeout(() => {
    draw();
    ticking = setInterval(draw, step);
  }, patience);
  try {
    return await promise;
  } finally {
    clearTimeout(waiting);
    clearInterval(ticking);
    if (drawn) screen.write("\r\u001b[K");
  }
}
