import { type Behavior, MAX_LEARNED_INSTRUCTION } from "../model/behavior.ts";
import type { Candidate } from "../model/reflection.ts";
import { unsafeReason } from "./screening.ts";
import { coverage, similarity } from "./similarity.ts";
import { terms } from "./terms.ts";

/** Instructions that share this much say the same. Both bounds were read off ACE's 359-item AppWorld playbook. */
export const SAME = 0.8;
/** Instructions that share this much are one procedure, told twice. */
export const NEAR = 0.6;
/** Share of the shorter instruction's terms that make it contained in the longer one, if it has this many. */
const CONTAINED = 0.9;
const CONTAINED_TERMS = 6;
const MIN_WORDS = 4;
const MAX_KEYWORDS = 20;
const MAX_WHEN = 500;

export type BehaviorText = Pick<Behavior, "instruction" | "when" | "keywords"> & {
  topic?: string | undefined;
};

/** What is to be done with a candidate. `target` is the behavior that stays, with the revision it was judged by. */
export type Verdict =
  | { decision: "add"; status: "probation" | "quarantined"; reason: string }
  | { decision: "strengthen"; target: Behavior; reason: string }
  | { decision: "merge" | "revise"; target: Behavior; text: BehaviorText; reason: string }
  | { decision: "reject"; reason: string };

export interface Known {
  /** The behavior of this name in the handbook that learns, whatever its status. */
  sameName: Behavior | undefined;
  /** Servable behaviors that could say the same, of this handbook and of the starters. */
  neighbors: readonly Behavior[];
  /** The tasks that the candidate was drawn from. */
  tasks: readonly string[];
}

/** Judges one candidate against what the handbook knows. Total: every candidate gets a verdict with its reason. */
export function judge(candidate: Candidate, known: Known): Verdict {
  const fault = candidateFault(candidate, known.tasks);
  if (fault !== undefined) return { decision: "reject", reason: fault };

  const { sameName } = known;
  if (sameName?.status === "retired") {
    return {
      decision: "reject",
      reason: `a behavior of this name was retired: ${sameName.reason}. A person can restore it`,
    };
  }
  if (sameName?.status === "quarantined") {
    return { decision: "reject", reason: "a behavior of this name waits for a person to look at it" };
  }
  const unsafe = unsafeReason(candidate);
  if (unsafe !== undefined) {
    return sameName === undefined
      ? { decision: "add", status: "quarantined", reason: `held back until a person approves it: ${unsafe}` }
      : { decision: "reject", reason: `would change a known behavior, and ${unsafe}` };
  }

  if (sameName !== undefined) return judgeSameName(candidate, sameName);
  const nearest = known.neighbors
    .map((behavior) => ({ behavior, likeness: likeness(candidate.instruction, behavior.instruction) }))
    .sort((a, b) => b.likeness - a.likeness)[0];
  if (nearest !== undefined && nearest.likeness >= NEAR)
    return judgeTwin(candidate, nearest.behavior, nearest.likeness);
  return { decision: "add", status: "probation", reason: "nothing in the handbook says this yet" };
}

/** `similarity`, raised to `NEAR` where one instruction says nearly all that the other says and more. */
function likeness(a: string, b: string): number {
  const shared = similarity(a, b);
  const short = a.length < b.length ? a : b;
  const long = short === a ? b : a;
  const isContained =
    shared > 0 && terms(short).length >= CONTAINED_TERMS && coverage(short, long) >= CONTAINED;
  return isContained ? Math.max(shared, NEAR) : shared;
}

function judgeSameName(candidate: Candidate, target: Behavior): Verdict {
  const likeness = similarity(candidate.instruction, target.instruction);
  if (likeness >= SAME)
    return { decision: "strengthen", target, reason: "says what the behavior of this name says" };
  if (isPersons(target)) return keptAsWritten(target);
  return {
    decision: "revise",
    target,
    text: { ...joined(candidate, target), instruction: candidate.instruction },
    reason: "a newer wording of the behavior of this name; the older revision is kept",
  };
}

function judgeTwin(candidate: Candidate, target: Behavior, likeness: number): Verdict {
  const share = `${Math.round(likeness * 100)} % of its terms`;
  if (likeness >= SAME || target.provenance.author === "starter") {
    return { decision: "strengthen", target, reason: `says the same as ${target.name} (shares ${share})` };
  }
  if (isPersons(target)) return keptAsWritten(target);
  const text = joined(candidate, target);
  const addsNothing =
    text.instruction === target.instruction &&
    text.when === target.when &&
    text.keywords.length === target.keywords.length;
  return addsNothing
    ? {
        decision: "strengthen",
        target,
        reason: `says nothing that ${target.name} does not say (shares ${share})`,
      }
    : {
        decision: "merge",
        target,
        text,
        reason: `is the same procedure as ${target.name} (shares ${share})`,
      };
}

function keptAsWritten(target: Behavior): Verdict {
  return {
    decision: "strengthen",
    target,
    reason: `${target.name} was written by a person, so its words stay`,
  };
}

function isPersons(behavior: Behavior): boolean {
  return behavior.provenance.author === "edit";
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

const PLACEHOLDER =
  /\[[^\]]{0,60}\b(?:preserved|unchanged|previous content|placeholder|insert|todo|same as|omitted|as above|continue[sd]?)\b[^\]]{0,60}\]|^\s*(?:\.\.\.|…|n\/?a|none|tbd|todo|null|undefined|string|instruction|description)\W*$/i;
const ONE_ANSWER =
  /\\boxed\s*\{|\bthe (?:final |correct |right )?answer (?:is|was|equals|=|should be) (?:therefore |then |thus )?[\s$"'(]*(?:-?\d|[A-E]\b)|\b(?:in|for|of|to) this (?:specific |particular |exact )?(?:problem|question|puzzle|exercise|instance)\b/i;

/** Why a text cannot be a behavior at all, or undefined. */
function candidateFault({ instruction }: Candidate, tasks: readonly string[]): string | undefined {
  const text = instruction.trim();
  if (text === "") return "the instruction is empty";
  if (PLACEHOLDER.test(text)) return "the instruction is a placeholder, not a procedure";
  if (text.split(/\s+/).length < MIN_WORDS && text.length < 4 * MIN_WORDS)
    return "the instruction is too short to act on";
  if (text.length > MAX_LEARNED_INSTRUCTION) {
    return `the instruction has ${text.length} characters; a learned one may have ${MAX_LEARNED_INSTRUCTION}: keep what to do, or split it`;
  }
  if (ONE_ANSWER.test(text)) return "the instruction answers one problem; say how to solve all of its kind";
  const copied = numbersOfOneTask(text, tasks);
  if (copied.length >= 2) {
    return `the instruction repeats numbers of its task (${copied.slice(0, 3).join(", ")}); say how to solve all of its kind`;
  }
  return undefined;
}

/** Telling numbers (three digits and more, or decimals) that stand both in the instruction and in one of its tasks. */
function numbersOfOneTask(instruction: string, tasks: readonly string[]): string[] {
  const numbers = (text: string) => new Set(text.match(/\d+\.\d+|\d{3,}/g) ?? []);
  const own = numbers(instruction);
  const shared = tasks.map((task) => [...own.intersection(numbers(task))]);
  return shared.sort((a, b) => b.length - a.length)[0] ?? [];
}
