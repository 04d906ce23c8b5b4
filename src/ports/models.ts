/** What goes along with a question to a model. */
export interface AskOptions {
  signal?: AbortSignal | undefined;
  /** W3C trace context of whoever asks. */
  traceparent?: string | undefined;
}

/** Turns texts into vectors of one length. */
export interface Embedder {
  /** The model and everything else that changes its vectors: those of different names are never compared. */
  readonly model: string;
  /**
   * Unit vectors, one per text, in order. `as` matters for models that embed questions and passages differently.
   *
   * Throws: EMBEDDER_UNAVAILABLE when it is down, not installed, or silent; EMBEDDER_BAD_OUTPUT for a wrong number of
   * vectors, unequal lengths, NaN.
   */
  embed(texts: readonly string[], as: "query" | "passage", options?: AskOptions): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

/** A chat model behind an endpoint. */
export interface Llm {
  readonly model: string;
  /** Throws: LLM_UNAVAILABLE when the endpoint does not answer or refuses; LLM_BAD_OUTPUT when the answer is empty. */
  complete(messages: readonly ChatMessage[], options?: CompletionOptions): Promise<Completion>;
}

export interface CompletionOptions extends AskOptions {
  /** Most tokens that the answer may have, thinking included. */
  maxTokens?: number | undefined;
  temperature?: number | undefined;
  seed?: number | undefined;
}

export interface Completion {
  /** Empty where the tokens were spent before the answer began. */
  text: string;
  /** What the model thought, where the endpoint tells it apart. */
  reasoning?: string | undefined;
  /** It was cut off at `maxTokens`. */
  isCut: boolean;
  input_tokens?: number | undefined;
  /** Of the input tokens, those that the endpoint had in its cache. */
  cached_tokens?: number | undefined;
  output_tokens?: number | undefined;
}
