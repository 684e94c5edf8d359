/**
 * The process itself: time, memory, descriptors, and how late the event loop is.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { files } from "@causeway/kernel";
import { Gauge, type Registry } from "prom-client";
import { counter, gauge } from "./gauges.ts";

/** Measures until it is disposed of. */
export function measureProcess(registry: Registry): Disposable {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const started = Date.now() / 1000 - process.uptime();
  gauge(
    registry,
    "process_start_time_seconds",
    "When the process was started, since the epoch.",
    () => started,
  );
  counter(registry, "process_cpu_seconds_total", "Time on a processor.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge(registry, "process_resident_memory_bytes", "Memory that is in use.", () => process.memoryUsage.rss());
  gauge(
    registry,
    "process_open_fds",
    "Open file descriptors.",
    () => files.readdirSync("/proc/self/fd").length,
  );
  new Gauge({
    name: "causeway_event_loop_delay_seconds",
    help: "How long the event loop took to come to a timer of 10 ms, since the last look.",
    labelNames: ["quantile"] as const,
    registers: [registry],
    collect() {
      if (delay.count === 0) return;
      for (const quantile of [0.5, 0.9, 0.99]) this.set({ quantile }, delay.percentile(quantile * 100) / 1e9);
      this.set({ quantile: 1 }, delay.max / 1e9);
      delay.reset();
    },
  });
  return { [Symbol.dispose]: () => void delay.disable() };
}
