import { nonZeroWord, randomWord } from "../../../js/tracing/ids.js";

export function newTraceWords(): [number, number, number, number] {
  return [nonZeroWord(), randomWord(), randomWord(), randomWord()];
}
