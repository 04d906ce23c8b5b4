import type { Behavior, BehaviorKey, Status } from "./model/behavior.ts";
import type { Decision } from "./model/decision.ts";
import type { Handbook } from "./model/handbook.ts";
import type { Evidence, Outcome, OutcomeReport } from "./model/outcome.ts";
import type { Reflection } from "./model/reflection.ts";
import type { Citation, Trace } from "./model/trace.ts";
import type { RankedBehavior, Use } from "./model/use.ts";
import type { KeyReads, KeyWrites } from "./ports/access.ts";
import type { ExperimentReads, ExperimentWrites } from "./ports/experiment.ts";
import type { IndexStateReads, IndexStateWrites } from "./ports/index-state.ts";
import type { LearningReads, LearningWrites } from "./ports/learning.ts";
import type { AskOptions, Llm } from "./ports/models.ts";
import type { HandbookCounts, Period, Usage } from "./ports/statistics.ts";
import type { TrainingReads } from "./ports/training.ts";

/** What the stages of the life cycle need from outside. One set per process. */
export interface Ports {
  ledger: Ledger;
  index: BehaviorIndex;
  /** Absent when no embedder is on. */
  vectors?: VectorIndex;
  /** Absent when no model is configured: reflection then goes to the calling agent. */
  llm?: Llm;
  secrets: SecretScanner;
  tokenizer: Tokenizer;
  now(): Date;
  /** A new ULID. Ids made by one process sort in the order they were made. */
  newId(): string;
  settings: Settings;
}

export interface Settings {
  /** Tokens of trace text that one reflection prompt may hold. */
  reflectionTokens: number;
  /** Whether every retrieval also searches the starter handbooks. */
  starters: boolean;
  /** Probability that a task is served nothing, and, of the others, that one behavior is withheld. */
  holdout: number;
  withhold: number;
  /** What is read and written where no handbook is named; absent: `default`. */
  handbooks?: { read: readonly string[]; write: string } | undefined;
  /** Of a million tokens, for the account; absent when nobody set them. */
  prices?: { output: number; input: number; cached: number } | undefined;
}

/** A behavior as an index sees it: its text, and the tasks that were solved with it. */
export interface IndexDocument {
  handbook: string;
  name: string;
  status: Status;
  when: string;
  instruction: string;
  keywords: string[];
  topic?: string | undefined;
  detail?: string | undefined;
  /** Newest first, distinct, at most `MAX_SOLVED_TASKS`. */
  solved_tasks: string[];
}

/** How many solved tasks of a behavior an index reads. Source: recipe R1 (docs/decisions/0004). */
export const MAX_SOLVED_TASKS = 10;

/** Changed behaviors after a sequence number, oldest change first. `seq` is where to go on from. */
export interface BehaviorChanges {
  seq: number;
  documents: IndexDocument[];
}

/** A trace without its long texts, for choosing among many. */
export type TraceSummary = Pick<
  Trace,
  "id" | "task" | "outcome" | "evidence" | "output_tokens" | "created_at"
>;

/**
 * Reads of the ledger. Lists are ordered as their comment says; a missing row is `undefined`, never an error.
 */
export interface LedgerReads
  extends IndexStateReads,
    ExperimentReads,
    KeyReads,
    LearningReads,
    TrainingReads {
  /** By slug. */
  handbooks(): Promise<Handbook[]>;
  handbook(slug: string): Promise<Handbook | undefined>;

  /** The current revision. */
  behavior(key: BehaviorKey): Promise<Behavior | undefined>;
  /** Current revisions of these behaviors, in no particular order; unknown keys are left out. */
  behaviorsByKey(keys: readonly BehaviorKey[]): Promise<Behavior[]>;
  /** Current revisions of a handbook, by name. */
  behaviors(handbook: string, filter?: { status?: Status; topic?: string }): Promise<Behavior[]>;
  /** Every revision, oldest first. */
  revisions(key: BehaviorKey): Promise<Behavior[]>;
  /** The newest sequence number that a behavior's document changed at. */
  headSeq(): Promise<number>;
  changedBehaviors(afterSeq: number, limit: number): Promise<BehaviorChanges>;
  /** Current revisions of these handbooks' behaviors that changed after a sequence number, newest change first. */
  behaviorsSince(afterSeq: number, handbooks: readonly string[], limit: number): Promise<Behavior[]>;
  /** These behaviors as an index sees them, in no particular order; unknown keys are left out. */
  documents(keys: readonly BehaviorKey[]): Promise<IndexDocument[]>;
  /** Of all handbooks, whatever their status. */
  behaviorCount(): Promise<number>;

  /** The traces that exist among these ids, in the order of the ids. */
  traces(ids: readonly string[]): Promise<Trace[]>;
  traceWithHash(hash: string): Promise<Trace | undefined>;
  citations(traceId: string): Promise<Citation[]>;
  latestTraceOfEpisode(episodeId: string): Promise<Trace | undefined>;
  /** Traces that no done reflection looked at, nor one that was opened after an instant; newest first. */
  unreflectedTraces(handbook: string, openedAfter: string, limit: number): Promise<TraceSummary[]>;
  /** Newest first; of all handbooks, or of these. */
  recentTraces(limit: number, handbooks?: readonly string[]): Promise<TraceSummary[]>;

  use(id: string): Promise<Use | undefined>;
  /** The newest use of a client's conversation. */
  latestUseOfConversation(conversation: string): Promise<Use | undefined>;
  /** Everything served in any use of the episode. */
  servedInEpisode(episodeId: string): Promise<RankedBehavior[]>;
  /** Everything withheld in any use of the episode. */
  withheldInEpisode(episodeId: string): Promise<RankedBehavior[]>;
  /** What was said about a trace, or about an episode; oldest first. */
  outcomeReports(about: { trace_id: string } | { episode_id: string }): Promise<OutcomeReport[]>;

  reflection(id: string): Promise<Reflection | undefined>;
  /** Reflections over exactly this set of traces, newest first. */
  reflectionsOn(traceIds: readonly string[]): Promise<Reflection[]>;
  /** By position. */
  decisions(reflectionId: string): Promise<Decision[]>;

  counts(handbook: string, period?: Period): Promise<HandbookCounts>;
  /** How behaviors fared; of those cited most, at most so many. */
  usage(handbook: string, period: Period, mostCited: number): Promise<Usage>;
}

/** Writes, only inside `Ledger.write`. */
export interface LedgerWrites extends IndexStateWrites, ExperimentWrites, KeyWrites, LearningWrites {
  addHandbook(handbook: Handbook): Promise<void>;
  /** Sets the digest of the packaged file that a starter handbook was loaded from. */
  setStarter(slug: string, starter: string): Promise<void>;
  /** Adds a revision and makes it the current one. Its number must be the current one + 1. */
  addRevision(behavior: Behavior): Promise<void>;
  /** Credits a behavior with further traces that led to the same procedure. */
  addSources(key: BehaviorKey, traceIds: readonly string[]): Promise<void>;
  addTrace(trace: Trace, hash: string): Promise<void>;
  /** Replaces a server's count of tokens by one from outside. */
  setTokens(
    traceId: string,
    counts: { output_tokens: number; input_tokens?: number | undefined },
  ): Promise<void>;
  /** Adds citations and marks the documents of the cited behaviors as changed. */
  addCitations(citations: readonly Citation[]): Promise<void>;
  /** Sets what stands about a trace and marks the documents of its cited behaviors as changed. */
  setOutcome(traceId: string, outcome: Outcome, evidence: Evidence): Promise<void>;
  addOutcomeReport(report: OutcomeReport): Promise<void>;
  addUse(use: Use): Promise<void>;
  addReflection(reflection: Reflection): Promise<void>;
  /** Closes an open reflection; false when it was not open any more. */
  closeReflection(
    id: string,
    done: { text: string; done_at: string; output_tokens: number; agent?: string | undefined },
  ): Promise<boolean>;
  addDecisions(decisions: readonly Decision[]): Promise<void>;
}

/** The system of record. What a write has returned survives a kill of the process and a power cut. */
export interface Ledger extends LedgerReads {
  /**
   * Runs `work` in one transaction that sees the newest state and either lands whole or not at all.
   * A ledger may run `work` again after a conflict, so it must have no effect but through `tx`. Never await a model in it.
   *
   * Throws: LEDGER_BUSY, LEDGER_FULL, LEDGER_UNWRITABLE, LEDGER_CORRUPT.
   */
  write<T>(work: (tx: LedgerReads & LedgerWrites) => Promise<T>): Promise<T>;
  /** What is wrong with the stored data, a sentence each; empty when it is sound. */
  check(): Promise<string[]>;
  close(): Promise<void>;
}

/** What answered a search. `partial`: an index was still being built. */
export type Source = "lexical" | "vectors" | "partial";

export interface Hit extends BehaviorKey {
  /** Relevance, higher is better; comparable within one search only. */
  score: number;
  /** How likely it is that the behavior has to do with the text at all, 0 to 1; comparable between searches. */
  fit: number;
}

/** What to look for, and where. */
export interface Search {
  text: string;
  handbooks: readonly string[];
  /** Everything of this topic, whether it shares something with `text` or not. */
  topic?: string | undefined;
  /** Of `handbooks`: those searched as if nothing had been solved with their behaviors. */
  byOwnText?: readonly string[] | undefined;
  limit: number;
}

/** Finds behaviors by their words and by the tasks solved with them. Derived from the ledger and rebuildable. */
export interface BehaviorIndex {
  /**
   * Servable behaviors of these handbooks that share something with `text`, best first, ties by handbook and name.
   * Sees every change that the ledger had acknowledged before the call, in whichever process, once built.
   */
  search(search: Search): Promise<{ hits: Hit[]; sources: Source[] }>;
  /** How far it is: the sequence number it has read up to, and how many behaviors it holds. */
  progress(): { seq: number; behaviors: number };
}

/** How near a behavior is in meaning: cosines, -1 to 1, comparable within one model only. */
export interface Neighbor extends BehaviorKey {
  /** Of the query and the behavior's own text. */
  similarity: number;
  /** Of the query and the nearest task that was solved with it; absent where there is none. */
  solved?: number | undefined;
}

export interface NeighborSearch extends Search, Pick<AskOptions, "traceparent"> {
  also: readonly BehaviorKey[];
}

/** Finds behaviors by meaning. Derived from the ledger, shared by its processes, behind it by seconds. */
export interface VectorIndex {
  /**
   * The servable behaviors nearest to `text`, best first, and then each of `also` that the index holds, near or not,
   * so that what another source found is judged too. Undefined when there is no answer in time: the embedder is
   * down, slow or silent, or the index is not built. Never throws for any of these.
   */
  search(search: NeighborSearch): Promise<Neighbor[] | undefined>;
  /** What a person should know: the model that answers, how far the index is, and the last fault. */
  progress(): VectorProgress;
  /** Hands over the lease and ends the worker. */
  close(): Promise<void>;
}

export interface VectorProgress {
  /** The model whose vectors answer now; absent while there are none. */
  model?: string | undefined;
  /** The ledger's sequence number up to which they follow. */
  seq: number;
  fault?: string | undefined;
}

/** Takes secrets out of text before it is stored. */
export interface SecretScanner {
  /** The text with each secret replaced by `[redacted: <kind>]`, and the kinds found, distinct, in order. */
  redact(text: string): Promise<{ text: string; kinds: string[] }>;
}

/** Counts tokens as a large model's tokenizer would. */
export interface Tokenizer {
  count(text: string): Promise<number>;
}
