/** Express that answers by itself: what a request costs there before anything is passed on. */
import { createServer } from 'node:http'
import { bodies } from '../origin/bodies.ts'
import { listen } from './listen.ts'
import { nodeSubject } from './node-subject.ts'

export const subject = nodeSubject({
  name: 'express-bare',
  about: 'Express that answers by itself, no proxy',
  package: 'express',
  rows: ['express'],
  proxies: false,
  async start(place) {
    const { default: express } = await import('express')
    const app = express()
    app.get('/small', (_req, res) => {
      res.type('text/plain').send(bodies['/small'])
    })
    await listen(createServer(app), place)
  },
})
