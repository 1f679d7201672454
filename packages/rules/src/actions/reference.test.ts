/** The page on HAProxy's matches and actions, held to the code and to the manual (sections 4.3 and 7.1). */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { acl } from '../conditions/acl.ts'
import { predefined } from '../conditions/predefined.ts'
import { fetches } from '../expression/fetch-catalogue.ts'
import * as rules from '../index.ts'
import { makers } from '../rule-text/rule-makers.ts'

const page = readFileSync(join(import.meta.dirname, '../../HAPROXY-RULES.md'), 'utf8')
const [matches = '', actions = ''] = page.slice(page.indexOf('## Matches')).split('## Actions')
const rowsOf = (section: string) =>
  [...section.matchAll(/^\| (.*) \|$/gm)]
    .map(match => (match[1] as string).split(/(?<!\\) \| ?/).map(cell => cell.trim()))
    .filter(([first]) => first !== 'HAProxy' && !first?.startsWith('---'))
const codeIn = (text = '') => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

/** The table of section 4.3, and what is a rule of its own. */
const keywords = (
  'accept add-acl add-header add-headers-bin allow attach-srv auth cache-store cache-use capture close del-acl del-header ' +
  'del-headers-bin del-map deny dgram-drop disable-l7-retry do-log do-resolve early-hint expect-netscaler-cip expect-proxy ' +
  'normalize-uri pause redirect reject replace-header replace-path replace-pathq replace-uri replace-value return sc-add-gpc ' +
  'sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 send-retry send-spoe-group set-bandwidth-limit set-bc-mark ' +
  'set-bc-tos set-dst set-dst-port set-fc-mark set-fc-tos set-header set-headers-bin set-log-level set-map set-mark ' +
  'set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-retries set-src set-src-port ' +
  'set-status set-timeout set-tos set-uri set-var set-var-fmt silent-drop strict-mode switch-mode tarpit track-sc0 track-sc1 ' +
  'track-sc2 unset-var use-service wait-for-body wait-for-handshake use_backend use-server errorfile'
).split(' ')

const methods = 'found bool int ip bin len str sub reg beg end dir dom'.split(' ')

test('each action of the manual has a row, and there is no other', () => {
  expect(
    rowsOf(actions)
      .map(([first]) => codeIn(first)[0])
      .sort(),
  ).toEqual([...keywords].sort())
})

test('each method has a row that names the function', () => {
  for (const method of methods) expect(matches).toContain(`| \`-m ${method}\` | \`match.${method}()\` |`)
  expect(Object.keys(rules.match).sort()).toEqual([...methods].sort())
})

test('what is named is there, and where nothing is, it says why', () => {
  const sources = readdirSync(import.meta.dirname)
    .filter(file => file.endsWith('.ts') && !file.includes('.test.'))
    .map(file => readFileSync(join(import.meta.dirname, file), 'utf8'))
    .join('\n')
  for (const [first, ours = ''] of [...rowsOf(actions), ...rowsOf(matches)]) {
    if (ours.startsWith('**not offered**')) {
      expect([first, ours]).toEqual([first, expect.stringMatching(/^\*\*not offered\*\*, because \S/)])
      continue
    }
    expect([first, codeIn(ours).length > 0]).toEqual([first, true])
    for (const code of codeIn(ours)) {
      const name = /^[A-Za-z]+/.exec(code)?.[0] as string
      const isThere =
        name in rules ||
        new RegExp(`readonly ${name}\\?:`).test(sources) ||
        ['ignoreCase', 'name'].includes(name)
      expect([first, name, isThere]).toEqual([first, name, true])
    }
  }
})

test('what is offered is read as text as well, but for what a text cannot say', () => {
  const offered = rowsOf(actions).filter(([, ours = '']) => !ours.startsWith('**'))
  const read = offered.map(([first]) => codeIn(first)[0] as string).filter(keyword => !makers.has(keyword))
  // A text names no users; an errorfile is an argument of others.
  expect(read).toEqual(['auth', 'errorfile'])
})

test('the predefined conditions are HAProxy’s, and each whose fetch there is can be compiled', () => {
  expect(predefined.size).toBe(23)
  for (const text of predefined.values()) {
    const keyword = /^[\w.]+/.exec(text)?.[0].replace(/_(?:reg|beg)$/, '') as string
    if (!fetches.has(keyword)) continue
    const at = /^req\.(?:len|rdp|proto)|wait_end/.test(text) ? 'content' : 'request'
    expect(acl(text, at).needs).toBeDefined()
  }
})
