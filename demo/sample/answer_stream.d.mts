export interface Answer {
  answer: string;
  sources: string[];
  failedTools: string[];
  tokens: number;
}
export type AnswerLine = { step: string } | { token: string } | { done: Answer } | { error: string };
export function readAnswer(body: ReadableStream<Uint8Array>): AsyncGenerator<AnswerLine, void>;
