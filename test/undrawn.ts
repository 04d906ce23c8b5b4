/** Environment and settings of a program that holds nothing out: what is tested does not hang on a draw. */
export const UNDRAWN = { HANDBOOK_HOLDOUT: "0", HANDBOOK_WITHHOLD: "0" };
