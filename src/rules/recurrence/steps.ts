/** A piece of reasoning that does one thing. */
export interface Step {
  /** As it stands, with the formulas that follow it. */
  text: string;
  /** Its words, on one line: formulas, code and quotations are gaps. */
  words: string;
  /** Where it begins, in characters. */
  at: number;
}

// What is masked keeps its length, so that places stay; the gap is no letter and no space.
const GAP = "\uE000";
const GAPS = new RegExp(`${GAP}+`, "g");
// Fenced code, displayed and inline formulas, inline code. Of a dollar sign, the rules of Pandoc, so that prices are none.
const MASKED =
  /```[\s\S]*?(?:```|$)|\\\[[\s\S]{0,4000}?\\\]|\\\([\s\S]{0,1000}?\\\)|\$\$[\s\S]{0,4000}?\$\$|\\begin\{(\w+\*?)\}[\s\S]{0,4000}?\\end\{\1\}|(?<![\\$\w])\$(?=[^\s$])[^$\n]{0,1000}?(?<=[^\s\\])\$(?!\d)|`[^`\n]+`/g;
const QUOTED = /"[^"\n]{1,300}"|“[^”\n]{1,300}”/g;
/** List items, numbered points, headings, quotations, bold: none is part of what is said. */
const MARKER = /^\s*(?:(?:[-*+•–>]|#{1,6}|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+)*(?:step \d+\s*[:.)-]\s*)?/i;
const TOOL_CALL = /^Tool [\w.:-]+(?=:|$)/;
/** What came from elsewhere, up to the next blank line. */
const OF_OTHERS = /^(?:Result(?: \(error\))?|The user(?:, meanwhile)?): /;
/** A value of one word is an id, a path, a code: of this problem. One of several is a command or a thought. */
const ONE_WORD = /:\s*"(?:[^"\\\s]|\\.)*"/g;
const ABBREVIATION = /(?:\b(?:e\.g|i\.e|vs|cf|etc|Dr|Mrs?|Ms|Prof|St|No|Eq|Fig|approx|resp)|\b[A-Z])\.\s*$/;
const LETTERS = /\p{L}{2}/u;
/** Characters of a sentence that are looked at; more is data. */
const MOST_WORDS = 2000;

const SENTENCES = new Intl.Segmenter("en", { granularity: "sentence" });

/**
 * Cuts reasoning into steps: lines (paragraphs, list items), and the sentences in them. A formula or a block of code has no
 * words of its own and is the work of the step before it. A call of a tool is a step; what it returned, and what the
 * user said, is none.
 */
export function stepsOf(reasoning: string): Step[] {
  const steps: { at: number; end: number; words: string }[] = [];
  let isOfOthers = false;
  for (const { line, at } of linesOf(masked(reasoning))) {
    isOfOthers = line.trim() !== "" && (isOfOthers || OF_OTHERS.test(line));
    if (isOfOthers) continue;
    const end = at + line.trimEnd().length;
    const [call] = TOOL_CALL.exec(line) ?? [];
    if (call !== undefined) {
      const given = line.slice(call.length).replace(ONE_WORD, " ");
      steps.push({ at, end, words: `${call} ${given.replace(/[^\p{L}\p{N}]+/gu, " ")}` });
      continue;
    }
    for (const sentence of sentencesOf(line, at)) {
      const last = steps.at(-1);
      if (LETTERS.test(sentence.words)) steps.push(sentence);
      else if (last !== undefined && sentence.end > sentence.at) last.end = sentence.end;
    }
  }
  return steps.map(({ at, end, words }) => ({
    at,
    words: words.slice(0, MOST_WORDS),
    text: reasoning.slice(at, end),
  }));
}

function masked(text: string): string {
  const gap = (run: string) => GAP.repeat(run.length);
  // A line that goes on in lower case was only wrapped.
  return text
    .replace(MASKED, gap)
    .replace(/(?<=[\p{L},])[ ]?\n(?=\p{Ll})/gu, (run) => " ".repeat(run.length));
}

function* linesOf(text: string): Generator<{ line: string; at: number }> {
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end === -1 ? undefined : end);
    yield { line, at };
    at += line.length + 1;
  }
}

function* sentencesOf(line: string, at: number): Generator<{ at: number; end: number; words: string }> {
  const marker = MARKER.exec(line)?.[0].length ?? 0;
  let from = marker;
  let cut = marker;
  for (const { segment } of SENTENCES.segment(line.slice(marker))) {
    cut += segment.length;
    const sentence = line.slice(from, cut);
    if (cut < line.length && ABBREVIATION.test(sentence)) continue;
    const words = sentence.replace(GAPS, ` ${GAP} `).replace(QUOTED, ` ${GAP} `);
    const begin = from + (sentence.length - sentence.trimStart().length);
    yield { at: at + begin, end: at + from + sentence.trimEnd().length, words };
    from = cut;
  }
}
