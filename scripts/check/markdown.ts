/**
 * The code blocks of a Markdown page, as far as the doc examples need them: fenced blocks with their language, the
 * rest of the info string, and the line they begin on (CommonMark 0.31, section 4.5).
 *
 * Not for: indented code blocks or fences inside block quotes; the house uses neither.
 */
export interface CodeBlock {
  /** The first word of the info string, in lower case; empty where there is none. */
  readonly language: string
  /** What follows it, as in `test`. */
  readonly rest: string
  /** The line of the opening fence, counted from 1. */
  readonly line: number
  readonly code: string
}

/** The fenced blocks of a page in their order. A block that is never closed runs to the page's end. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { fence: string; indent: number; language: string; rest: string; line: number } | undefined
  let code: string[] = []
  const close = (): void => {
    if (open === undefined) return
    const { language, rest, line } = open
    blocks.push({ language, rest, line, code: code.join('\n') })
    open = undefined
  }

  for (const [index, line] of markdown.split(/\r?\n/).entries()) {
    const fence = /^( *)(`{3,}|~{3,})\s*(.*)$/.exec(line)
    if (open === undefined) {
      if (fence === null) continue
      const [, indent = '', marks = '', info = ''] = fence
      // With a backtick after it, it was inline code.
      if (marks.startsWith('`') && info.includes('`')) continue
      const [language = '', ...words] = info.trim().split(/\s+/)
      open = {
        fence: marks,
        indent: indent.length,
        language: language.toLowerCase(),
        rest: words.join(' '),
        line: index + 1,
      }
      code = []
    } else if (fence?.[2]?.startsWith(open.fence) && fence[3] === '') {
      close()
    } else {
      // A block in a list item is indented as a whole.
      code.push(line.replace(new RegExp(`^ {0,${open.indent}}`), ''))
    }
  }
  close()
  return blocks
}
