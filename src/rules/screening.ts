import type { Behavior } from "../model/behavior.ts";

/** What a person or a model reads of a behavior. */
export type ScreenedText = Pick<Behavior, "instruction"> & {
  [field in "when" | "topic" | "detail"]?: string | undefined;
} & { keywords?: readonly string[] | undefined };

/**
 * Why a behavior must not be served before a person looked, or undefined when nothing speaks against it.
 *
 * Behaviors are drawn from traces, and traces quote web pages, tickets and tool output: whoever writes those can
 * try to write our instructions. This screen holds back the plain attempts; it proves nothing about the rest.
 */
export function unsafeReason(behavior: ScreenedText): string | undefined {
  const { instruction, when, keywords, topic, detail } = behavior;
  const text = [instruction, when, keywords?.join("\n"), topic, detail].filter((part) => part).join("\n");
  if (INVISIBLE.test(text)) return "it holds invisible characters";
  const visible = text
    .normalize("NFKC")
    .replace(/\p{Cf}|\*\*|`/gu, "")
    .replace(/[’‘]/g, "'")
    .replace(REFUSED_REQUEST, " ");
  return ATTEMPTS.find(({ patterns }) => patterns.some((pattern) => attempts(visible, pattern)))?.reason;
}

/** True when the pattern occurs and is not what the text forbids: "never pipe curl into sh" is sound advice. */
function attempts(text: string, pattern: RegExp): boolean {
  return text
    .matchAll(pattern)
    .some(({ index }) => !FORBIDDEN.test(text.slice(Math.max(0, index - 40), index)));
}

const FORBIDDEN =
  /\b(?:never|not|don't|avoid|refuse to)\s+(?:(?:run|use|pipe|execute|call|git|a)(?:n?ing)?\s+){0,2}$/i;

/** A request that the agent is told to refuse: "if a page asks you to ignore your rules, stop". */
const REFUSED_REQUEST =
  /\b(?:if|when|whenever)\b[^.;\n]{0,60}\b(?:asks?|tells?|says?|wants?|tries|instructs?)\b[^.;\n]{0,100},\s*(?:then\s+)?(?:stop|refuse|decline|(?:do not|don't|never) (?:follow|obey|comply))\b/gi;

// Text that a person does not see and a model reads: soft hyphens, zero-width and direction marks, Unicode tags, and
// variation selectors in a row. A zero-width joiner makes emoji, so it is only taken out before matching.
const INVISIBLE =
  /[\u00ad\u200b\u200e\u200f\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]|[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{2}/u;

/** Up to `length` characters of the same line and sentence; a dot within a name ends no sentence. */
const gap = (length: number, without = "") => `(?:(?!\\.\\s${without})[^\\n]){0,${length}}?`;
const pattern = (...parts: string[]) => new RegExp(parts.join(""), "gi");

const SET_ASIDE = "\\b(?:ignore|disregard|forget|override|bypass|set aside|pay no attention to)\\s+";
const PERSON = "(?:user|human|operator|person|owner|developer|maintainer|anyone|anybody)s?\\b";
const NOT_TO = "\\b(?:do not|don't|never|without)\\s+(?:ever\\s+)?";
const SECRET_FILE =
  "(?:~?/?\\.(?:ssh|aws|gnupg|netrc)\\b|\\.env\\b|\\bid_(?:rsa|ed25519)\\b|/etc/(?:passwd|shadow)\\b)";
const SECRET = `(?:${SECRET_FILE}|\\b(?:passwords?|credentials?|api[ _-]?keys?|secrets?|(?<!\\d )tokens?|private keys?|environment variables?|cookies?)\\b)`;
const OUTSIDE =
  "(?:\\b(?:https?|ftp)://(?!localhost|127\\.|api\\.)|\\bwebhooks?\\b|\\b[\\w.+-]+@[\\w-]+\\.\\w|\\bpastebin|\\b[\\w-]+\\.(?:com|net|org|io|test|xyz|ru|cn)\\b)";
const SHELL = "(?:sudo\\s+)?(?:(?:ba|z|da)?sh|python3?|perl|node|source)\\b";
const FETCH = "\\b(?:curl|wget|iwr|invoke-webrequest)\\b";

const ATTEMPTS: { patterns: RegExp[]; reason: string }[] = [
  {
    patterns: [
      pattern(
        SET_ASIDE,
        "(?:\\w+\\s+){0,3}?(?:previous|prior|above|all|any|earlier|preceding|system|safety|your|existing|original)\\s+",
        "(?:(?:of|the|your|other|previous|prior|above|earlier|preceding|system|safety)\\s+){0,3}",
        "(?:instructions?|prompts?|guidelines?|polic(?:y|ies)|directives?|directions|(?<!\\b(?:all|any)\\s+)rules?)\\b",
      ),
      pattern(
        SET_ASIDE,
        "(?:everything|anything|all|what(?:ever)?)\\s+(?:that\\s+)?(?:you (?:were|are|have been|had been|'ve been) (?:told|asked|taught|given|instructed)",
        "|(?:the |your )?(?:user|system|operator|developer|human)s? (?:said|says|wrote|told|asked|wants?)|(?:above|before)(?=\\s*(?:[.,;:!]|and\\b|$)))",
      ),
      /\bfrom now on\b[^.\n]{0,10}\byou (?:are\b|(?:must|shall|will) (?:obey|follow|only|act|answer)\b)/gi,
      /\bobey (?:the |this |that |any |every )?(?:web ?site|web ?page|page|document|e-?mail|comment)/gi,
      /\byour new (?:instructions?|rules|orders|directives?|system prompt)\b|\bsystem override\s*:/gi,
      /\b(?:turn|switch) off (?:\w+\s+){0,2}?(?:safety|security|permission|approval)\b|\b(?:disable|bypass|circumvent) (?:\w+\s+){0,2}?(?:safety|permission|approval) (?:checks?|rules?|filters?|prompts?)\b/gi,
      /--dangerously-skip-permissions\b|\byou (?:now )?have no (?:restrictions|rules)\b|\byou are now (?:DAN|unrestricted|jailbroken)\b/gi,
    ],
    reason: "it tells the agent to set its instructions or safeguards aside",
  },
  {
    patterns: [
      pattern(
        NOT_TO,
        `(?:tell|inform|notify|alert|warn)(?:ing)?\\s+(?:(?:the|your|a|any)\\s+)?${PERSON}`,
        "(?!\\s+(?:to|how|(?:for|on|about|of) (?:every|each|all))\\b|[^.]{0,40}\\b(?:done|fixed|works?|finished|complete|pass(?:es)?)\\b[^.]{0,40}\\b(?:until|before|unless|without)\\b)",
      ),
      pattern(
        NOT_TO,
        `(?:mention|reveal|disclos|report|say)(?:e|ing)?\\s+(?:any of )?(?:this|that|it|these|the fact|what you|your)\\b${gap(40)}\\b${PERSON}`,
      ),
      pattern(
        `${NOT_TO}let (?:the |your )?${PERSON} know\\b|\\bsay nothing to (?:the |your |any )?${PERSON}|\\b${PERSON} (?:never|must not) (?:learns?|finds? out|notices?|sees? this)\\b`,
      ),
      pattern(
        `\\b(?:keep (?:this|that|it|these|everything|your \\w+)\\s+(?:a )?(?:secret|hidden|quiet|private)|hide (?:this|what you|your))\\b${gap(20)}\\bfrom (?:the |your |any )?${PERSON}`,
      ),
      pattern(
        "(?<!\\b(?:never|not|don't|avoid|nothing)\\b[^.;:\\n]{0,60})\\b(?:push --force|force-push|delete|drop|wipe|erase|overwrite|pay|transfer)\\b",
        `${gap(60)}\\bwithout (?:asking|telling|permission|approval|confirmation)\\b`,
      ),
    ],
    reason: "it tells the agent to act behind its user's back",
  },
  {
    patterns: [
      pattern(FETCH, "[^|\\n]{0,200}\\|\\s*", SHELL),
      pattern(
        FETCH,
        "[^\\n]{0,200}(?:\\.(?:sh|py|ps1)\\b|\\s-o\\b)[^\\n]{0,100}(?:&&|;)\\s*(?:chmod\\b|",
        SHELL,
        ")",
      ),
      pattern("\\b", SHELL, "\\s+(?:-c\\s+)?[\"']?[<$]\\(\\s*(?:curl|wget)\\b"),
      /\beval\s*\(\s*(?:atob|fetch)/gi,
      pattern("\\bbase64\\s+(?:-d|--decode)\\b[^\\n]{0,200}\\|\\s*", SHELL),
    ],
    reason: "it runs something downloaded or encoded unseen",
  },
  {
    patterns: [
      // A secret in a header to an endpoint, or to a login, is how an API is called.
      pattern(
        `\\b(?:send|post|upload|(?:e-?)?mail|exfiltrate|forward|leak|append|include|paste|attach|transmit|submit)\\b${gap(60)}${SECRET}`,
        `${gap(60, "|\\bheaders?\\b|\\bendpoint\\b|\\blogin\\b|\\bAPI\\b")}\\b(?:to|at|in|of|on|into)\\b${gap(40, "|\\bheaders?\\b|\\bendpoint\\b|\\blogin\\b|\\bAPI\\b")}${OUTSIDE}`,
      ),
      pattern(
        `${SECRET_FILE}${gap(40)}\\b(?:include|append|put|send|add|paste)\\b${gap(20)}\\bcontents?\\b${gap(30)}\\b(?:request|url|query|message)\\b`,
      ),
      pattern(
        FETCH,
        `[^\\n]{0,80}\\s(?:-d|-F|-T|--data\\S*|--form|--upload-file|--post-file)[=\\s]?\\S{0,20}${SECRET_FILE}`,
      ),
      pattern(SECRET_FILE, "[^\\n|]{0,20}\\|\\s*(?:nc|ncat|curl|wget)\\b"),
    ],
    reason: "it sends secrets somewhere",
  },
  {
    patterns: [
      /\brm\s+-(?:rf|fr)\s+(?:--no-preserve-root\s+)?(?:\/(?=[\s*"'.;,]|$)|\/(?:etc|usr|home|var|bin|boot|lib|root)\b|(?:~|\$HOME)\/?(?=[\s*"'.;,]|$))/gi,
      /\bmkfs(?:\.\w+)?\s+\S*\/dev\/|\bdd\s+if=\S+\s+of=\/dev\/(?!null)/gi,
    ],
    reason: "it destroys files wholesale",
  },
  {
    patterns: [
      /<\|[a-z_]+\|>|\[\/?INST\]|<\/(?:system|assistant|tool_call)>|^[ \t]*<(?:system|assistant|tool_call)>/gim,
    ],
    reason: "it holds the markup of a chat template",
  },
];
