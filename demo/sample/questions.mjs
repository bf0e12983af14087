// What the sample asks when nobody types a question. The second names a document that the project does not have:
// the agent's first step fails, and it finds the answer by searching.
export const QUESTIONS = [
  "What is Spandrel, and where does it run?",
  "According to docs/security.md, who may read the traces that the local receiver keeps?",
  "How many words does README.md have, and how long does it take to read at 230 words a minute?",
];
