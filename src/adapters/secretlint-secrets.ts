import { lintSource } from "@secretlint/core";
import { secretLintProfiler } from "@secretlint/profiler";
import { creator } from "@secretlint/secretlint-rule-preset-recommend";
import type { SecretScanner } from "../ports.ts";

const PRESET = "@secretlint/secretlint-rule-preset-recommend";
// Key ids count too: a trace that shows the id of a cloud key mostly shows the key a line later.
const AWS = { id: "@secretlint/secretlint-rule-aws", options: { enableIDScanRule: true } };
const CONFIG = { rules: [{ id: PRESET, rule: creator, rules: [AWS] }] };

// It is on by default and keeps its marks of every scan for ever: 50 KB a trace.
secretLintProfiler.setEnabled(false);

/** Finds keys, tokens and passwords by secretlint's recommended rules. */
export function secretlintSecrets(): SecretScanner {
  return {
    async redact(text) {
      const { messages } = await lintSource({
        source: { filePath: "trace.txt", content: text, contentType: "text" },
        options: { config: CONFIG, locale: "en", noPhysicFilePath: true },
      });
      const kinds = new Set<string>();
      let redacted = "";
      let end = 0;
      for (const { range, ruleId } of messages.sort((a, b) => a.range[0] - b.range[0])) {
        const [from, to] = range;
        if (to <= end) continue;
        const kind = kindOf(ruleId);
        kinds.add(kind);
        // Where two findings overlap, the second one only lengthens the hole.
        redacted += from < end ? "" : `${text.slice(end, from)}[redacted: ${kind}]`;
        end = to;
      }
      return { text: redacted + text.slice(end), kinds: [...kinds] };
    },
  };
}

/** "@secretlint/secretlint-rule-database-connection-string" is a "database connection string". */
function kindOf(ruleId: string): string {
  return ruleId.replace(/^.*secretlint-rule-/, "").replaceAll("-", " ");
}
