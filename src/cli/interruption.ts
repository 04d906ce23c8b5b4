/** Work that is paid for: whoever ends it by Ctrl+C is told that nothing is lost. It is on disk at every moment. */
export async function resumable<T>(work: () => Promise<T>): Promise<T> {
  const stop = () => {
    console.error("\nStopped. What was paid for is kept: the same command goes on from here.");
    process.exit(130);
  };
  process.once("SIGINT", stop);
  try {
    return await work();
  } finally {
    process.off("SIGINT", stop);
  }
}
