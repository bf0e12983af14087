// The public names, in two files: a bundler loads at once each file that the entry itself imports and that
// anything in the page uses, even what init() loads late. Behind more.ts it sees what is not asked for.

export * from "./start.js";
export * from "./more.js";
