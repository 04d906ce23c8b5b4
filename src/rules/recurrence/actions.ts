/**
 * Verbs of work, synonyms in one line: what is done to an equation, a text, a program, a case. Verbs of talk and of thought
 * (say, think, know, read, look, check, try, wait) are left out: a step that has no other is filler. So are verbs of which most
 * puzzles tell stories (open, pour, pick, move, take).
 */
const VERBS = `
use apply employ utilize invoke
compute calculate evaluate determine find
solve
substitute plug insert
replace
simplify reduce
cancel
add
subtract
multiply
divide
sum
square
cube
halve
negate
invert
extract
factor factorize factorise decompose
split partition
expand distribute
combine collect group
merge
rewrite rearrange express reformulate
convert transform translate
isolate
eliminate remove exclude
equate
differentiate derive
integrate
minimize minimise
maximize maximise
optimize optimise
bound
rationalize rationalise
normalize normalise
estimate approximate
count enumerate list
construct build
draw sketch plot graph
define denote
prove
compare
sort
test
verify validate
iterate
analyze analyse examine inspect
classify categorize
search grep query
fetch retrieve
scan
write
edit modify update patch fix
run execute
install
configure
import
debug
reproduce
refactor
`;

/** What a step brings to mind by its name ("the quadratic formula") or by what it says: it tells how without a verb of work. */
const RECALLED =
  /(?<!\b(?:an?|any|each|every|its|one|our|that|the|these|this|those)\s)\b(?:theorems?|formulas?|formulae|identity|identities|inequality|algorithm|lemma|criterion|postulate|law of)\b|\bis (?:given by|defined as|equal to the)\b/i;

/** What can be taken of a number or a function; of other things, stories take. */
const TAKEN =
  /\btak(?:e|ing)\b.*\b(?:roots?|derivatives?|logarithms?|logs?|reciprocals?|limits?|complements?|integrals?)\b/i;

/** What stands before a verb that somebody does or is to do; other words stand before the noun of the same letters. */
const CUES = new Set(
  (
    "we i you us me let's lets i'll we'll you'll can could must should and or then now first second third next finally last so " +
    "therefore thus hence also just simply directly by after before when while please instead"
  ).split(" "),
);
/** "Need to" is a step; "asked to" and "to" at the beginning say what a step is for. */
const BEFORE_TO = new Set("need needs have has going is remember".split(" "));

const ACTIONS = new Map(
  VERBS.trim()
    .split("\n")
    .flatMap((line) => {
      const synonyms = line.split(" ");
      return synonyms.flatMap((verb) => [verb, gerund(verb)].map((form) => [form, synonyms[0] ?? verb]));
    }),
);

const TOKENS = /\p{L}+(?:['’]\p{L}+)?|[,:;(–—]|\uE000+/gu;
const TOOL = /^Tool ([\w.:-]+)/;
const PURPOSE = /^\s*(?:\p{L}+,?\s+)?to\s+\p{Ll}[^,:]*[,:]\s+(?=.*\p{L}{2})/iu;

/** The sentence without what it is for, where that stands first: "To find x, subtract 3" is a subtraction. */
export function withoutPurpose(sentence: string): string {
  return sentence.replace(PURPOSE, "");
}

/**
 * What a step does: verbs of work in the place of a verb, a formula or theorem that it names, or the tool that it calls;
 * synonyms are one. Empty for filler, for questions, and for statements about the world of a puzzle.
 */
export function actionsOf(sentence: string): Set<string> {
  const tool = TOOL.exec(sentence)?.[1];
  if (tool !== undefined) return new Set([`tool ${tool}`]);
  const found = new Set<string>();
  if (/\?["”)*]*\s*$/.test(sentence)) return found;
  if (RECALLED.test(sentence)) found.add("recall");
  if (TAKEN.test(sentence)) found.add("take");
  let [beforeThat, before] = ["", ":"];
  for (const token of sentence.toLowerCase().replaceAll("’", "'").match(TOKENS) ?? []) {
    const isVerb = before === "to" ? BEFORE_TO.has(beforeThat) : CUES.has(before) || !/^\p{L}/u.test(before);
    const action = isVerb ? ACTIONS.get(token) : undefined;
    if (action !== undefined) found.add(action);
    [beforeThat, before] = [before, token];
  }
  return found;
}

function gerund(verb: string): string {
  if (/^[^aeiou]*[aeiou][bdgmnprt]$/.test(verb)) return `${verb}${verb.at(-1)}ing`;
  return `${verb.replace(/e$/, "")}ing`;
}
