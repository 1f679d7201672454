/** How cases of values are written. */

/** Expressions, with two blanks or a new line between. */
export const listed = (text: string): string[] => text.trim().split(/ {2,}|\n */)

/** The bytes of a message: lines, and the empty one. */
export const message = (line: string, ...headers: string[]): string =>
  `${[line, ...headers].join('\r\n')}\r\n\r\n`

export const get = (target: string, ...headers: string[]): string =>
  message(`GET ${target} HTTP/1.1`, 'Host: www.example.com', ...headers)
