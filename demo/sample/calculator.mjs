// Arithmetic: + - * / and parentheses over decimal numbers, by recursive descent.

/** Deeper nesting is refused, so that a hostile expression cannot exhaust the stack. */
const MAX_DEPTH = 50;

/** @param {string} expression @returns {number}; throws an Error with words for what cannot be read */
export function calculate(expression) {
  const tokens = expression.match(/\d+(?:\.\d+)?|[-+*/()]|\S/g) ?? [];
  let place = 0;

  const sum = (depth) => {
    let value = product(depth);
    while (tokens[place] === "+" || tokens[place] === "-") {
      value = tokens[place++] === "+" ? value + product(depth) : value - product(depth);
    }
    return value;
  };
  const product = (depth) => {
    let value = factor(depth);
    while (tokens[place] === "*" || tokens[place] === "/") {
      value = tokens[place++] === "*" ? value * factor(depth) : value / factor(depth);
    }
    return value;
  };
  const factor = (depth) => {
    if (depth > MAX_DEPTH) throw new Error(`more than ${MAX_DEPTH} levels`);
    const token = tokens[place++];
    if (token === "-") return -factor(depth + 1);
    if (token === "(") {
      const value = sum(depth + 1);
      if (tokens[place++] !== ")") throw new Error("a parenthesis is not closed");
      return value;
    }
    if (token === undefined || !/^\d/.test(token)) throw new Error(`a number was expected, not ${token ?? "the end"}`);
    return Number(token);
  };

  const value = sum(0);
  if (place < tokens.length) throw new Error(`the end was expected, not ${tokens[place]}`);
  if (!Number.isFinite(value)) throw new Error("the result is not a number");
  return value;
}
