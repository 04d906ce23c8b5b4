import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readTranscripts } from "../../src/adapters/readers/transcripts.ts";
import { limitLedger } from "../../src/lifecycle/limit-ledger.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { groupsByStake, recur, type TraceToRead, tracesOf } from "../../src/lifecycle/recur.ts";
import type { Ports } from "../../src/ports.ts";
import { testPorts } from "../ports.ts";

const record = (ports: Ports, task: string, reasoning: string, handbook = "algebra") =>
  recordTrace(ports, { handbook, task, reasoning, outcome: "success", evidence: "test" });

const SUBTRACT = (n: number) => `Okay. Subtract ${n} from both sides of it: $x = ${n}$. So that is that.`;
const FORMULA = (n: number) =>
  `Hmm. Using the quadratic formula: $x = ${n} \\pm \\sqrt{${n}}$, as we know it.`;

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function* each(traces: readonly TraceToRead[]): AsyncGenerator<TraceToRead> {
  yield* traces;
}

describe("the traces of a handbook", () => {
  test("are read by pages, oldest first, and no other's", async () => {
    await using ports = await testPorts();
    const ids: string[] = [];
    for (let i = 0; i < 45; i++) {
      const { trace } = await record(ports, `Solve number ${i}`, SUBTRACT(i));
      ids.push(trace.id);
      if (i < 3) await record(ports, `Solve number ${i}`, SUBTRACT(i), "another");
    }
    const read = await all(tracesOf(ports.ledger, "algebra"));
    expect(read.map(({ id }) => id)).toEqual(ids.toSorted());
    expect(await all(tracesOf(ports.ledger, "nobody's"))).toEqual([]);
    const sees = (handbook: string) => handbook === "another";
    const limited = limitLedger(ports.ledger, {
      ...{ sees, holds: sees, held: ["another"] },
      ...{ mustHold: () => {}, mayChange: () => {} },
    });
    expect(await all(tracesOf(limited, "another"))).toHaveLength(3);
    await expect(all(tracesOf(limited, "algebra"))).rejects.toThrow("is not seen");
  });

  test("give what to reflect on: what no behavior tells first, then by tokens at stake", async () => {
    await using ports = await testPorts();
    const traces: string[] = [];
    for (const n of [1, 2, 3, 4]) {
      const { trace } = await record(
        ports,
        `Find the roots, case ${"abcd"[n]}`,
        `${SUBTRACT(n)}\n\n${FORMULA(n)}`,
      );
      traces.push(trace.id);
    }
    const before = await groupsByStake(ports, "algebra");
    expect(before.map(({ actions, covered_by }) => [actions, covered_by])).toEqual([
      [["recall", "use"], undefined],
      [["subtract"], undefined],
    ]);
    const [dearest, cheaper] = before;
    expect(dearest?.tokens_at_stake).toBeGreaterThan(cheaper?.tokens_at_stake ?? 0);
    expect(dearest?.trace_ids.toSorted()).toEqual(traces.toSorted());

    const behavior = (name: string, instruction: string) => ({
      name: `behavior_${name}`,
      instruction,
      when: "an equation has to be solved",
      keywords: [],
      status: "active" as const,
    });
    await loadHandbook(
      ports,
      {
        handbook: "algebra",
        behaviors: [
          behavior(
            "quadratic_formula",
            "Use the quadratic formula when factoring fails, and look at its sign.",
          ),
          behavior("isolate", "Keep the two sides of an equation equal while you isolate the unknown."),
        ],
      },
      "import",
    );
    const after = await groupsByStake(ports, "algebra");
    expect(after.map(({ actions, covered_by }) => [actions[0], covered_by])).toEqual([
      ["subtract", undefined],
      ["recall", "algebra/behavior_quadratic_formula"],
    ]);
  });
});

test("traces from anywhere are analyzed without being stored, and others get their turn", async () => {
  await using ports = await testPorts();
  const traces = Array.from({ length: 200 }, (_, i) => ({
    id: `file:${i}`,
    task: `Problem ${i}`,
    reasoning: `${SUBTRACT(i)} ${i % 10 === 0 ? FORMULA(i) : ""}`,
    outcome: "unknown" as const,
  }));
  let turns = 0;
  let isDone = false;
  const others = () => {
    turns++;
    if (!isDone) setImmediate(others);
  };
  others();
  const report = await recur(ports, each(traces));
  isDone = true;
  expect(turns).toBeGreaterThan(traces.length);
  // What all of them have is how they are written.
  expect(report).toMatchObject({ traces: 200, problems: 200, steps: 220, share: 1 });
  expect(report.groups.map(({ problems, occurrences }) => [problems, occurrences])).toEqual([[20, 20]]);
  expect(await ports.ledger.recentTraces(1)).toEqual([]);
  expect(await recur(ports, each([]))).toEqual({ traces: 0, problems: 0, steps: 0, share: 1, groups: [] });
});

const DATA = process.env.HANDBOOK_BENCH_DATA;
describe.skipIf(!DATA)("real traces (needs HANDBOOK_BENCH_DATA)", () => {
  test("have steps that come back, and the dearest of them are procedures", {
    timeout: 120_000,
  }, async () => {
    await using ports = await testPorts();
    const sets = ["misguided_attention", "gemma4_math500", "thought_anchors_r1_distill"];
    const tasks = new Map<string, string>();
    const traces = async function* () {
      const paths = sets.map((set) => join(DATA ?? "", "traces", set, "traces.jsonl.gz"));
      for await (const row of readTranscripts(paths)) {
        if (!("trace" in row)) continue;
        const id = `${row.file}:${row.place}`;
        tasks.set(id, row.trace.task);
        yield { ...row.trace, id };
      }
    };
    const { groups, ...counts } = await recur(ports, traces());
    expect(counts).toMatchObject({ traces: 1757, problems: 558, share: 1 });
    const top = groups.slice(0, 20);
    expect(top).toHaveLength(20);
    const steps = top.map(({ terms }) => terms.join(" "));
    for (const expected of [
      "divid both side",
      "us quadrat formula",
      "find prime factor",
      "us pythagorean theorem",
    ])
      expect(steps).toContain(expected);
    for (const { step, problems, trace_ids, occurrences, terms } of top) {
      expect(problems, step).toBeGreaterThan(2);
      expect(occurrences, step).toBeGreaterThanOrEqual(problems);
      expect(new Set(trace_ids.slice(0, problems).map((id) => tasks.get(id))).size, step).toBe(problems);
      expect(step).not.toMatch(/^(?:okay|hmm|wait|let me (?:think|check|see)|so the answer)\b/i);
      expect(terms.length, step).toBeGreaterThan(1);
    }
  });
});
