// Reads the lines of JSON that POST /sample/ask streams. Runs in Node and in browsers.

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<import("./answer_stream.mjs").AnswerLine, void>}
 */
export async function* readAnswer(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield JSON.parse(line);
    if (done) return;
  }
}
