/** How the vectors of the last layer become one: the first token's, their mean, or the last token's. */
export type Pooling = "cls" | "mean" | "last_token";

/** What a model was trained with; other values work, and find worse. */
export interface EmbeddingModel {
  pooling: Pooling;
  /** What stands before a question, where the model embeds questions and passages differently. */
  queryPrefix: string;
  passagePrefix: string;
}

const PLAIN: EmbeddingModel = { pooling: "mean", queryPrefix: "", passagePrefix: "" };
const SEARCH = "Represent this sentence for searching relevant passages: ";

// From the model cards. The first that fits counts, in the name that a hub or a local server gives the model.
const KNOWN: [RegExp, Partial<EmbeddingModel>][] = [
  [/bge-m3/, { pooling: "cls" }],
  [/bge-\w+-en/, { pooling: "cls", queryPrefix: SEARCH }],
  [/mxbai-embed-large/, { pooling: "cls", queryPrefix: SEARCH }],
  [/arctic-embed-\w+-v2|arctic-embed2/, { pooling: "cls", queryPrefix: "query: " }],
  [/arctic-embed/, { pooling: "cls", queryPrefix: SEARCH }],
  [/e5-[\w-]*instruct/, {}],
  [/(?:^|\/|-)e5-/, { queryPrefix: "query: ", passagePrefix: "passage: " }],
  [/nomic-embed-text/, { queryPrefix: "search_query: ", passagePrefix: "search_document: " }],
];

const MEGABYTES: Readonly<Record<string, number>> = { "Xenova/bge-small-en-v1.5": 34, "Xenova/bge-m3": 600 };

/** How much there is to download of a model of the hub, about, in MB; undefined where that is not known. */
export function downloadMegabytes(name: string): number | undefined {
  return MEGABYTES[name];
}

/** What is known of the model of this name; a model that is not known pools by the mean and takes texts as they are. */
export function embeddingModel(name: string): EmbeddingModel {
  const known = KNOWN.find(([pattern]) => pattern.test(name.toLowerCase()));
  return { ...PLAIN, ...known?.[1] };
}
