/**
 * The statistics over HTTP: a function of Node's request and response, to be mounted wherever there is one.
 *
 * | address | what it is |
 * | --- | --- |
 * | `/` | the page |
 * | `/;csv`, `/;json` | HAProxy's formats; other words after a semicolon (`;norefresh`) are let pass |
 * | `/metrics`, or `/;metrics` | for Prometheus; `?scope=backend` and the like for a part of it |
 * | `/;events` | what the page watches |
 * | `/;action` | POST, JSON: what the page does, where actions are on |
 *
 * Only the end of an address is looked at, so that it may be mounted under any.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { EvenerError } from '@evener/core'
import { csvText } from './csv.ts'
import { Tokens } from './forgery.ts'
import { jsonText } from './json.ts'
import { LiveFeed } from './live-feed.ts'
import { flag, integer, invalid, knownOptions } from './options.ts'
import { Page } from './page.ts'
import { Users } from './password.ts'
import { prometheusText, prometheusType, type Scope, scopes } from './prometheus.ts'
import { readAction } from './read-action.ts'
import { Statistics, type StatisticsOptions } from './statistics.ts'
import { writePieces } from './write-pieces.ts'

/** The options of {@link statsHandler}. */
export interface StatsHandlerOptions extends Omit<StatisticsOptions, 'name'> {
  /** Statistics that were made before, in place of `frontends` and `backends`. */
  readonly statistics?: Statistics | undefined
  /** What stands over the page; `Statistics` by default. */
  readonly title?: string | undefined
  /** How often the page is told what has changed, in milliseconds: 250 to 60,000; 1000 by default. HAProxy's `stats refresh`. */
  readonly refreshMs?: number | undefined
  /**
   * Who may look: the hash of a password, as `hashPassword()` gives it, for each name. Everybody by default. Danger: without
   * TLS, whoever listens learns the passwords. HAProxy's `stats auth`.
   */
  readonly users?: Readonly<Record<string, string>> | undefined
  /** Whether the page may change weights and states of servers, and end their sessions. Needs `users`; false by default. HAProxy's `stats admin`. */
  readonly actions?: boolean | undefined
}

/** A handler of requests, which Express and Connect take as it is. */
export interface StatsHandler {
  (req: IncomingMessage, res: ServerResponse): void
  readonly statistics: Statistics
  /** How many browsers watch now. */
  readonly watching: number
  /** End all that watch, and take no more. */
  close(): void
}

/**
 * Make a handler.
 * @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`; those of `statistics()`
 */
export function statsHandler(options: StatsHandlerOptions): StatsHandler {
  const door = new StatsDoor(options)
  const handler = (req: IncomingMessage, res: ServerResponse): void => door.handle(req, res)
  return Object.defineProperty(
    Object.assign(handler, { statistics: door.statistics, close: () => door.close() }),
    'watching',
    { get: () => door.watching },
  ) as StatsHandler
}

export const handlerOptions = [
  'statistics',
  'frontends',
  'backends',
  'title',
  'refreshMs',
  'users',
  'actions',
] as const

/** What every answer says. */
const common = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

const textType = 'text/plain; charset=utf-8'

class StatsDoor {
  readonly statistics: Statistics
  readonly #ownsStatistics: boolean
  readonly #page: Page
  readonly #feed: LiveFeed
  readonly #users: Users | undefined
  readonly #tokens: Tokens | undefined

  constructor(options: StatsHandlerOptions) {
    knownOptions('statsHandler', options, handlerOptions)
    const { users, title = 'Statistics', frontends, backends } = options
    if (typeof title !== 'string') throw invalid('statsHandler.title', title, 'a text')
    if (options.statistics !== undefined && !(options.statistics instanceof Statistics))
      throw invalid('statsHandler.statistics', options.statistics, 'what statistics() has made')
    if (options.statistics !== undefined && (frontends !== undefined || backends !== undefined))
      throw invalid('statsHandler.statistics', options.statistics, 'none beside frontends and backends')
    const refreshMs = integer('statsHandler.refreshMs', options.refreshMs, 1_000, 250, 60_000)
    const actions = flag('statsHandler.actions', options.actions, false)
    if (actions && users === undefined) throw invalid('statsHandler.actions', true, 'false without users')
    this.#users = users === undefined ? undefined : new Users('statsHandler.users', users)
    this.#tokens = actions && users !== undefined ? new Tokens(users) : undefined
    this.#page = new Page(title)
    this.#ownsStatistics = options.statistics === undefined
    this.statistics = options.statistics ?? new Statistics({ frontends, backends })
    this.#feed = new LiveFeed(this.statistics, refreshMs)
  }

  get watching(): number {
    return this.#feed.watching
  }

  close(): void {
    this.#feed.close()
    if (this.#ownsStatistics) this.statistics.close()
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    // A client may go away at any time; nothing here waits for it.
    res.on('error', () => undefined)
    this.#serve(req, res).catch(() => {
      if (!res.headersSent) send(res, 500, textType, 'This could not be done.\n')
      else res.destroy()
    })
  }

  async #serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const user = await this.#admit(req, res)
    if (user === undefined) return
    const { what, scope } = wanted(req.url ?? '/')
    if (what === 'action') {
      await this.#act(req, res, user)
      return
    }
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      send(res, 405, textType, 'Only GET and HEAD are served here.\n', { Allow: 'GET, HEAD' })
      return
    }
    await this.#show(what, scope, req, res, user)
  }

  /** Who it is; undefined where that was answered. An empty name where nobody is asked. */
  async #admit(req: IncomingMessage, res: ServerResponse): Promise<string | undefined> {
    if (this.#users === undefined) return ''
    const verdict = await this.#users.check(req.headers.authorization)
    if (verdict === 'busy')
      send(res, 429, textType, 'Too many are asking to be let in.\n', { 'Retry-After': '1' })
    else if (verdict === 'wrong') {
      send(res, 401, textType, 'A name and a password are needed.\n', {
        'WWW-Authenticate': 'Basic realm="statistics", charset="UTF-8"',
      })
    } else return verdict.user
    return undefined
  }

  async #show(
    what: Exclude<Wanted['what'], 'action'>,
    scope: ReadonlySet<Scope>,
    req: IncomingMessage,
    res: ServerResponse,
    user: string,
  ): Promise<void> {
    switch (what) {
      case 'page':
        send(res, 200, 'text/html; charset=utf-8', this.#page.text({ token: this.#tokens?.of(user) }), {
          'Content-Security-Policy': this.#page.policy,
        })
        break
      case 'csv':
        send(res, 200, textType, csvText((await this.statistics.snapshot()).rows))
        break
      case 'json':
        send(res, 200, 'application/json', jsonText((await this.statistics.snapshot()).rows))
        break
      case 'metrics': {
        const snapshot = await this.statistics.snapshot('latencies')
        res.writeHead(200, { ...common, 'Content-Type': prometheusType })
        if (req.method === 'HEAD') res.end()
        else await writePieces(res, prometheusText(snapshot, scope))
        break
      }
      case 'events':
        // X-Accel-Buffering: a proxy in front that is nginx passes events on as they come.
        res.writeHead(200, { ...common, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
        if (req.method === 'HEAD') res.end()
        else this.#feed.watch(res)
    }
  }

  async #act(req: IncomingMessage, res: ServerResponse, user: string): Promise<void> {
    if (this.#tokens === undefined) {
      send(res, 403, textType, 'Actions are off.\n')
      return
    }
    if (req.method !== 'POST') {
      send(res, 405, textType, 'Actions are sent by POST.\n', { Allow: 'POST' })
      return
    }
    if (!this.#tokens.allow(req.headers, user)) {
      send(res, 403, textType, 'This does not come from the page.\n')
      return
    }
    try {
      await this.statistics.act(await readAction(req))
    } catch (error) {
      if (!(error instanceof EvenerError)) throw error
      const status = error.code === 'EVENER_UNKNOWN_SERVER' ? 404 : 400
      send(res, status, textType, `${error.message}\n`)
      return
    }
    this.#feed.refresh()
    res.writeHead(204, common).end()
  }
}

interface Wanted {
  readonly what: 'page' | 'csv' | 'json' | 'metrics' | 'events' | 'action'
  readonly scope: ReadonlySet<Scope>
}

const words = ['csv', 'json', 'metrics', 'events', 'action'] as const

/** What is asked for: by words after a semicolon, wherever that stands, as HAProxy reads them; or by a path's last name. */
function wanted(url: string): Wanted {
  const [path = '', query = ''] = url.split('?', 2)
  const asked = url.split(';').slice(1)
  const what = words.find(word => asked.some(each => each.split(/[?&/]/)[0] === word))
  const named = new URLSearchParams(query).getAll('scope')
  const some = scopes.filter(scope => named.includes(scope) || named.includes('*'))
  return {
    what: what ?? (path.endsWith('/metrics') ? 'metrics' : 'page'),
    scope: new Set(some.length > 0 ? some : scopes),
  }
}

function send(
  res: ServerResponse,
  status: number,
  type: string,
  text: string,
  more: Record<string, string> = {},
): void {
  const body = Buffer.from(text)
  res.writeHead(status, { ...common, 'Content-Type': type, 'Content-Length': body.length, ...more })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
