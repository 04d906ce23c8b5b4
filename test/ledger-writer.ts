// Records traces in a ledger and prints each id once it is acknowledged. A process of its own for tests.
import { monotonicFactory } from "ulid";
import { gptTokenizer } from "../src/adapters/gpt-tokenizer.ts";
import { memoryIndex } from "../src/adapters/lexical/memory-index.ts";
import { secretlintSecrets } from "../src/adapters/secretlint-secrets.ts";
import { recordTrace } from "../src/lifecycle/record.ts";
import { lexicalRules } from "../src/rules/lexical.ts";
import { openLedger } from "./open-ledger.ts";

const [address = "", count = "0"] = process.argv.slice(2);
const ledger = await openLedger(address);
const ports = {
  ledger,
  index: memoryIndex(ledger, lexicalRules),
  secrets: secretlintSecrets(),
  tokenizer: gptTokenizer(),
  now: () => new Date(),
  newId: monotonicFactory(),
  settings: { reflectionTokens: 6000, starters: false, holdout: 0, withhold: 0 },
};
for (let i = 0; i < Number(count); i++) {
  const input = { task: `task ${process.pid} ${i}`, reasoning: "step ".repeat(200), output_tokens: 200 };
  const { trace } = await recordTrace(ports, input);
  process.stdout.write(`${trace.id}\n`);
}
await ledger.close();
