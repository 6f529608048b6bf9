/** Cuts a stream of bytes into lines of text. */

/** @param onBytes called for every piece that arrives, also where it ends no line. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of pieces) {
    onBytes();
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
