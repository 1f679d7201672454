/** The head of a server's response on its way to the client: as affinities see it, and what a door adds to it. */
import type { AffinityResponse } from '@evener/session'
import type { ResponseHead } from './engine.ts'
import type { ExchangeSettings } from './exchange-settings.ts'
import { headerValue, headerValues } from './headers.ts'
import type { ClientRequest } from './request.ts'

/** A response's headers as an affinity asks for them. */
export class SeenResponse implements AffinityResponse {
  readonly #head: ResponseHead

  constructor(head: ResponseHead) {
    this.#head = head
  }

  header(name: string): string | undefined {
    const { parsed } = this.#head
    return parsed === undefined ? headerValue(this.#head.rawHeaders, name) : parsed.lines.get(name)
  }

  get setCookies(): readonly string[] {
    const { parsed } = this.#head
    return parsed === undefined
      ? headerValues(this.#head.rawHeaders, 'set-cookie')
      : parsed.lines.all('set-cookie')
  }
}

/**
 * Lines that the door adds to a server's response, each with its CRLF.
 * @param edited what rules made of it
 */
export function addedLines(
  head: ResponseHead,
  request: ClientRequest,
  { forwarding, hsts }: ExchangeSettings,
  edited?: AffinityResponse,
): string {
  const lines = forwarding.via === undefined ? '' : `Via: 1.1 ${forwarding.via}\r\n`
  // A server that says it itself knows better; twice is not allowed (RFC 6797 section 7.1).
  if (hsts === undefined || !request.secure) return lines
  if ((edited ?? new SeenResponse(head)).header(hstsName) !== undefined) return lines
  return `${lines}Strict-Transport-Security: ${hsts}\r\n`
}

const hstsName = 'strict-transport-security'
