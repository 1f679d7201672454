/**
 * The page, one document with its style and script inside: nothing is loaded from elsewhere, and nothing else may run in it.
 *
 * Its parts are files of their own in `page/`, as they are written; here they are put together once. The script and the style
 * are allowed by their digests (Content Security Policy 3), so that text of a server that should come to be read as HTML still
 * does nothing.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

const part = (name: string): string => readFileSync(new URL(`../page/${name}`, import.meta.url), 'utf8')

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text as HTML. */
export const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, character => escapes[character] as string)

const digest = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** What the page is made for. */
export interface PageFor {
  /** The token that actions carry; undefined where there are none. */
  readonly token: string | undefined
}

export class Page {
  /** The Content-Security-Policy that it needs. */
  readonly policy: string
  readonly #before: string
  readonly #after: string

  /** @param title what stands over it, and in the tab */
  constructor(title: string) {
    const [style, script] = [part('page.css'), part('page.js')]
    const html = part('page.html')
      .replace('<style></style>', () => `<style>${style}</style>`)
      .replace('<script></script>', () => `<script>${script}</script>`)
      .replaceAll('{title}', () => escapeHtml(title))
      .replaceAll('{node}', () => escapeHtml(hostname()))
    const [before = '', after = ''] = html.split('{token}')
    this.#before = before
    this.#after = after
    this.policy = [
      "default-src 'none'",
      `style-src ${digest(style)}`,
      `script-src ${digest(script)}`,
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; ')
  }

  /** The document. */
  text({ token = '' }: PageFor): string {
    return this.#before + escapeHtml(token) + this.#after
  }
}
