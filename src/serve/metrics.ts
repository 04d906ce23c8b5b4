import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { App } from "../app.ts";
import type { Call } from "./serving.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export interface Metrics {
  called(call: Call): void;
  answered(path: string, status: number): void;
  refused(why: "unauthorized" | "forbidden" | "rate"): void;
  /** In the text format of Prometheus. */
  text(): Promise<{ type: string; body: string }>;
}

/** Figures for Prometheus. No label holds a handbook, a name or anything else that a caller wrote. */
export function openMetrics(app: App): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name, help, labelNames, registers });
  const calls = counter("handbook_tool_calls_total", "Calls of tools, by outcome.", ["tool", "outcome"]);
  const seconds = new Histogram({
    name: "handbook_tool_seconds",
    help: "How long a tool took.",
    labelNames: ["tool"],
    buckets: SECONDS,
    registers,
  });
  const served = new Histogram({
    name: "handbook_retrieval_behaviors",
    help: "Behaviors that a retrieval served.",
    buckets: [0, 1, 2, 4, 8, 16, 50, 200],
    registers,
  });
  const busy = counter("handbook_ledger_busy_total", "Calls that failed because the ledger was busy.", []);
  const requests = counter("handbook_http_requests_total", "HTTP requests.", ["path", "status"]);
  const refusals = counter("handbook_http_refused_total", "Requests that were not let in.", ["why"]);
  new Gauge({
    name: "handbook_index_lag",
    help: "Changes of the ledger that an index has not read.",
    labelNames: ["index"],
    registers,
    async collect() {
      const { ledger, index, vectors } = await app.ports();
      const head = await ledger.headSeq();
      this.set({ index: "words" }, Math.max(0, head - index.progress().seq));
      if (vectors) this.set({ index: "meaning" }, Math.max(0, head - vectors.progress().seq));
    },
  });
  return {
    called({ tool, outcome, ms, served: behaviors }) {
      calls.inc({ tool, outcome });
      seconds.observe({ tool }, ms / 1000);
      if (tool === "retrieve_behaviors" && behaviors !== undefined) served.observe(behaviors);
      if (outcome === "LEDGER_BUSY") busy.inc();
    },
    answered: (path, status) => requests.inc({ path, status: String(status) }),
    refused: (why) => refusals.inc({ why }),
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  };
}
