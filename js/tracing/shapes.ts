// What spans of one name have looked like: the keys of their attributes, in order.
//
// Spans of a name mostly set the same keys in the same order. While a span does, it keeps values
// only, a key needs no search for an earlier one, and the recorder knows the interned form of every
// key without looking it up. A span that does otherwise leaves its shape and keeps keys of its own.

/** Keys are appended, never changed: spans refer to them by place. */
export interface Shape {
  readonly name: string;
  readonly keys: string[];
  /** Place of the log level among the keys; -1: none. */
  levelPlace: number;
  /** Spans that left the shape. */
  misses: number;

  // The recorder's, valid for the one that `owner` names.
  owner: object | null;
  nameWord: number;
  readonly tags: number[];
  /** The last short text at each place, and its word in the text table (negative) or how often it came in a row. */
  readonly texts: string[];
  readonly textWords: number[];
}

const MAX_SHAPES = 4096;
/** The most keys a shape remembers: the usual limit of attributes. */
export const MAX_SHAPE_KEYS = 128;
/** A shape that so many spans have left is forgotten: the next span begins a new one. */
const MAX_MISSES = 16;

const shapes = new Map<string, Shape>();

export function newShape(name: string): Shape {
  return { name, keys: [], levelPlace: -1, misses: 0, owner: null, nameWord: 0, tags: [], texts: [], textWords: [] };
}

export function shapeOf(name: string): Shape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const shape = newShape(name);
  if (shapes.size < MAX_SHAPES) shapes.set(name, shape);
  return shape;
}

/** A span has left the shape. */
export function noteMiss(shape: Shape): void {
  if (++shape.misses > MAX_MISSES && shapes.get(shape.name) === shape) shapes.delete(shape.name);
}
