/**
 * The lines of HAProxy's runtime API: commands apart by `;`, words by spaces; a backslash takes the meaning from what
 * follows it (management guide, section 9.3).
 */

/** What a line says. */
export interface CommandLine {
  /** The words of each command. */
  readonly commands: readonly (readonly string[])[]
  /** The line with which the text ends that follows the last command; undefined where none follows. */
  readonly payloadEnd: string | undefined
}

/** @param line without its end */
export function readCommandLine(line: string): CommandLine {
  // `<<` at the end, with up to 64 characters behind it, announces a text; it is a word of its own.
  const announced = /(?:^|[ \t])<<(\S{0,64})$/.exec(line)
  const text = announced === null ? line : line.slice(0, announced.index)
  const commands: string[][] = []
  let words: string[] = []
  let word = ''
  let inWord = false
  const endWord = (): void => {
    if (inWord) words.push(word)
    word = ''
    inWord = false
  }
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string
    if (character === '\\' && at + 1 < text.length) {
      word += text[++at]
      inWord = true
    } else if (character === ';') {
      endWord()
      commands.push(words)
      words = []
    } else if (character === ' ' || character === '\t') endWord()
    else {
      word += character
      inWord = true
    }
  }
  endWord()
  commands.push(words)
  return {
    commands: commands.filter(each => each.length > 0),
    payloadEnd: announced?.[1],
  }
}
