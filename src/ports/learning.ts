import type { ChatMessage, Llm } from "./models.ts";

/** What is to be reflected on together, and how soon. */
export interface QueuedReflection {
  handbook: string;
  trace_ids: readonly string[];
  /** 0 comes first. */
  rank: number;
  /** Of two of one rank the one with more tokens at stake comes first. */
  stake: number;
  /** What comes back in these traces, in the words of one of them. */
  step?: string | undefined;
}

export interface LearningReads {
  /**
   * What waits in a handbook's queue, next one first: without those whose first trace a done reflection looked at, or one that
   * was opened after an instant.
   */
  queuedReflections(handbook: string, openedAfter: string, limit: number): Promise<QueuedReflection[]>;
}

export interface LearningWrites {
  /** Adds to the queue; what is in it already stays. */
  queueReflections(added: readonly QueuedReflection[]): Promise<void>;
}

/** A model whose answers are kept, so that the same question is never paid for twice. */
export interface KeptLlm extends Llm {
  /** How many answers came from the file. */
  fromFile(): number;
  /** Whether the answer to a question without options is there. */
  has(messages: readonly ChatMessage[]): boolean;
  /** Lets the model be asked anew what it answered badly. */
  forget(messages: readonly ChatMessage[]): void;
}

/** What a long run of learning notes on disk, so that one that was killed goes on as if it had not been. */
export interface LearningJournal {
  /** What was noted under this key; where nothing was, what `make` says is noted. */
  once(key: string, make: () => string | Promise<string>): Promise<string>;
  noted(key: string): string | undefined;
  /** Notes that an answer was paid for. */
  paid(tokens: { input: number; output: number }): void;
  /** What this run has paid, before it was killed too. */
  spent(): Spending;
  /** The run is over: the next one begins anew. */
  end(): void;
}

export interface Spending {
  calls: number;
  input_tokens: number;
  output_tokens: number;
}
