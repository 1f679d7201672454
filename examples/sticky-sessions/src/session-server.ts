/** An application as there are many: it keeps its sessions in its own memory, so a client has to come back to it. */
import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'

export function sessionServer(id: string): Server {
  const sessions = new Map<string, { readonly user: string; visits: number }>()
  return createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '/', 'http://localhost')
    if (req.method === 'POST' && pathname === '/login') {
      const key = randomUUID()
      sessions.set(key, { user: searchParams.get('user') ?? 'nobody', visits: 0 })
      res.setHeader('Set-Cookie', `session=${key}; HttpOnly`)
      res.end(`${id}: logged in\n`)
      return
    }
    const session = sessions.get(/(?:^|; )session=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? '')
    if (session === undefined) {
      res.writeHead(401).end(`${id}: please log in\n`)
      return
    }
    res.end(`${id}: hello ${session.user}, visit ${++session.visits}\n`)
  })
}
