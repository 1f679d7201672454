/**
 * Beside HAProxy: what its fetches and converters come to, of the same bytes. Every expression of a group is asked of every
 * request of it.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { haproxyInstalled, haproxyTitle } from './support/haproxy.ts'
import { converterGroups } from './support/value-converter-cases.ts'
import { differences } from './support/value-differences.ts'
import { fetchGroups } from './support/value-fetch-cases.ts'
import { haproxyAnswers, ourAnswers } from './support/value-oracle.ts'

const groups = { ...fetchGroups, ...converterGroups }

describe.skipIf(!haproxyInstalled())(haproxyTitle('values, beside HAProxy'), () => {
  let theirs: Record<string, string[][]>
  beforeAll(async () => {
    const names = Object.keys(groups)
    const answers = await haproxyAnswers(Object.values(groups))
    theirs = Object.fromEntries(names.map((name, at) => [name, answers[at] as string[][]]))
  })

  const listed = new Set<string>()

  test.each(Object.entries(groups))('%s', (name, group) => {
    const ours = ourAnswers(group)
    const found = group.requests.flatMap((request, row) =>
      group.expressions.flatMap((text, column) => {
        const one = shown(ours[row]?.[column])
        const other = shown(theirs[name]?.[row]?.[column])
        const known = differences.find(
          difference =>
            difference.text.test(text) && difference.ours.test(one) && difference.theirs.test(other),
        )
        if (one !== other && known !== undefined) listed.add(known.why)
        return one === other || known !== undefined ? [] : [{ text, request, ours: one, theirs: other }]
      }),
    )
    expect(found).toEqual([])
  })

  test('each difference that is listed is one', () => {
    expect(differences.map(({ why }) => why).filter(why => !listed.has(why))).toEqual([])
  })
})

function shown(answer: string | undefined): string {
  return answer?.startsWith('(') ? answer : Buffer.from(answer ?? '', 'hex').toString('latin1')
}
