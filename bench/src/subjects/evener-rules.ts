/** Evener's own listener with rules: 20 conditions and 10 edits of headers for each request. */
import type { RequestScope, Rule } from '@evener/rules'
import { evenerWith } from './evener-with.ts'

async function someRules(): Promise<Rule<RequestScope>[]> {
  const { match, path, req, setHeader } = await import('@evener/rules')
  return Array.from({ length: 10 }, (_, i) => [
    setHeader(`X-Never-${i}`, 'no').if(match.beg(path(), `/never/${i}`)),
    setHeader(`X-Edit-${i}`, 'yes').if(i % 2 === 0 ? match.beg(path(), '/') : match.found(req.hdr('host'))),
  ]).flat()
}

export const subject = evenerWith(
  'evener-rules',
  '20 conditions, 10 edits of headers',
  'rules',
  async () => ({
    rules: { request: await someRules() },
  }),
)
