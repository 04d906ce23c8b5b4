import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { Tokenizer } from "../ports.ts";

const SLICE = 256;
const YIELD_EVERY = 200;
// A trace may quote "<|endoftext|>"; that is text like any other.
const OPTIONS = { disallowedSpecial: new Set<string>() };

/**
 * Counts tokens by the o200k_base encoding.
 *
 * Byte pair encoding takes time quadratic in the length of an unbroken run (200,000 letters: 21 s), so text is
 * counted in slices of at most 256 characters, cut before white space where there is any. Such a cut is exact for
 * o200k, where a word owns the space before it; a cut inside a longer run can add one token.
 */
export function gptTokenizer(): Tokenizer {
  return {
    async count(text) {
      let tokens = 0;
      let slices = 0;
      for (let from = 0; from < text.length; ) {
        const to = sliceEnd(text, from);
        tokens += countTokens(text.slice(from, to), OPTIONS);
        from = to;
        if (++slices % YIELD_EVERY === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return tokens;
    },
  };
}

function sliceEnd(text: string, from: number): number {
  const limit = from + SLICE;
  if (limit >= text.length) return text.length;
  for (let at = limit; at > from + 1; at--) {
    if (text[at] === " " && text[at - 1] !== " " && text[at - 1] !== "\n") return at;
  }
  // No word ends here. Do not cut a surrogate pair in two.
  return isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
