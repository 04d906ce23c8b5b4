import * as z from "zod";

/**
 * How a problem is solved in an evaluation. Source: Didolkar et al. 2025, arXiv:2509.13237: `behaviors` is
 * behavior-conditioned inference against `plain`; `self-improve` stands against `critique-revise`; `behavior-sft` and
 * `plain-sft` are models that were trained with and without behaviors and are asked plainly.
 */
export const Arm = z.enum([
  "plain",
  "behaviors",
  "critique-revise",
  "self-improve",
  "plain-sft",
  "behavior-sft",
]);
export type Arm = z.infer<typeof Arm>;

/** Tokens of requests to a model. */
export interface Tokens {
  input: number;
  /** Of the input, what the endpoint had in its cache. */
  cached: number;
  output: number;
}

/** One attempt at one problem: which, how, and under which limits. */
export interface Job {
  problem: string;
  arm: Arm;
  /** Most output tokens of each answer, thinking included. */
  budget: number;
  seed: number;
}

/** What came of a job. */
export interface Attempted extends Job {
  topic?: string | undefined;
  is_right: boolean;
  /** What the text was taken to answer. */
  answer?: string | undefined;
  /** The answer was cut off at the budget. */
  is_cut: boolean;
  /** Of the last stage alone, the answer that counts. */
  last: Tokens;
  /** Of all stages: first attempts and reflections too. */
  all: Tokens;
  /** `server` where the endpoint did not count and we did. */
  tokens_counted_by: "endpoint" | "server";
  /** Behaviors in the last prompt, as handbook/name, or by name alone where no handbook has them. */
  behaviors: string[];
  text: string;
  reasoning?: string | undefined;
}

/** A job that came to nothing: missing, neither right nor wrong. */
export interface Missing extends Job {
  failure: { code: string; message: string };
}

export type Row = Attempted | Missing;
