import { HandbookError } from "../errors.ts";
import { behaviorId } from "../model/behavior.ts";
import type { Evidence, Outcome } from "../model/outcome.ts";
import type { Trace } from "../model/trace.ts";
import type { TraceFacts } from "../ports/training.ts";
import type { Ports } from "../ports.ts";
import { digest } from "../rules/identity.ts";
import { terms } from "../rules/terms.ts";
import { mostDiverse, type Option } from "../rules/training/choice.ts";
import { type Taken, takeDistinct } from "../rules/training/distinct.ts";
import { type Leak, leakFinder } from "../rules/training/leakage.ts";
import { preferences } from "../rules/training/pairs.ts";
import { hasTemplateMarks, type Reply, replyOf, replyText, type Thinking } from "../rules/training/reply.ts";
import { type PlannedRow, servedTo, type Version } from "./compose.ts";
import { traceFacts } from "./handbooks.ts";

export interface Wanted {
  /** More than one: of each problem the same number of replies in every version, row by row. */
  versions: readonly Version[];
  /** Absent: single replies. Else pairs of a better and a worse one of the same problem. */
  pairs?: { margin: number } | undefined;
  outcomes: readonly Outcome[];
  /** Who must have stated a success or a failure. */
  evidence: readonly Evidence[];
  handbook?: string | undefined;
  since?: string | undefined;
  thinking: Thinking;
  /** Replies of one problem and version, at most. */
  perProblem: number;
  most?: number | undefined;
  /** The problems of a test set. */
  tests?: readonly string[] | undefined;
  keepLeaks: boolean;
}

export interface FoundLeak extends Leak {
  trace_id: string;
  /** How many traces are of the same problem. */
  traces: number;
  task: string;
}

/** What to write, in ids: the texts are read again when they are written. */
export interface Collection {
  rows: readonly PlannedRow[];
  read: number;
  problems: number;
  leftOut: ReadonlyMap<string, number>;
  leaks: readonly FoundLeak[];
}

const TEXTS = 8; // traces may have megabytes
/** How much the word of each counts where a subset is chosen. */
const WORTH: Record<Evidence, number> = { test: 1, checker: 1, user: 0.9, self: 0.6, none: 0.4 };

interface Candidate {
  id: string;
  isBehaviors: boolean;
  isRight: boolean;
}
interface Example extends Candidate {
  trace: Trace;
  text: string;
}
type Collecting = Pick<Ports, "ledger" | "tokenizer">;

/** Chooses from the ledger's traces what a model is to be trained on. The memory it takes grows with the number of traces, not with their length. */
export async function collectTraining(ports: Collecting, wanted: Wanted): Promise<Collection> {
  const leftOut = new Map<string, number>();
  const leaveOut = (reason: string, n = 1) => {
    if (n > 0) leftOut.set(reason, (leftOut.get(reason) ?? 0) + n);
  };
  const { problems, leaks, read } = await problemsOf(ports, wanted, leaveOut);

  const rows: PlannedRow[] = [];
  const options: Option[] = [];
  for (const candidates of problems.values()) {
    const examples = await examplesOf(ports, candidates, wanted, leaveOut);
    for (const { row, why } of await rowsOf(ports, examples, wanted, leaveOut)) {
      rows.push({ traces: row.map(({ id }) => id), ...(why && { why }) });
      if (wanted.most !== undefined) options.push(await optionOf(ports, row));
    }
  }
  if (wanted.most === undefined || rows.length <= wanted.most)
    return { rows, read, problems: problems.size, leftOut, leaks };
  leaveOut("it adds least to the subset that was asked for", rows.length - wanted.most);
  const chosen = mostDiverse(options, wanted.most).flatMap((place) => rows[place] ?? []);
  return { rows: chosen, read, problems: problems.size, leftOut, leaks };
}

/** Goes through all traces without their texts, and puts those that may serve to their problems. */
async function problemsOf(
  { ledger }: Pick<Ports, "ledger">,
  wanted: Wanted,
  leaveOut: (reason: string, n?: number) => void,
) {
  const problems = new Map<string, Candidate[]>();
  const leaks = new Map<string, FoundLeak>();
  const findLeak = wanted.tests && leakFinder(wanted.tests);
  let read = 0;
  const { handbook, since } = wanted;
  for await (const facts of traceFacts(ledger, { handbook, since })) {
    read++;
    const reason = unwantedReason(facts, wanted);
    if (reason !== undefined) {
      leaveOut(reason);
      continue;
    }
    const key = digest(facts.task.replace(/\s+/g, " ").trim()).slice(0, 32);
    const known = problems.get(key);
    const leak = known || leaks.has(key) ? undefined : findLeak?.(facts.task);
    if (leak !== undefined) leaks.set(key, { ...leak, trace_id: facts.id, task: facts.task, traces: 0 });
    const leaked = leaks.get(key);
    if (leaked !== undefined) leaked.traces++;
    if (leaked !== undefined && !wanted.keepLeaks) {
      leaveOut(LEAKED);
      continue;
    }
    const candidate = {
      id: facts.id,
      isBehaviors: facts.wasServed,
      isRight: facts.outcome === "success",
    };
    if (known === undefined) problems.set(key, [candidate]);
    else known.push(candidate);
  }
  return { problems, leaks: [...leaks.values()], read };
}

const LEAKED = "its problem is one of the test set";

function unwantedReason({ outcome, evidence, wasServed }: TraceFacts, wanted: Wanted): string | undefined {
  const outcomes = wanted.pairs ? ["success", "failure"] : wanted.outcomes;
  if (!outcomes.some((one) => one === outcome)) return `its outcome is ${outcome}`;
  if (outcome !== "unknown" && !wanted.evidence.includes(evidence))
    return `its outcome was stated by ${evidence}`;
  if (!wanted.versions.some((version) => (version === "plain") !== wasServed))
    return wasServed ? "it was written with behaviors" : "it was written without behaviors";
  return undefined;
}

/** The replies to one problem that can be trained on, each saying something new; oldest first. */
async function examplesOf(
  ports: Collecting,
  candidates: readonly Candidate[],
  wanted: Wanted,
  leaveOut: (reason: string, n?: number) => void,
): Promise<Example[]> {
  const examples: Example[] = [];
  const taken = new Map<string, Taken[]>();
  for (let i = 0; i < candidates.length; i += TEXTS) {
    const some = candidates.slice(i, i + TEXTS);
    const traces = new Map((await ports.ledger.traces(some.map(({ id }) => id))).map((one) => [one.id, one]));
    for (const candidate of some) {
      const trace = traces.get(candidate.id);
      if (trace === undefined) continue;
      const kind = wanted.pairs ? `${candidate.isRight}` : `${candidate.isBehaviors}`;
      const others = taken.get(kind) ?? [];
      taken.set(kind, others);
      const reply = replyOf(trace);
      const text = replyText(reply, wanted.thinking);
      const reason =
        others.length >= wanted.perProblem
          ? `its problem has ${wanted.perProblem} others already`
          : await unfitReason(ports, trace, reply, text, wanted);
      const twin = reason === undefined ? takeDistinct(others, text) : undefined;
      if (reason !== undefined) leaveOut(reason);
      else if (twin !== undefined)
        leaveOut(
          twin === "same"
            ? "the same reply to the same problem"
            : "nearly the same reply to the same problem",
        );
      else examples.push({ ...candidate, trace, text });
    }
  }
  return examples;
}

async function unfitReason(
  { ledger }: Collecting,
  trace: Trace,
  reply: Reply,
  text: string,
  { thinking, versions }: Wanted,
): Promise<string | undefined> {
  if (text === "") return "it says nothing";
  if (thinking === "drop" && reply.reasoning === undefined)
    return "it has no answer apart from its reasoning";
  if (hasTemplateMarks(text) || hasTemplateMarks(trace.task)) return "it holds the marks of a chat template";
  if (versions.includes("behaviors-in-prompt")) {
    const behaviors = await servedTo(ledger, trace);
    const now = await ledger.behaviorsByKey(behaviors);
    if (now.some(({ status }) => status === "quarantined"))
      return "its prompt would hold a quarantined behavior";
  }
  return undefined;
}

async function rowsOf(
  { tokenizer }: Collecting,
  examples: readonly Example[],
  { versions, pairs }: Wanted,
  leaveOut: (reason: string, n?: number) => void,
): Promise<{ row: Example[]; why?: string }[]> {
  if (pairs !== undefined) {
    const byId = new Map(examples.map((example) => [example.id, example]));
    const measured = {
      right: [] as { id: string; tokens: number }[],
      wrong: [] as { id: string; tokens: number }[],
    };
    for (const { id, text, isRight } of examples)
      measured[isRight ? "right" : "wrong"].push({ id, tokens: await tokenizer.count(text) });
    const found = preferences(measured.right, measured.wrong, pairs.margin);
    const used = new Set(found.flatMap(({ chosen, rejected }) => [chosen, rejected]));
    leaveOut("no other reply to its problem makes a pair with it", examples.length - used.size);
    return found.map(({ chosen, rejected, why }) => ({
      row: [chosen, rejected].flatMap((id) => byId.get(id) ?? []),
      why,
    }));
  }
  if (versions.length === 1) return examples.map((example) => ({ row: [example] }));
  const sides = versions.map((version) =>
    examples.filter(({ isBehaviors }) => isBehaviors === (version !== "plain")),
  );
  const rows = Math.min(...sides.map((side) => side.length));
  for (const side of sides)
    leaveOut("its problem has no reply of the other version left", side.length - rows);
  return Array.from({ length: rows }, (_, i) => ({ row: sides.flatMap((side) => side[i] ?? []) }));
}

/** What a row covers: the terms of its problem and the behaviors that it cites; a cited behavior counts as three terms. */
async function optionOf({ ledger }: Collecting, row: readonly Example[]): Promise<Option> {
  const [first] = row;
  if (first === undefined) return { features: [], value: 0 };
  const cited = (await Promise.all(row.map(({ id }) => ledger.citations(id)))).flat().map(behaviorId);
  const features = new Set([
    ...terms(first.trace.task),
    ...cited.flatMap((id) => [`${id} 1`, `${id} 2`, `${id} 3`]),
  ]);
  return { features: [...features], value: Math.min(...row.map(({ trace }) => WORTH[trace.evidence])) };
}

/** Throws: INVALID_INPUT when nothing is left to write, with what was left out and why. */
export function checkCollected({ rows, read, leftOut }: Collection): void {
  if (rows.length > 0) return;
  const reasons = [...leftOut].map(([reason, n]) => `${n} because ${reason}`);
  const told = read === 0 ? "there is no trace" : `of ${read} traces none is left: ${reasons.join("; ")}`;
  throw new HandbookError("INVALID_INPUT", told, {
    fix: "Nothing was written. Import or record traces, or ask for others with --handbook, --version, --outcome or --evidence",
  });
}
