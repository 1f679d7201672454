/** How lines follow each other in a stream. */
export const framings = ['newline', 'octet-counting'] as const

/** `octet-counting` is RFC 6587 section 3.4.1, HAProxy's `log-proto octet-count`; `newline` is its `legacy`. */
export type Framing = (typeof framings)[number]

/** The bytes of these lines. */
export function framed(lines: readonly string[], framing: Framing): Buffer {
  if (framing === 'newline') return Buffer.from(`${lines.join('\n')}\n`, 'latin1')
  let text = ''
  for (const line of lines) text += `${line.length} ${line}`
  return Buffer.from(text, 'latin1')
}
