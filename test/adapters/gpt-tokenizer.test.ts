import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import { gptTokenizer } from "../../src/adapters/gpt-tokenizer.ts";

const { count } = gptTokenizer();

test("ordinary text is counted exactly", async () => {
  const prose =
    `To find x, subtract 3 from both sides.\n\n    if (x > 3) return 7;\n- a list, and "quotes" — dashes.\n`.repeat(
      60,
    );
  expect(await count(prose)).toBe(countTokens(prose));
  expect(await count("")).toBe(0);
});

test("special tokens in a trace are text like any other", async () => {
  expect(await count("the model wrote <|endoftext|> here")).toBeGreaterThan(5);
});

test("a run without spaces is counted within a hundredth, and takes no quadratic time", async () => {
  const exact = countTokens("漢字".repeat(400));
  expect(Math.abs((await count("漢字".repeat(400))) - exact) / exact).toBeLessThan(0.01);
  // By the encoder alone, a run of this length takes minutes.
  expect(await count("漢".repeat(500_000))).toBeGreaterThan(100_000);
  expect(await count("\u{1F600}".repeat(100_000))).toBeGreaterThan(50_000);
});
