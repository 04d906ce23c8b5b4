import type { Interval } from "./lift.ts";

/** What a million tokens cost, in any one currency. */
export interface Prices {
  output: number;
  input: number;
  /** Input that the provider has in its cache. */
  cached: number;
}

/** Taken where nobody set their own (HANDBOOK_PRICES), in dollars: an example, not what any one model costs. */
export const EXAMPLE_PRICES: Prices = { output: 15, input: 3, cached: 0.3 };

/** What a model sees of the eight tools: characters / 4 of their names, descriptions and inputs, to the nearest hundred. */
export const DEFINITION_TOKENS = 1900;

/** What the handbook was measured to save and what it costs, in tokens. */
export interface Ledgered {
  /** Output tokens of a task, served minus control; absent while nobody knows. */
  tokens?: Interval | undefined;
  /** Tasks that were served something: they alone save and read. */
  tasks: number;
  /** Tasks that asked, whatever they were served: all of them have the tools in their context. */
  asked: number;
  /** Mean per served task: to read what was served. */
  read_tokens: number;
  /** Of all tasks together: what agents wrote as reports. */
  report_tokens: number;
  /** Per task that asked: what a model sees of the tools. */
  definition_tokens: number;
  /** Of all reflections together. */
  reflection: { input_tokens: number; output_tokens: number };
}

/** Money, in the currency of the prices. Costs are positive. What all tasks cost is spread over those that were served. */
export interface Account {
  /** Tasks that were served something. */
  tasks: number;
  /** Tasks that asked. */
  asked: number;
  prices: Prices;
  /** Per served task, what was not written thanks to the handbook; absent while nobody knows. */
  saved?: Interval;
  /** Per served task. */
  costs: { reading: number; definitions: number; reports: number; reflection: number };
  /** Per served task, saved minus costs; absent while nobody knows. */
  net?: Interval;
  /** Of all tasks together; absent while nobody knows. */
  total?: Interval;
  /** After so many served tasks the reflections have paid; absent where no gain is shown, and where nobody reflected. */
  break_even_tasks?: number;
}

/**
 * How many requests a task takes: what stands in the context is read anew at each, the first time at the full price and then
 * out of the provider's cache. An assumption: the server sees none of them.
 */
export const REQUESTS_PER_TASK = 10;
const MILLION = 1_000_000;

/**
 * The account of a handbook: output tokens that were saved, minus what it costs to read behaviors and tool definitions, to
 * write reports, and to reflect. Definitions and reports are paid by all tasks, also by those that were served nothing. The interval is that of the saved tokens; costs are means. Assumes that a task would have been as
 * dear without the server's tools in its context, which the control arm has too.
 */
export function accountOf(of: Ledgered, prices: Prices): Account {
  const { tasks } = of;
  const asked = Math.max(of.asked, tasks);
  const spread = (all: number) => (tasks === 0 ? 0 : all / tasks);
  const once = prices.input / MILLION;
  const standing = once + ((REQUESTS_PER_TASK - 1) * prices.cached) / MILLION;
  const output = prices.output / MILLION;
  const reflected = of.reflection.input_tokens * once + of.reflection.output_tokens * output;
  const costs = {
    reading: of.read_tokens * standing,
    definitions: spread(of.definition_tokens * standing * asked),
    reports: spread(of.report_tokens * output),
    reflection: spread(reflected),
  };
  const account: Account = { tasks, asked, prices, costs };
  if (of.tokens === undefined) return account;
  const saved = scaled(of.tokens, -output, 0);
  const running = costs.reading + costs.definitions + costs.reports;
  const net = scaled(saved, 1, -running - costs.reflection);
  const perTask = saved.estimate - running;
  return {
    ...account,
    saved,
    net,
    total: scaled(net, tasks, 0),
    ...(net.low > 0 && reflected > 0 && { break_even_tasks: Math.ceil(reflected / perTask) }),
  };
}

function scaled({ estimate, low, high }: Interval, by: number, plus: number): Interval {
  const ends = [low * by + plus, high * by + plus].sort((a, b) => a - b);
  return { estimate: estimate * by + plus, low: ends[0] ?? Number.NaN, high: ends[1] ?? Number.NaN };
}
