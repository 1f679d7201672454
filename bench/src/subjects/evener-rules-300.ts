/** Evener's own listener with 300 rules, of which none matches. */
import type { RequestScope, Rule } from '@evener/rules'
import { evenerWith } from './evener-with.ts'

async function manyRules(): Promise<Rule<RequestScope>[]> {
  const { match, path, setHeader } = await import('@evener/rules')
  return Array.from({ length: 300 }, (_, i) =>
    setHeader('X-Never', 'no').if(match.str(path(), `/never/${i}`)),
  )
}

export const subject = evenerWith('evener-rules-300', '300 rules that do not match', 'rules', async () => ({
  rules: { request: await manyRules() },
}))
