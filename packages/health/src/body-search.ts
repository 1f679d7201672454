/**
 * Looking for something in a body that arrives in pieces, keeping as little of it as the question allows.
 *
 * A text is searched for as the pieces come, across their seams, and ends the reading when it is found: kept are
 * the last few bytes. An expression is asked once, of the whole body or its first `maxBytes`, since half a body
 * may match (`/^ok$/`) where the whole one does not.
 *
 * Cost: O(bytes) time for a text whatever the pieces' size; at most `maxBytes` of memory for an expression.
 */

/** Undefined while undecided. */
export interface BodySearch {
  /** One more piece; true or false once it is decided. */
  push(piece: Buffer): boolean | undefined
  /** The body has ended. */
  end(): boolean
}

/** Search for a text (in UTF-8) or for a match of an expression in the first `maxBytes` of a body. */
export function bodySearch(expected: string | RegExp, maxBytes: number): BodySearch {
  return typeof expected === 'string'
    ? new TextSearch(Buffer.from(expected), maxBytes)
    : new ExpressionSearch(expected, maxBytes)
}

class TextSearch implements BodySearch {
  readonly #needle: Buffer
  #left: number
  #tail: Buffer = Buffer.alloc(0)

  constructor(needle: Buffer, maxBytes: number) {
    this.#needle = needle
    this.#left = maxBytes
  }

  push(piece: Buffer): boolean | undefined {
    const window = Buffer.concat([this.#tail, piece.subarray(0, this.#left)])
    this.#left -= piece.length
    if (window.includes(this.#needle)) return true
    if (this.#left <= 0) return false
    // A copy: a view would keep the whole piece in memory.
    this.#tail = Buffer.from(window.subarray(Math.max(0, window.length - this.#needle.length + 1)))
    return undefined
  }

  end(): boolean {
    return false
  }
}

class ExpressionSearch implements BodySearch {
  readonly #expression: RegExp
  readonly #pieces: Buffer[] = []
  #left: number

  constructor(expression: RegExp, maxBytes: number) {
    this.#expression = expression
    this.#left = maxBytes
  }

  push(piece: Buffer): boolean | undefined {
    this.#pieces.push(piece.subarray(0, this.#left))
    this.#left -= piece.length
    return this.#left <= 0 ? this.end() : undefined
  }

  end(): boolean {
    return this.#expression.test(Buffer.concat(this.#pieces).toString())
  }
}
