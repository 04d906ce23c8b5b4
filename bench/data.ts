// A handbook, tasks and traces that are made up, the same ones for the same seed: for benches of speed, where only
// the statistics of the text matter. Nothing about quality can be measured with them.
import type { HandbookFile } from "../src/adapters/readers/handbook-json-reader.ts";
import { type Random, random } from "../src/rules/random.ts";

export function between(next: Random, least: number, most: number): number {
  return least + Math.floor(next() * (most - least + 1));
}

const FUNCTION_WORDS =
  "the of and to a in is that for it with as on be by this are or from at an not you have which when if then each one all there use before after into only its between more than check first".split(
    " ",
  );
const ONSETS = "b c d f g h l m n p r s t v w br cl cr dr fl gr pl pr sc sh sp st str th tr".split(" ");
const NUCLEI = "a e i o u ai ea ee ie io oa ou".split(" ");
const CODAS = "b ck d l m n nd ng nt p r rm s st t x".split(" ");
const SUFFIXES = "ing ed s er tion able ment ly ity".split(" ");
const CONTENT_WORDS = 8000;
const TOPICS = 24;
const TOPIC_WORDS = 400;
const TOPIC_SHARE = 0.5; // of the content words of a text, those of its topic

/**
 * Word frequencies follow Mandelbrot's form of Zipf's law, 1 / (rank + 2.7): the first ranks are English function
 * words, the rest pronounceable inventions with English endings. Each topic has words of its own that it prefers.
 * Beyond 1,000 behaviors words and topics grow with the root of their number, as vocabularies do (Heaps' law).
 */
function language(next: Random, count: number) {
  const growth = Math.sqrt(Math.max(1, count / 1000));
  const made = new Set<string>();
  while (made.size < CONTENT_WORDS * growth) {
    const syllables = Array.from(
      { length: between(next, 1, 3) },
      () => pick(next, ONSETS) + pick(next, NUCLEI),
    );
    const suffix = next() < 0.35 ? pick(next, SUFFIXES) : "";
    made.add(`${syllables.join("")}${pick(next, CODAS)}${suffix}`);
  }
  const content = [...made];
  const common = zipf([...FUNCTION_WORDS, ...content]);
  const topics = Array.from({ length: Math.floor(TOPICS * growth) }, (_, topic) => ({
    name: `${content[topic * 7] ?? ""} ${content[topic * 7 + 1] ?? ""}`,
    word: zipf(Array.from({ length: TOPIC_WORDS }, () => pick(next, content))),
  }));
  const word = (topic: Topic) => (next() < TOPIC_SHARE ? topic.word(next) : common(next));
  const words = (topic: Topic, least: number, most: number) =>
    Array.from({ length: between(next, least, most) }, () => word(topic)).join(" ");
  return {
    anyTopic: () => topics[Math.floor(next() * topics.length)] as Topic,
    word,
    words,
    sentence(topic: Topic, least: number, most: number) {
      const text = words(topic, least, most);
      return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    },
  };
}

interface Topic {
  name: string;
  word(next: Random): string;
}
type Language = ReturnType<typeof language>;

/** Draws from a list by rank. */
function zipf(words: readonly string[]): (next: Random) => string {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= words.length; rank++) {
    sum += 1 / (rank + 2.7);
    sums.push(sum);
  }
  return (next) => {
    const wanted = next() * sum;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return words[low] ?? "";
  };
}

function pick(next: Random, list: readonly string[]): string {
  return list[Math.floor(next() * list.length)] ?? "";
}

export interface Synthetic {
  handbook: HandbookFile;
  /** A task of one of the topics, 20 to 60 words. */
  task(): string;
  /** The reasoning of an attempt, of about so many characters: prose, steps, numbers, code, a failing command. */
  reasoning(characters: number): string;
}

/** Behaviors one after the other, for more than memory should hold. */
export function* syntheticBehaviors(count: number, seed: number): Generator<SyntheticBehavior> {
  const next = random(seed);
  yield* behaviorsIn(language(next, count), next, count);
}

export interface SyntheticBehavior {
  name: string;
  instruction: string;
  when: string;
  keywords: string[];
  topic: string;
}

/** Texts to look for among the behaviors of the same count and seed. */
export function syntheticQueries(count: number, seed: number) {
  const next = random(seed);
  const { anyTopic, words, sentence } = language(next, count);
  return {
    /** 3 to 8 words. */
    short: () => words(anyTopic(), 3, 8),
    /** 20 to 60 words. */
    long: () => sentence(anyTopic(), 20, 60),
  };
}

function* behaviorsIn({ anyTopic, sentence }: Language, next: Random, count: number) {
  const names = new Set<string>();
  while (names.size < count) {
    const topic = anyTopic();
    let name = "";
    do {
      const parts = Array.from({ length: between(next, 3, 6) }, () => topic.word(next));
      name = `behavior_${parts.join("_")}`.slice(0, 80).replace(/_$/, "");
    } while (names.has(name));
    names.add(name);
    yield {
      name,
      instruction: `${sentence(topic, 10, 25)} ${sentence(topic, 10, 25)}`,
      when: sentence(topic, 8, 20),
      keywords: [...new Set(Array.from({ length: between(next, 3, 6) }, () => topic.word(next)))],
      topic: topic.name,
    };
  }
}

export function synthetic(count: number, seed: number): Synthetic {
  const next = random(seed);
  const written = language(next, count);
  const { anyTopic, word, sentence } = written;
  const behaviors = Array.from(behaviorsIn(written, next, count), (behavior) => ({
    ...behavior,
    status: "active" as const,
  }));

  const parts: ((topic: Topic) => string)[] = [
    (topic) => sentence(topic, 8, 30),
    (topic) => sentence(topic, 8, 30),
    (topic) => `${between(next, 1, 9)}. ${sentence(topic, 6, 20)}`,
    (topic) =>
      `So ${word(topic)} = ${between(next, 2, 99)} × ${between(next, 2, 99)} + ${between(next, 100, 99_999)}.`,
    (topic) =>
      `\`\`\`ts\nconst ${topic.word(next)} = await ${topic.word(next)}(${between(next, 0, 999)});\n\`\`\``,
    (topic) =>
      `$ npm test -- ${topic.word(next)}\nFAIL src/${topic.word(next)}.test.ts:${between(next, 1, 400)}: expected ${next()} to be ${next()}`,
    () => `I followed ${behaviors[Math.floor(next() * count)]?.name ?? "no behavior"} here.`,
  ];
  return {
    handbook: {
      format: "behavior-handbook/1",
      handbook: "default",
      description: `${count} made-up behaviors, seed ${seed}`,
      behaviors,
    },
    task: () => sentence(anyTopic(), 20, 60),
    reasoning(characters) {
      const topic = anyTopic();
      let text = "";
      while (text.length < characters) text += `${parts[Math.floor(next() * parts.length)]?.(topic)}\n\n`;
      return text.slice(0, characters);
    },
  };
}
