/** Where something is in a text, from a character up to another, and what it is. */
export interface Finding {
  kind: string;
  from: number;
  to: number;
}

interface Pattern {
  kind: string;
  /** The secret is the last group, which ends the match; without a group, the whole match. */
  find: RegExp;
  /** What the group may hold without being a secret: words, names in code, placeholders. */
  unless?: RegExp;
}

/**
 * Secrets that no rule of secretlint 13 finds in running text, or not to their end. They expect the text as `readable`
 * makes it. Every repetition that a text can start at many places is bounded, so that no text takes quadratic time.
 */
const PATTERNS: readonly Pattern[] = [
  // secretlint asks for 100 characters that begin with MI: that leaves out Ed25519, EC and PGP. Unfinished blocks count.
  {
    kind: "privatekey",
    find: /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?:(?=(?:(?!-----)[\s\S]){0,400}?[\w+/=]{32})(?:(?!-----)[\s\S]){32,20000}?-----END [A-Z0-9 ]{0,50}-----|(?:\s{1,80}[\w+/=]{32,})+(?:\s{1,80}[\w+/=]+)?)/g,
  },
  // secretlint finds the name of the variable and takes 40 characters from there. A key has both cases, a path rarely.
  {
    kind: "aws",
    find: /(?:secret[_ -]?access[_ -]?key|aws[_ -]?secret(?:[_ -]?key)?|aws[_ -]?session[_ -]?token|\bsessiontoken)(?: \[[^\]\s]{0,40}\])?[\s:=>|,]{1,60}((?:[a-z0-9+=]|\\{0,8}\/){40,})/gi,
    unless: /^(?:[^A-Z]*|[^a-z]*)$/,
  },
  { kind: "handbook key", find: /\bhbk_[0-9a-f]{12}_[0-9a-f]{64}(?![0-9a-f])/g },
  { kind: "google api key", find: /(?<![A-Za-z0-9+/])AIza[\w-]{35}/g },
  // A header is base64url of `{"`, hence eyJ; after a letter that is the camel case of a name such as keyJournal.
  {
    kind: "jwt",
    find: /(?<![\w-])(?=(?:[\w-]*?[^A-Za-z])?eyJ[\w-]{10})[\w-]+\.[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+){0,2}/g,
  },
  {
    kind: "authorization",
    find: /authorization\s{0,8}[:=,]?>?\s{0,8}f?\s{0,2}(?:bearer|basic|token)\s{1,8}([\w.~+/=-]{8,})/gi,
    unless: /^[A-Za-z]?[a-z]*[.,]?$|^(?:[A-Za-z]+[_.-])+[A-Za-z]*$/,
  },
  // Without the header, words that follow are mostly prose: "Basic internationalization", "bearer access-tokens".
  {
    kind: "authorization",
    find: /\b[Bb]earer\s{1,8}([\w.~+/=-]{20,})/g,
    unless: /^[^\d]*$|^[a-z0-9]+(?:[-_.][a-z0-9]{1,12})+$/,
  },
  {
    kind: "authorization",
    find: /\bBasic\s{1,8}([A-Za-z0-9+/]{16,}={0,2})/g,
    unless: /^(?:[^A-Z]*|[^a-z]*|[^\d=]*)$/,
  },
  // secretlint knows three databases and http, and no empty user. A port that something else follows is no password.
  {
    kind: "url password",
    find: /:(?:\\{0,8}\/){2}([^\s:/@<>()\\]{0,256}:(?!\d{2,5}[?#,;&)\]}|\\])[^\s/@]{1,512})(?=@(?!sha\d))/g,
    unless: /:(?:\$\{[^}]*\}|\$\(.*\)|\$[A-Z_]+|<.*>|\{.*\}|\[.*\]|%[sdv]|%\(.*|[*.…]+|[xX]+)$/,
  },
  {
    kind: "azure",
    find: /(?:Account|SharedAccess)Key\s{0,8}[:=]\s{0,8}((?:[A-Za-z0-9+]|\\{0,8}\/){40,}={0,2})/gi,
  },
  // secretlint looks for it in files named .npmrc, and takes the rest of the line.
  {
    kind: "npm",
    find: /(?::_(?:authToken|auth|password)\s{0,8}[:=]\s{0,8}|_authToken=)([\w.~+/=-]{8,})/g,
    unless: /^[^\d=]*$/,
  },
];

/** Findings of the patterns in a text that went through `readable`. */
export function findSecrets(text: string): Finding[] {
  const findings: Finding[] = [];
  for (const { kind, find, unless } of PATTERNS) {
    for (const match of text.matchAll(find)) {
      const secret = match[1] ?? match[0];
      const to = match.index + match[0].length;
      if (!unless?.test(secret)) findings.push({ kind, from: to - secret.length, to });
    }
  }
  return findings;
}

/**
 * The text with spaces in place of quotes, escaped quotes and line ends (JSON, JSON in JSON) and terminal colors: each
 * hides the beginning of a token, as in `\nghp_…`, or the end of a URL. Every other character stays where it was.
 */
export function readable(text: string): string {
  return text.replace(/\\{0,8}["'`]|\\{1,8}[nrt]|(?:\p{Cc}|\\{1,8}u001b)?\[[\d;]{0,16}m/giu, ({ length }) =>
    " ".repeat(length),
  );
}
