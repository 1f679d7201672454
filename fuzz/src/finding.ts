/** Something that may not be: what, and all that is needed to see it again. */
export interface Finding {
  readonly what: string
  readonly seed: number
  /** What went in, and perhaps what went on. */
  readonly bytes: readonly { readonly label: string; readonly bytes: Buffer }[]
}

/** For people: the words, the seed, the bytes in print and in hex. */
export function findingText({ what, seed, bytes }: Finding): string {
  const parts = bytes.map(
    part =>
      `${part.label}, ${part.bytes.length} bytes\n${printable(part.bytes)}\nhex ${part.bytes.toString('hex')}`,
  )
  return [`FOUND ${what}`, `seed ${seed}`, ...parts].join('\n')
}

/** One line of the wire to a line; what cannot be seen in escapes. */
export function printable(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'))
    .slice(1, -1)
    .replace(/[\x7f-\xff]/g, character => `\\x${character.charCodeAt(0).toString(16)}`)
    .replaceAll('\\n', '\\n\n    ')
    .replace(/^/, '    ')
}
