import { type Behavior, type BehaviorKey, isServable, MAX_LEARNED_INSTRUCTION } from "../model/behavior.ts";
import type { Candidate } from "../model/reflection.ts";
import { unsafeReason } from "./screening.ts";
import { coverage, similarity } from "./similarity.ts";
import { terms } from "./terms.ts";

/** Instructions that share this much say the same. Both bounds were read off ACE's 359-item AppWorld playbook. */
export const SAME = 0.8;
/** Instructions that share this much are one procedure, told twice. */
export const NEAR = 0.6;
/**
 * Two instructions that share this much and mean this nearly the same are one procedure, told twice. Read off the same
 * playbook with the vectors of the Universal Sentence Encoder: of pairs that share 0.3 or more and are below `NEAR`,
 * those from this cosine on were all of that kind.
 */
export const NEAR_WORDS = 0.3;
const NEAR_MEANING = 0.93;
/** Share of the shorter instruction's terms that make it contained in the longer one, if it has this many. */
const CONTAINED = 0.9;
const CONTAINED_TERMS = 6;
const MIN_WORDS = 4;
const MAX_KEYWORDS = 20;
const MAX_WHEN = 500;
/** Of a reason that a person gave, in a reason of ours: both have the same limit. */
const MAX_QUOTED = 1500;

export type BehaviorText = Pick<Behavior, "instruction" | "when" | "keywords"> & {
  topic?: string | undefined;
};

/** What is to be done with a candidate. `target` is the behavior that stays, with the revision it was judged by. */
export type Verdict =
  | { decision: "add"; status: "probation" | "quarantined"; reason: string }
  | { decision: "strengthen"; target: Behavior; reason: string }
  | {
      decision: "merge" | "revise";
      target: Behavior;
      text: BehaviorText;
      status: Behavior["status"];
      reason: string;
    }
  | { decision: "reject"; reason: string };

export interface Known {
  /** The handbook that learns. Only its own behaviors are ever rewritten. */
  handbook: string;
  /** The behavior of the candidate's name in that handbook, whatever its status. */
  sameName: Behavior | undefined;
  /** Behaviors that could say the same: servable ones of this handbook and of the starters, and what is retired or quarantined here. */
  neighbors: readonly Behavior[];
  /** The tasks that the candidate was drawn from. */
  tasks: readonly string[];
  /** The cosine of the candidate and a behavior, where it is known. */
  meaning?: (behavior: BehaviorKey) => number | undefined;
}

/**
 * For each candidate the behaviors that could say the same, by their terms alone: a cheap look at very many before the
 * dear one at few.
 */
export function perhapsTheSame(
  candidates: readonly Candidate[],
  behaviors: readonly Behavior[],
  least = SAME,
): Behavior[][] {
  const others = behaviors.map((behavior) => ({ behavior, terms: new Set(terms(behavior.instruction)) }));
  return candidates.map(({ instruction }) => {
    const own = new Set(terms(instruction));
    const isNear = (other: Set<string>) => {
      const shared = own.intersection(other).size;
      return shared >= least * (own.size + other.size - shared);
    };
    return others.filter((other) => isNear(other.terms)).map(({ behavior }) => behavior);
  });
}

/** Judges one candidate against what the handbook knows. Total: every candidate gets a verdict with its reason. */
export function judge(candidate: Candidate, known: Known): Verdict {
  const fault = candidateFault(candidate, known.tasks) ?? withdrawnFault(candidate, known);
  if (fault !== undefined) return { decision: "reject", reason: fault };

  const { sameName } = known;
  const unsafe = unsafeReason(candidate);
  if (unsafe !== undefined) {
    return sameName === undefined
      ? { decision: "add", status: "quarantined", reason: `held back until a person approves it: ${unsafe}` }
      : { decision: "reject", reason: `would change a known behavior, and ${unsafe}` };
  }
  if (sameName !== undefined) return judgeSameName(candidate, sameName);

  const servable = known.neighbors.filter(({ status }) => isServable(status));
  const own = nearest(
    candidate,
    servable.filter(({ handbook }) => handbook === known.handbook),
    known.meaning,
  );
  const other = nearest(
    candidate,
    servable.filter(({ handbook }) => handbook !== known.handbook),
  );
  if (other !== undefined && other.overlap >= SAME && (own === undefined || own.overlap < SAME)) {
    return { decision: "strengthen", target: other.behavior, reason: saysTheSame(other) };
  }
  if (own !== undefined && own.overlap >= NEAR) return judgeTwin(candidate, own);
  return { decision: "add", status: "probation", reason: "nothing in the handbook says this yet" };
}

/** Why a candidate would bring back what a person took out or has not released yet, or undefined. */
function withdrawnFault(candidate: Candidate, { handbook, sameName, neighbors }: Known): string | undefined {
  if (sameName?.status === "retired") return `a behavior of this name was ${retiredBecause(sameName)}`;
  if (sameName?.status === "quarantined") return "a behavior of this name waits for a person to look at it";

  const known = sameName === undefined ? neighbors : [...neighbors, sameName];
  const served = nearest(
    candidate,
    known.filter(({ status }) => isServable(status)),
  );
  const withdrawn = nearest(
    candidate,
    known.filter((behavior) => behavior.handbook === handbook && !isServable(behavior.status)),
  );
  if (withdrawn === undefined || withdrawn.overlap < SAME) return undefined;
  if (served !== undefined && served.overlap >= withdrawn.overlap) return undefined;
  return withdrawn.behavior.status === "retired"
    ? `${saysTheSame(withdrawn)}, which was ${retiredBecause(withdrawn.behavior)}`
    : `${saysTheSame(withdrawn)}, which waits for a person to look at it`;
}

function retiredBecause({ reason }: Behavior): string {
  return `retired: ${reason.slice(0, MAX_QUOTED).toWellFormed()}. A person can restore it`;
}

interface Neighbor {
  behavior: Behavior;
  overlap: number;
}

function nearest(
  { instruction }: Candidate,
  behaviors: readonly Behavior[],
  meaning: Known["meaning"] = () => undefined,
): Neighbor | undefined {
  return behaviors
    .map((behavior) => ({
      behavior,
      overlap: likeness(instruction, behavior.instruction, meaning(behavior)),
    }))
    .sort((a, b) => b.overlap - a.overlap)[0];
}

function saysTheSame({ behavior, overlap }: Neighbor): string {
  return `says the same as ${behavior.name} (overlap ${overlap.toFixed(2)})`;
}

/** `similarity`, raised to `NEAR` where one instruction says nearly all that the other says, or means the same. */
function likeness(a: string, b: string, cosine = 0): number {
  const shared = similarity(a, b);
  if (shared >= NEAR_WORDS && cosine >= NEAR_MEANING) return Math.max(shared, NEAR);
  const short = a.length < b.length ? a : b;
  const long = short === a ? b : a;
  const isContained =
    shared > 0 && terms(short).length >= CONTAINED_TERMS && coverage(short, long) >= CONTAINED;
  return isContained ? Math.max(shared, NEAR) : shared;
}

function judgeSameName(candidate: Candidate, target: Behavior): Verdict {
  if (similarity(candidate.instruction, target.instruction) >= SAME)
    return { decision: "strengthen", target, reason: "says what the behavior of this name says" };
  const text = { ...joined(candidate, target), instruction: candidate.instruction };
  const reason = "a newer wording of the behavior of this name; the older revision is kept";
  return keptAsWritten(target) ?? { decision: "revise", target, text, ...changed(target, reason) };
}

function judgeTwin(candidate: Candidate, twin: Neighbor): Verdict {
  const { behavior: target, overlap } = twin;
  if (overlap >= SAME) return { decision: "strengthen", target, reason: saysTheSame(twin) };
  const text = joined(candidate, target);
  const addsNothing =
    text.instruction === target.instruction &&
    text.when === target.when &&
    text.keywords.length === target.keywords.length;
  const reason = `is the same procedure as ${target.name} (overlap ${overlap.toFixed(2)})`;
  const kept = keptAsWritten(target);
  if (kept !== undefined) return kept;
  return addsNothing
    ? { decision: "strengthen", target, reason: `${reason}; the wording of ${target.name} stays` }
    : { decision: "merge", target, text, ...changed(target, reason) };
}

/** The verdict on whatever would change words that a person wrote or that came with the program. */
function keptAsWritten(target: Behavior): Verdict | undefined {
  const { author } = target.provenance;
  if (author !== "edit" && author !== "starter") return undefined;
  const origin = author === "edit" ? "was written by a person" : "came with the program";
  return { decision: "strengthen", target, reason: `${target.name} ${origin}, so its words stay` };
}

/** The status of a behavior that a reflection rewrites: a person approved the old words, not the new ones. */
function changed({ status }: Behavior, reason: string): { status: Behavior["status"]; reason: string } {
  return status === "active"
    ? {
        status: "probation",
        reason: `${reason}. It was approved before; it is on probation until a person approves it`,
      }
    : { status, reason };
}

/** Both texts in one: the longer instruction if it says all that the shorter one says, and both situations. */
function joined(candidate: Candidate, target: Behavior): BehaviorText {
  const grows =
    candidate.instruction.length > target.instruction.length &&
    coverage(target.instruction, candidate.instruction) >= SAME;
  const when = [target.when, candidate.when].filter((part) => part !== "");
  const situations = coverage(candidate.when, target.when) >= SAME ? target.when : when.join("; or: ");
  const topic = target.topic ?? candidate.topic;
  return {
    instruction: grows ? candidate.instruction : target.instruction,
    when: situations.length <= MAX_WHEN ? situations : target.when,
    keywords: [...new Set([...target.keywords, ...candidate.keywords])].slice(0, MAX_KEYWORDS),
    ...(topic && { topic }),
  };
}

const LEFT_OUT = /\[[^\]]{0,60}\b(?:preserved|unchanged|previous content)\b[^\]]{0,60}\]/i;
const TO_FILL_IN =
  /\[[^\]]{0,60}\b(?:placeholder|insert|todo|same as|omitted|as above|continue[sd]?)\b[^\]]{0,60}\]/i;
const SAYS_NOTHING =
  /^\s*(?:\.\.\.|…|n\/?a|none|tbd|todo|null|undefined|string|instruction|description)\W*$/i;
const ONE_ANSWER =
  /\\boxed\s*\{|\bthe (?:final |correct |right )?answer (?:is|was|equals|=|should be) (?:therefore |then |thus )?[\s$"'(*]*(?:-?\d+(?:[.,/]\d+)*%?|[A-E])[\s$"')*]*(?:[.!?](?:\s|$)|$)|\b(?:in|for|to|(?:answer|solution|result) of) this (?:specific |particular |exact )?(?:problem|question|puzzle|exercise|instance)\b(?!\s+(?:type|kind|class|famil|categor))/i;

/** Why a text cannot be a behavior at all, or undefined. */
function candidateFault({ instruction }: Candidate, tasks: readonly string[]): string | undefined {
  const text = instruction.trim();
  if (text === "") return "the instruction is empty";
  if (isPlaceholder(text)) return "the instruction is a placeholder, not a procedure";
  if (wordCount(text) < MIN_WORDS && text.length < 4 * MIN_WORDS)
    return "the instruction is too short to act on";
  if (text.length > MAX_LEARNED_INSTRUCTION) {
    return `the instruction has ${text.length} characters; a learned one may have ${MAX_LEARNED_INSTRUCTION}: keep what to do, or split it`;
  }
  if (ONE_ANSWER.test(text)) return "the instruction answers one problem; say how to solve all of its kind";
  const copied = tasks.map((task) => numbersOfTask(text, task)).find((numbers) => numbers.length > 0);
  return copied === undefined
    ? undefined
    : `the instruction repeats numbers of its task (${copied.slice(0, 3).join(", ")}); say how to solve all of its kind`;
}

function isPlaceholder(text: string): boolean {
  if (LEFT_OUT.test(text) || SAYS_NOTHING.test(text)) return true;
  return TO_FILL_IN.test(text) && wordCount(text.replace(/\[[^\]]*\]/g, " ")) < MIN_WORDS;
}

function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** HTTP statuses and file modes: constants of a trade, whichever task they stand in. */
const TRADE_CONSTANT = /^(?:10[0-3]|20[0-8]|226|30[0-8]|4[0-3]\d|451|5[012]\d|[4-7][0-7][0-7])$/;
/** One step of arithmetic, worked out. */
const WORKED_OUT =
  /(\d+(?:\.\d+)?)\s*(?:plus|minus|times|divided by|[-+*/×÷·])\s*(\d+(?:\.\d+)?)\s*(?:is|=|equals|gives|makes)\s*\d/g;

/** The numbers that show an instruction to be about this one task; empty when it may be about more. */
function numbersOfTask(instruction: string, task: string): string[] {
  const inTask = new Set(task.match(/\d+\.\d+|\d+/g));
  const shared = [...new Set(instruction.match(/\d+\.\d+|\d{3,}/g))].filter((number) => inTask.has(number));
  const telling = shared.filter((number) => !TRADE_CONSTANT.test(number));
  if (telling.length >= 2 || (telling.length === 1 && shared.length >= 3)) return shared;
  const worked = instruction
    .matchAll(WORKED_OUT)
    .find(([, a = "", b = ""]) => inTask.has(a) && inTask.has(b) && Math.max(a.length, b.length) > 1);
  return worked?.slice(1) ?? [];
}
