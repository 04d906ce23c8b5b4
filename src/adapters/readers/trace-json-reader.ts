import { HandbookSlug } from "../../model/handbook.ts";
import { Evidence } from "../../model/outcome.ts";
import { MAX_ANSWER, MAX_REASONING, MAX_TASK } from "../../model/trace.ts";
import { faultsOf, type Refused } from "./import-faults.ts";
import { problemIn } from "./problems-reader.ts";
import {
  firstCount,
  firstText,
  given,
  INPUT_TOKENS,
  OUTPUT_TOKENS,
  outcomeOf,
  type Row,
  type TraceRead,
  type TraceRow,
  textOf,
} from "./trace-row.ts";

// Field names of public sets beside our own, those that say most exactly what they hold first.
const TASK = ["question", "problem", "prompt", "task", "instruction"];
const REASONING = ["reasoning", "thinking", "reasoning_content", "solution", "thoughts", "reflections"];
const ANSWER = ["final", "answer", "output", "response", "final_solution", "predicted"];
/** Answers that are the work itself, and so the reasoning where a row has no other. */
const WORK = ["response", "output", "final_solution"];

/**
 * Reads one row: our own fields, or the usual ones of public sets. An outcome that a set states is a check that
 * somebody else made (`checker`) unless the row says otherwise. Ids of uses and traces are left out: they belong to
 * the ledger that gave them.
 */
export function readTraceRow(place: string, row: Row): TraceRead {
  const refused = (reason: string): Refused => ({ place, reason });
  const task = taskOf(row);
  if (task === undefined) return refused(`has no task: looked for ${TASK.join(", ")}`);
  const handbook = HandbookSlug.optional().safeParse(firstText(row, ["handbook"]));
  if (!handbook.success) return refused(`its handbook ${faultsOf(handbook.error)}`);
  const told = firstText(row, REASONING);
  const reasoning = told ?? firstText(row, WORK);
  if (reasoning === undefined) {
    const reason = `has no reasoning: looked for ${[...REASONING, ...WORK].join(", ")}`;
    return { place, reason, problem: { task, ...rightAnswerOf(row), handbook: handbook.data } };
  }
  const answer = answerOf(row, told === undefined ? ANSWER.filter((key) => !WORK.includes(key)) : ANSWER);
  const model = firstText(row, ["model"]);
  const agent = firstText(row, ["agent"]);
  const license = firstText(row, ["license", "licence"]);
  const tooLong = [
    ...overLimit("task", task, MAX_TASK),
    ...overLimit("reasoning", reasoning, MAX_REASONING),
    ...overLimit("answer", answer, MAX_ANSWER),
    ...overLimit("model", model, MAX_LABEL),
    ...overLimit("agent", agent, MAX_LABEL),
    ...overLimit("license", license, MAX_LABEL),
  ];
  if (tooLong.length > 0) return refused(tooLong.join("; "));
  const outcome = outcomeOf(row);
  const evidence = Evidence.safeParse(row.evidence).data ?? "checker";
  const output_tokens = row.tokens_counted_by === "server" ? undefined : firstCount(row, OUTPUT_TOKENS);
  const trace: TraceRow = {
    task,
    reasoning,
    answer,
    outcome,
    evidence: outcome === "unknown" ? undefined : evidence,
    output_tokens,
    input_tokens: firstCount(row, INPUT_TOKENS),
    model,
    agent,
    license,
    handbook: handbook.data,
  };
  return { place, trace };
}

/** The answer that a problem comes with; of a row that says who answered, or how it ended, it may be a wrong one. */
function rightAnswerOf(row: Row): Pick<NonNullable<Refused["problem"]>, "answer" | "choices"> {
  if (outcomeOf(row) !== "unknown" || firstText(row, ["model", "agent"]) !== undefined) return {};
  const problem = problemIn(row, "");
  return typeof problem === "string" ? {} : { answer: problem.answer, choices: problem.choices };
}

const MAX_LABEL = 200;

function overLimit(field: string, text: string | undefined, limit: number): string[] {
  if (text === undefined || text.length <= limit) return [];
  return [`its ${field} has ${text.length} characters, ${limit} are the limit`];
}

/** Whether a row has a task and an attempt at it under names of its own, whatever else is in it. */
export function isTraceRow(row: Row): boolean {
  const isTold = (keys: readonly string[]) => keys.some((key) => isText(row[key]));
  return isTold(TASK) && (isTold(REASONING) || isTold(WORK));
}

function isText(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 && value.every(isText) : given(value) !== undefined;
}

/** An instruction may come with an input that it is about. */
function taskOf(row: Row): string | undefined {
  const key = TASK.find((name) => textOf(row[name]) !== undefined);
  const parts = key === "instruction" ? [key, "input"] : [key ?? ""];
  return (
    parts
      .map((name) => textOf(row[name]))
      .filter((text) => text !== undefined)
      .join("\n\n") || undefined
  );
}

/** Numbers and flags are answers too. */
function answerOf(row: Row, keys: readonly string[]): string | undefined {
  const texts = keys.map((key) => {
    const value = row[key];
    return typeof value === "number" || typeof value === "boolean" ? String(value) : textOf(value);
  });
  return texts.find((text) => text !== undefined);
}
