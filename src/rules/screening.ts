/**
 * Why a behavior must not be served before a person looked, or undefined when nothing speaks against it.
 *
 * Behaviors are drawn from traces, and traces quote web pages, tickets and tool output: whoever writes those can
 * try to write our instructions. This screen holds back the plain attempts; it proves nothing about the rest.
 */
export function unsafeReason(text: string): string | undefined {
  return ATTEMPTS.find(({ pattern }) => pattern.test(text))?.reason;
}

const ATTEMPTS: { pattern: RegExp; reason: string }[] = [
  {
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.]{0,40}\b(?:previous|prior|above|all|any|system|safety|earlier)\b[^.]{0,30}\b(?:instructions?|prompts?|rules?|guidelines?|polic(?:y|ies)|messages?)\b/i,
    reason: "it tells the agent to set its instructions aside",
  },
  {
    pattern:
      /\b(?:do not|don't|never|without)\s+(?:tell|telling|inform|informing|notify|notifying|alert|alerting|mention\w*)\b[^.]{0,30}\b(?:user|human|person|operator|anyone)\b/i,
    reason: "it tells the agent to hide something from its user",
  },
  {
    pattern:
      /\b(?:curl|wget|iwr|invoke-webrequest)\b[^|\n]*\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|\beval\s*\(\s*(?:atob|fetch)|\bbase64\s+(?:-d|--decode)\b[^\n]*\|/i,
    reason: "it runs something downloaded or encoded unseen",
  },
  {
    pattern:
      /\b(?:send|post|upload|email|exfiltrate|forward|leak)\b[^.]{0,60}\b(?:passwords?|credentials?|api[ _-]?keys?|secrets?|tokens?|private keys?|\.env|environment variables?)\b[^.]{0,40}\b(?:to|at)\b/i,
    reason: "it sends secrets somewhere",
  },
  {
    pattern: /\brm\s+-rf\s+[~/]|\bmkfs\b|\bdd\s+if=[^ ]+\s+of=\/dev\//i,
    reason: "it destroys files wholesale",
  },
  {
    pattern: /<\|[a-z_]+\|>|<\/?(?:system|assistant|tool_call)>|\[\/?INST\]/i,
    reason: "it holds the markup of a chat template",
  },
  // Zero-width characters and Unicode tags: text that a person does not see and a model reads.
  { pattern: /[\u200b\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u, reason: "it holds invisible characters" },
];
