import { expect, test } from "vitest";
import { type Account, accountOf, EXAMPLE_PRICES } from "../../../src/rules/lift/account.ts";
import { measureLift } from "../../../src/rules/lift/lift.ts";
import { sentences } from "../../../src/rules/lift/sentences.ts";
import { episode, gaussian, seeded } from "../episodes.ts";

const LEDGERED = {
  tasks: 900,
  asked: 2000,
  read_tokens: 400,
  report_tokens: 600_000,
  definition_tokens: 2000,
  reflection: { input_tokens: 1_000_000, output_tokens: 100_000 },
};

function told(account: Account, lift = measureLift([])) {
  const rates = { recorded: 0, after_retrieval: 0, episodes: 2000, returned: 0, served: 0, citing: 0 };
  const counts = { rates, report_tokens: 600_000, open_draws: { n: 0 } };
  return sentences({ draws: { holdout: 0.1, withhold: 0.1 }, counts, lift, account });
}

const withTokens = (low: number, estimate: number, high: number) =>
  accountOf({ ...LEDGERED, tokens: { low, estimate, high } }, EXAMPLE_PRICES);

test("definitions and reports are charged for every task that asked, also those that were served nothing", () => {
  const { costs, tasks } = accountOf(LEDGERED, EXAMPLE_PRICES);
  const standing = (3 + 9 * 0.3) / 1e6;
  expect(costs.definitions * tasks).toBeCloseTo(2000 * 2000 * standing, 9);
  expect(costs.reports * tasks).toBeCloseTo((600_000 * 15) / 1e6, 9);
  expect(costs.reading * tasks).toBeCloseTo(900 * 400 * standing, 9);
  expect(costs.reflection * tasks).toBeCloseTo(3 + 1.5, 9);
});

test("a loss is told as one, without a sign that could be read twice", () => {
  const { account } = told(withTokens(-20, 0, 20));
  expect(account).toMatch(/^LOSES \$\d\.\d+ a served task \(\$[^-]*\), \$\d+\.\d\d over 900 served tasks/);
  expect(account).not.toMatch(/-\$|paid|pays/);
});

test("where neither is shown, there is no day on which it pays", () => {
  const account = withTokens(-9000, -3000, 3000);
  expect(account.break_even_tasks).toBeUndefined();
  expect(told(account).account).toMatch(
    /^neither a gain nor a loss is shown: between a loss of \$\d\S* and a gain of \$\d\S* a served task/,
  );
  expect(told(account).account).not.toMatch(/-\$|paid|pays/);
});

test("where a gain is shown, reflecting has paid after some tasks, if anybody reflected", () => {
  const account = withTokens(-9000, -8000, -7000);
  expect(account.break_even_tasks).toBeGreaterThan(0);
  expect(told(account).account).toMatch(/^saves \$.*reflecting has paid after \d+ served tasks/);
  const free = { ...LEDGERED, reflection: { input_tokens: 0, output_tokens: 0 } };
  const unpaid = accountOf({ ...free, tokens: { estimate: -8000, low: -9000, high: -7000 } }, EXAMPLE_PRICES);
  expect(told(unpaid).account).not.toMatch(/after 0|paid/);
});

test("counts of tokens that come back unlike from the arms get no interval, and the reason first", () => {
  const next = seeded(3);
  const lift = measureLift(
    Array.from({ length: 4000 }, () => {
      const arm = next() < 0.1 ? "control" : "served";
      const tokens = Math.exp(7 - (arm === "served" ? 0.5 : 0) + 0.3 * gaussian(next));
      return episode({ arm, ...(next() < (arm === "control" ? 0.5 : 0.9) && { tokens }) });
    }),
  );
  expect(lift.returns.tokens.differs).toBe(true);
  expect(lift.handbook.token_ratio.verdict).toBe("better");
  const { tokens, account } = told(accountOf(LEDGERED, EXAMPLE_PRICES), lift);
  expect(tokens).toMatch(/^NOT TRUSTWORTHY.*from 9\d % of the served and [45]\d % of the control tasks/);
  expect(tokens).not.toMatch(/\d % interval|\d to \d|fewer output tokens/);
  expect(account).toMatch(/what it saves cannot be told, for the counts of tokens are not trustworthy/);
});
