/**
 * The way from HAProxy's keywords on checks to the options here, held to both: the page has a row for each keyword of the
 * manual (3.5, and what 2.6 has beside it), and every name that it gives as code is one that there is.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as health from './index.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'HAPROXY.md'), 'utf8')
const sources = readdirSync(import.meta.dirname)
  .filter(file => file.endsWith('.ts') && !/\.test\.ts$|test-support/.test(file))
  .map(file => readFileSync(join(import.meta.dirname, file), 'utf8'))
  .join('\n')

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

const [, section = ''] = page.split('## What a check does and finds')
const rows = [...(section.split('\n## ')[0] as string).matchAll(/^\| (`.*) \|$/gm)].map(match =>
  (match[1] as string).split(' | ').map(cell => cell.trim()),
)

/** Of the manual's sections 4.2, 5.2 and 12.9, and of `global`, what a check does and finds. */
const keywords = [
  ...['check', 'no-check', 'addr', 'port', 'check-ssl', 'no-check-ssl', 'check-sni', 'check-sni-auto'],
  ...['no-check-sni-auto', 'check-alpn', 'check-proto', 'check-send-proxy', 'no-check-send-proxy'],
  ...['check-via-socks4', 'check-reuse-pool', 'no-check-reuse-pool', 'check-pool-conn-name', 'healthcheck'],
  ...['agent-check', 'no-agent-check', 'agent-send', 'agent-addr', 'agent-port', 'agent-inter'],
  ...['option httpchk', 'option tcp-check', 'option redis-check', 'option smtpchk', 'option mysql-check'],
  ...['option pgsql-check', 'option ldap-check', 'option ssl-hello-chk', 'option spop-check'],
  ...['option external-check', 'external-check', 'external-check command', 'external-check path'],
  ...['http-check', 'tcp-check'].flatMap(kind => [
    ...['comment', 'connect', 'expect', 'send', 'set-var', 'set-var-fmt', 'unset-var'].map(
      rule => `${kind} ${rule}`,
    ),
    ...[
      'default',
      'port',
      'addr',
      'send-proxy',
      'via-socks4',
      'ssl',
      'sni',
      'alpn',
      'linger',
      'proto',
      'comment',
    ].map(word => `${kind} connect ${word}`),
    ...[
      'min-recv',
      'comment',
      'ok-status',
      'error-status',
      'tout-status',
      'on-success',
      'on-error',
      'status-code',
      '!',
    ].map(word => `${kind} expect ${word}`),
    ...['string', 'rstring', 'string-lf'].map(word => `${kind} expect ${word}`),
  ]),
  ...['binary', 'rbinary', 'binary-lf'].map(word => `tcp-check expect ${word}`),
  ...['status', 'rstatus', 'hdr', 'fhdr'].map(word => `http-check expect ${word}`),
  ...['send-lf', 'send-binary', 'send-binary-lf'].map(word => `tcp-check ${word}`),
  ...['meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body', 'body-lf', 'comment'].map(
    word => `http-check send ${word}`,
  ),
  ...['http-check disable-on-404', 'http-check send-state', 'tune.bufsize'],
]

/** What a keyword of the first column stands for: `http-check, tcp-check expect !` is two. */
function named(cell: string): string[] {
  return codeIn(cell).flatMap(code => {
    const both = /^\{http,tcp\}-check (.*)$/.exec(code)
    return both === null ? [code] : [`http-check ${both[1]}`, `tcp-check ${both[1]}`]
  })
}

describe('the page of HAProxy’s keywords on checks', () => {
  it('has each of them once', () => {
    const found = rows.flatMap(([cell = '']) => named(cell))
    expect(found.toSorted()).toEqual([...new Set(keywords)].toSorted())
  })

  it('names only what there is', () => {
    const wrong = rows.flatMap(([keyword, option = '']) =>
      codeIn(option)
        .flatMap(code => code.replaceAll(/'[^']*'/g, '').match(/[A-Za-z]\w*/g) ?? [])
        .filter(
          name =>
            !(name in health) &&
            !new RegExp(`\\breadonly ${name}\\??:|^export type \\{[^}]*\\b${name}\\b`, 'm').test(sources),
        )
        .filter(name => !['true', 'false', 'v1', 'v2'].includes(name))
        .map(name => `${keyword}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('says why where there is nothing', () => {
    const empty = rows.filter(([, option = '']) => codeIn(option).length === 0)
    expect(empty.length).toBeGreaterThan(3)
    for (const [keyword, option = ''] of empty)
      expect([keyword, option]).toEqual([keyword, expect.stringMatching(/^\*\*not offered\*\*, because /)])
  })

  it('has every check that there is', () => {
    const checks = Object.keys(health).filter(name => /(Check|Chain)$/.test(name))
    expect(checks.length).toBeGreaterThan(12)
    const readme = readFileSync(join(import.meta.dirname, '..', 'README.md'), 'utf8')
    expect(checks.filter(name => !readme.includes(`\`${name}()\``))).toEqual([])
  })
})
