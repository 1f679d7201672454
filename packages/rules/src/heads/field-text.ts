/**
 * What names and values of fields may be, and what becomes of a value that may not go out.
 *
 * A name or a constant that cannot be sent is refused when the rule is made. What comes of a request cannot be refused
 * then: its bad characters are written as percent escapes, as HAProxy writes them. So a line break that a client smuggled
 * in as `%0d%0a` is seen as exactly that, in a field that is there: a server that goes by the field's presence is not led
 * to believe that nobody set it.
 */
import { isToken, refuse } from '../options.ts'

// RFC 9110 section 5.5: HTAB, SP, visible ASCII, obs-text. As everywhere here, a character is a byte.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/
const forbidden = /[^\t\x20-\x7e\x80-\xff]/gu

/**
 * What belongs to one hop, or says where a message ends. Rules that changed these could make two messages of one: request
 * smuggling. The carrier writes them.
 */
const framing: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** A field of which it is known that it may be sent. */
export interface Field {
  readonly name: string
  readonly lowerName: string
  readonly value: string
  /** As HTTP/1.1 writes it, its CRLF included. */
  readonly line: string
}

/** @param value one that {@link isFieldValue} has let pass */
export function checkedField(name: string, lowerName: string, value: string): Field {
  return { name, lowerName, value, line: `${name}: ${value}\r\n` }
}

/** Whether a field is the carrier's own, which no rule changes. */
export function isFraming(lowerName: string): boolean {
  return framing.has(lowerName)
}

/** Whether a value may stand in a head as it is. */
export function isFieldValue(value: string): boolean {
  return fieldValue.test(value)
}

/** The value with what HTTP forbids in it (CR, LF, NUL, other controls, characters beyond a byte) percent-encoded. */
export function sendable(value: string): string {
  return value.replace(forbidden, character => {
    const code = character.codePointAt(0) as number
    if (code < 0x80) return `%${code.toString(16).toUpperCase().padStart(2, '0')}`
    return [...Buffer.from(character)].map(byte => `%${byte.toString(16).toUpperCase()}`).join('')
  })
}

/**
 * The name of a field that rules may change.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for what is no name, or is the carrier's own
 */
export function fieldName(field: string, name: unknown): string {
  if (!isToken(name)) refuse(field, name, 'the name of a field: a token of RFC 9110')
  if (isFraming(name.toLowerCase()))
    refuse(
      field,
      name,
      'a field that is not framing or of one hop: what ends a message is not for rules to say',
    )
  return name
}

/**
 * A constant value.
 * @throws {RuleError} `EVENER_INVALID_OPTION` for one that cannot be sent
 */
export function constantValue(field: string, value: string): string {
  if (!isFieldValue(value))
    refuse(field, value, 'text without line breaks, controls and characters beyond Latin-1')
  return value
}
