// Writes a text-embedding model with random weights: a BERT as Hugging Face exports it, with a WordPiece tokenizer.
// Tests load it where real weights would have to be downloaded; benches measure it in the shape of a real model.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OnnxGraph } from "./onnx.ts";

/** The shape of a BERT. */
export interface Shape {
  layers: number;
  /** Length of a vector, divisible by `heads`. */
  hidden: number;
  heads: number;
  vocabulary: number;
  /** Longest text, in tokens. */
  positions: number;
}

/** Loads and embeds in milliseconds, 0.3 MB. */
export const TINY: Shape = { layers: 2, hidden: 32, heads: 4, vocabulary: 1000, positions: 512 };

/** The shape of sentence-transformers/all-MiniLM-L6-v2. */
export const MINILM_L6: Shape = { layers: 6, hidden: 384, heads: 12, vocabulary: 30_522, positions: 512 };

/**
 * Writes a model that transformers.js loads from `directory`: `int8` as `onnx/model_quantized.onnx`, `fp32` as
 * `onnx/model.onnx`. The vectors mean nothing beyond their words: texts that share words are near each other, because
 * the layers change little of what the words bring.
 */
export function writeRandomModel(
  directory: string,
  { shape = TINY, precision = "int8", seed = 1, words = [] }: ModelOptions = {},
): void {
  mkdirSync(join(directory, "onnx"), { recursive: true });
  const json = (name: string, value: unknown) => writeFileSync(join(directory, name), JSON.stringify(value));
  json("config.json", {
    model_type: "bert",
    architectures: ["BertModel"],
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: 4 * shape.hidden,
    vocab_size: shape.vocabulary,
    max_position_embeddings: shape.positions,
    type_vocab_size: 2,
  });
  json("tokenizer.json", tokenizer(shape.vocabulary, words));
  json("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    do_lower_case: true,
    model_max_length: shape.positions,
    ...{
      pad_token: "[PAD]",
      unk_token: "[UNK]",
      cls_token: "[CLS]",
      sep_token: "[SEP]",
      mask_token: "[MASK]",
    },
  });
  const file = precision === "int8" ? "model_quantized.onnx" : "model.onnx";
  writeFileSync(join(directory, "onnx", file), bert(shape, precision, seed));
}

interface ModelOptions {
  shape?: Shape;
  precision?: "int8" | "fp32";
  seed?: number;
  /** Words that get a token of their own; all others are spelt in parts. */
  words?: readonly string[];
}

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

function tokenizer(size: number, words: readonly string[]) {
  const characters = [..."abcdefghijklmnopqrstuvwxyz0123456789"];
  const pairs = characters.flatMap((first) => characters.map((second) => first + second));
  const pieces = [...characters, ...pairs];
  const tokens = new Set([
    ...SPECIAL,
    ...words,
    ...characters,
    ...characters.map((piece) => `##${piece}`),
    ...".,;:!?'\"()[]{}<>+-*/=_`#$%&@^|~\\",
    ...pieces.map((piece) => `##${piece}`),
    ...pairs,
    ...Array.from({ length: size }, (_, id) => `[unused${id}]`),
  ]);
  const vocabulary = [...tokens].slice(0, size);
  return {
    version: "1.0",
    added_tokens: SPECIAL.map((content, id) => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    })),
    normalizer: {
      type: "BertNormalizer",
      ...{ clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##" },
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
    },
  };
}

function bert(
  { layers, hidden, heads, vocabulary, positions }: Shape,
  precision: "int8" | "fp32",
  seed: number,
): Buffer {
  const graph = new OnnxGraph();
  const random = normal(seed);
  const weights = (length: number, scale: number) => Float32Array.from({ length }, () => scale * random());
  const node = graph.node.bind(graph);

  const table = (rows: number, indices: string, scale: number) => {
    const values = weights(rows * hidden, scale);
    if (precision === "fp32") return node("Gather", [graph.constant([rows, hidden], values), indices]);
    const { whole, step } = quantized(values);
    const picked = node("Gather", [graph.constant([rows, hidden], whole), indices]);
    return node("DequantizeLinear", [picked, graph.scalar(step), graph.constant([], Int8Array.of(0))]);
  };
  const linear = (input: string, from: number, to: number) => {
    const values = weights(from * to, 0.3 / Math.sqrt(from));
    const bias = graph.constant([to], weights(to, 0.02));
    if (precision === "fp32") {
      return node("Add", [node("MatMul", [input, graph.constant([from, to], values)]), bias]);
    }
    // As dynamic quantization of ONNX Runtime writes it.
    const { whole, step } = quantized(values);
    const [small, scale, zero] = ["small", "scale", "zero"].map((name) => `${name}_of_${bias}`) as [
      string,
      string,
      string,
    ];
    node("DynamicQuantizeLinear", [input], {}, [small, scale, zero]);
    const zeroWeight = graph.constant([], Int8Array.of(0));
    const product = node("MatMulInteger", [small, graph.constant([from, to], whole), zero, zeroWeight]);
    const scaled = node("Mul", [
      node("Cast", [product], { to: 1 }),
      node("Mul", [scale, graph.scalar(step)]),
    ]);
    return node("Add", [scaled, bias]);
  };
  const norm = (input: string) =>
    node("LayerNormalization", [
      input,
      graph.constant([hidden], new Float32Array(hidden).fill(1)),
      graph.constant([hidden], new Float32Array(hidden)),
    ]);
  const headSize = hidden / heads;
  const split = (input: string, order: number[]) =>
    node("Transpose", [node("Reshape", [input, graph.integers(0, 0, heads, headSize)])], { perm: order });

  const ids = graph.input("input_ids", ["batch", "length"]);
  const mask = graph.input("attention_mask", ["batch", "length"]);
  const types = graph.input("token_type_ids", ["batch", "length"]);
  const length = node("Squeeze", [
    node("Slice", [node("Shape", [ids]), ...[1, 2].map((n) => graph.integers(n))]),
  ]);
  const zero = graph.constant([], BigInt64Array.of(0n));
  const one = graph.constant([], BigInt64Array.of(1n));
  const order = node("Range", [zero, length, one]);
  let state = norm(
    node("Add", [
      node("Add", [table(vocabulary, ids, 1), table(2, types, 0.05)]),
      table(positions, order, 0.1),
    ]),
  );
  const absent = node("Sub", [graph.scalar(1), node("Cast", [mask], { to: 1 })]);
  const penalty = node("Unsqueeze", [node("Mul", [absent, graph.scalar(-10_000)]), graph.integers(1, 2)]);
  for (let layer = 0; layer < layers; layer++) {
    const query = split(linear(state, hidden, hidden), [0, 2, 1, 3]);
    const key = split(linear(state, hidden, hidden), [0, 2, 3, 1]);
    const value = split(linear(state, hidden, hidden), [0, 2, 1, 3]);
    const scores = node("Div", [node("MatMul", [query, key]), graph.scalar(Math.sqrt(headSize))]);
    const shares = node("Softmax", [node("Add", [scores, penalty])], { axis: -1 });
    const heard = node("Transpose", [node("MatMul", [shares, value])], { perm: [0, 2, 1, 3] });
    const joined = node("Reshape", [heard, graph.integers(0, 0, hidden)]);
    state = norm(node("Add", [state, linear(joined, hidden, hidden)]));
    const inner = linear(state, hidden, 4 * hidden);
    const erf = node("Erf", [node("Div", [inner, graph.scalar(Math.SQRT2)])]);
    const half = node("Mul", [inner, graph.scalar(0.5)]);
    const gelu = node("Mul", [half, node("Add", [erf, graph.scalar(1)])]);
    state = norm(node("Add", [state, linear(gelu, 4 * hidden, hidden)]));
  }
  node("Identity", [state], {}, ["last_hidden_state"]);
  graph.output("last_hidden_state", ["batch", "length", hidden]);
  return graph.file();
}

function quantized(values: Float32Array): { whole: Int8Array; step: number } {
  const step = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
  return { whole: Int8Array.from(values, (value) => Math.round(value / step)), step };
}

/** Normally distributed numbers that follow from the seed: xorshift, Box and Muller. */
function normal(seed: number): () => number {
  let state = seed;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
