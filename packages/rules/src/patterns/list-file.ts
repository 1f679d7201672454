/**
 * Files of patterns and of maps, as HAProxy reads them (manual, sections 2.7 and 7.1): a line each; empty ones, and those
 * whose first character is `#`, are passed over, and white space in front is left out. In a map the value follows the first
 * white space.
 */

export type ListLine = readonly [pattern: string, value?: string | undefined]

/** @param text one byte a character */
export function parseListFile(text: string, isMap: boolean): ListLine[] {
  const lines: ListLine[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const content = line.replace(/^[ \t]+/, '')
    if (content === '') continue
    if (!isMap) {
      lines.push([content])
      continue
    }
    const key = /^[^ \t]+/.exec(content)![0]
    lines.push([key, content.slice(key.length).replace(/^[ \t]+|[ \t]+$/g, '')])
  }
  return lines
}
