import { lintSource } from "@secretlint/core";
import { secretLintProfiler } from "@secretlint/profiler";
import { rules } from "@secretlint/secretlint-rule-preset-recommend";
import type { SecretScanner } from "../ports.ts";
import { type Finding, findSecrets, readable } from "./secret-patterns.ts";

const AWS = {
  // Key ids count too: a trace that shows the id of a cloud key mostly shows the key a line later.
  options: { enableIDScanRule: true },
  // The range of this one covers the name of the variable and half of the key; our own pattern covers the key.
  allowMessageIds: ["AWSSecretAccessKey"],
};

// One by one, because the preset cannot leave out the rule by which a comment in the text switches the scan off.
const RULES = rules
  .filter(({ meta }) => meta.id !== "@secretlint/secretlint-rule-filter-comments")
  .map((rule) => ({
    id: rule.meta.id,
    rule,
    ...(rule.meta.id === "@secretlint/secretlint-rule-aws" && AWS),
  }));

// It is on by default and keeps its marks of every scan for ever: 50 KB a trace.
secretLintProfiler.setEnabled(false);

/** Finds keys, tokens and passwords by secretlint's recommended rules and by patterns for what those miss. */
export function secretlintSecrets(): SecretScanner {
  return {
    async redact(text) {
      const content = readable(text);
      const { messages } = await lintSource({
        source: { filePath: "trace.txt", content, contentType: "text" },
        options: { config: { rules: RULES }, locale: "en", noPhysicFilePath: true },
      });
      const known = messages.map(({ ruleId, range: [from, to] }) => ({ kind: kindOf(ruleId), from, to }));
      return withHoles(text, [...known, ...findSecrets(content)]);
    },
  };
}

function withHoles(text: string, findings: Finding[]): { text: string; kinds: string[] } {
  const kinds = new Set<string>();
  let redacted = "";
  let end = 0;
  for (const { kind, from, to } of findings.sort((a, b) => a.from - b.from || b.to - a.to)) {
    if (to <= end) continue;
    kinds.add(kind);
    // Where two findings overlap, the second one only lengthens the hole.
    redacted += from < end ? "" : `${text.slice(end, from)}[redacted: ${kind}]`;
    end = endOfToken(text, to);
  }
  return { text: redacted + text.slice(end), kinds: [...kinds] };
}

/** A token may be longer than its rule says: nothing of it stays. */
function endOfToken(text: string, from: number): number {
  const token = /[A-Za-z0-9/+=_-]*/y;
  token.lastIndex = from;
  return from + (token.exec(text)?.[0].length ?? 0);
}

/** "@secretlint/secretlint-rule-database-connection-string" is a "database connection string". */
function kindOf(ruleId: string): string {
  return ruleId.replace(/^.*secretlint-rule-/, "").replaceAll("-", " ");
}
