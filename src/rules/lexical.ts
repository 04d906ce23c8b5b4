import { chanceGain, fit, idf, pairWeight, termGain } from "./bm25f.ts";
import { taskTerms } from "./task-terms.ts";
import { pairs, terms } from "./terms.ts";

/** All that a lexical index must know of the recipe. */
export const lexicalRules = { terms, pairs, taskTerms, idf, termGain, pairWeight, chanceGain, fit };
