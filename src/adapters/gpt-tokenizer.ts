import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { Tokenizer } from "../ports.ts";

const LONGEST = 256; // characters counted at once
const YIELD_EVERY = 50_000; // characters
// A trace may quote "<|endoftext|>"; that is text like any other.
const OPTIONS = { disallowedSpecial: new Set<string>() };

// Words repeat, and counting one takes a hundred times as long as looking it up.
const KNOWN = new Map<string, number>();
const MAX_KNOWN = 20_000;
const MAX_KEPT = 40; // characters

/**
 * Counts tokens by the o200k_base encoding.
 *
 * Byte pair encoding takes time quadratic in the length of an unbroken run (200,000 letters: 21 s), so text is
 * counted word by word, and in pieces of at most 256 characters. A cut before white space is exact for o200k, where
 * a word owns the space before it; a cut inside a longer run can add one token.
 */
export function gptTokenizer(): Tokenizer {
  return {
    async count(text) {
      let tokens = 0;
      let yieldAt = YIELD_EVERY;
      for (let from = 0; from < text.length; ) {
        const to = pieceEnd(text, from);
        tokens += countPiece(text.slice(from, to));
        from = to;
        if (from < yieldAt) continue;
        yieldAt = from + YIELD_EVERY;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return tokens;
    },
  };
}

function countPiece(piece: string): number {
  const known = KNOWN.get(piece);
  if (known !== undefined) return known;
  const tokens = countTokens(piece, OPTIONS);
  if (piece.length > MAX_KEPT) return tokens;
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
  // A copy: in V8 a piece keeps the whole text alive that it was cut from.
  KNOWN.set(Buffer.from(piece, "utf16le").toString("utf16le"), tokens);
  return tokens;
}

function pieceEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + LONGEST);
  for (let at = from + 1; at < limit; at++) {
    if (text[at] === " " && text[at - 1] !== " " && text[at - 1] !== "\n") return at;
  }
  // No word ends here. Do not cut a surrogate pair in two.
  return limit < text.length && isHighSurrogate(text.charCodeAt(limit - 1)) ? limit - 1 : limit;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
