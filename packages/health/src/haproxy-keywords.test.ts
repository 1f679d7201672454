/**
 * The way from HAProxy's keywords on checks to the options here, held to both: the page has a row for each keyword of the
 * manual (3.5, and what 2.6 has beside it), every name that it gives as code is one that there is, and HAProxy itself
 * lists no keyword that was overlooked.
 */
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as health from './index.ts'

const here = import.meta.dirname
const page = readFileSync(join(here, '..', 'HAPROXY.md'), 'utf8')

const sourcesOf = (patterns: readonly string[]): string =>
  globSync([...patterns], { cwd: here })
    .filter(file => !/\.test\.ts$|test-support/.test(file))
    .map(file => readFileSync(join(here, file), 'utf8'))
    .join('\n')
/** Options are members of interfaces, here and of core's backend and servers: found in the source as text. */
const membersIn = (sources: string): ReadonlySet<string> =>
  new Set(
    [...sources.matchAll(/\breadonly (\w+)\??:|^ {2}(?:get )?(\w+)\??[:(]/gm)].map(
      ([, option, other]) => (option ?? other) as string,
    ),
  )
const own = membersIn(sourcesOf(['*.ts']))
const backends = membersIn(sourcesOf(['../../core/src/balance/*.ts']))

const codeIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(match => match[1] as string)

/** What stands below a heading. */
const sectionOf = (heading: string): string =>
  page.split(/^## /m).find(text => text.startsWith(`${heading}\n`)) ?? ''

/** The rows of a section's table, cell by cell. */
const rowsOf = (heading: string): string[][] =>
  [...sectionOf(heading).matchAll(/^\| (`.*) \|$/gm)].map(match =>
    (match[1] as string).split(' | ').map(cell => cell.replace(/ ?\|$/, '').trim()),
  )

const servers = 'Servers: when they are checked, and what is made of it'
const kinds = 'What a check does and finds'

/** Of the manual's sections 3.2, 4.2 and 5.2: when servers are checked, and what is made of what is found. */
const ofServers = [
  ...['check', 'no-check', 'inter', 'fastinter', 'downinter', 'rise', 'fall', 'init-state', 'track'],
  ...[
    'disabled',
    'enabled',
    'slowstart',
    'observe',
    'error-limit',
    'on-error',
    'on-marked-down',
    'on-marked-up',
  ],
  ...['agent-check', 'no-agent-check', 'agent-addr', 'agent-port', 'agent-inter', 'agent-send'],
  ...['backup', 'no-backup', 'weight', 'maxconn', 'timeout check', 'spread-checks', 'max-spread-checks'],
  ...['http-check disable-on-404', 'option log-health-checks', 'option persist', 'option allbackups'],
  ...['from', 'level', 'mailers', 'myhostname', 'to'].map(word => `email-alert ${word}`),
  ...['external-check', 'insecure-fork-wanted', 'load-server-state-from-file', 'server-state-file-name'],
]

/** Of the manual's sections 4.2, 5.2 and 12.9, and of `global`, what a check does and finds. */
const ofKinds = [
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
  ...[
    'http-check disable-on-404',
    'http-check send-state',
    'tune.bufsize',
    'option use-small-buffers',
    'tune.vars.check-max-size',
  ],
]

/** The other keywords of servers (5.2): about connections and traffic. */
const serversOtherwise = [
  ...[
    'allow-0rtt',
    'alpn',
    'ca-file',
    'cc',
    'ciphers',
    'ciphersuites',
    'client-sigalgs',
    'cookie',
    'crl-file',
  ],
  ...['crt', 'curves', 'force-sslv3', 'force-tlsv10', 'force-tlsv11', 'force-tlsv12', 'force-tlsv13', 'guid'],
  ...[
    'hash-key',
    'id',
    'idle-ping',
    'init-addr',
    'ktls',
    'log-bufsize',
    'log-proto',
    'max-reuse',
    'maxqueue',
  ],
  ...['minconn', 'namespace', 'no-renegotiate', 'no-send-proxy', 'no-send-proxy-v2', 'no-send-proxy-v2-ssl'],
  ...[
    'no-send-proxy-v2-ssl-cn',
    'no-sni-auto',
    'no-ssl',
    'no-ssl-reuse',
    'no-sslv3',
    'no-tfo',
    'no-tls-tickets',
  ],
  ...[
    'no-tlsv10',
    'no-tlsv11',
    'no-tlsv12',
    'no-tlsv13',
    'no-verifyhost',
    'non-stick',
    'npn',
    'pool-conn-name',
  ],
  ...[
    'pool-low-conn',
    'pool-max-conn',
    'pool-purge-delay',
    'proto',
    'proxy-v2-options',
    'quic-cc-algo',
    'redir',
  ],
  ...[
    'renegotiate',
    'resolve-net',
    'resolve-opts',
    'resolve-prefer',
    'resolvers',
    'send-proxy',
    'send-proxy-v2',
  ],
  ...['send-proxy-v2-ssl', 'send-proxy-v2-ssl-cn', 'shard', 'sigalgs', 'sni', 'sni-auto', 'socks4', 'source'],
  ...[
    'ssl',
    'ssl-max-ver',
    'ssl-min-ver',
    'ssl-reuse',
    'stick',
    'strict-maxconn',
    'tcp-md5sig',
    'tcp-ut',
    'tfo',
  ],
  ...['tls-tickets', 'usesrc', 'verify', 'verifyhost', 'ws'],
]

/** What a keyword of the first column stands for: `{http,tcp}-check expect !` is two. */
function named(cell: string): string[] {
  return codeIn(cell).flatMap(code => {
    const both = /^\{http,tcp\}-check (.*)$/.exec(code)
    return both === null ? [code] : [`http-check ${both[1]}`, `tcp-check ${both[1]}`]
  })
}

const namesIn = (text: string): string[] =>
  codeIn(text).flatMap(code => code.replaceAll(/'[^']*'/g, '').match(/[A-Za-z]\w*/g) ?? [])
const words = new Set(['true', 'false', 'v1', 'v2'])
const isNotOffered = (option: string): boolean => option.startsWith('**not offered**')

describe.each([
  { heading: servers, keywords: ofServers, known: new Set([...own, ...backends]) },
  { heading: kinds, keywords: ofKinds, known: own },
])('the table “$heading”', ({ heading, keywords, known }) => {
  const rows = rowsOf(heading)
  const exists = (name: string): boolean => name in health || known.has(name) || words.has(name)

  it('has each keyword once', () => {
    const found = rows.flatMap(([cell = '']) => named(cell))
    expect(found.toSorted()).toEqual([...new Set(keywords)].toSorted())
  })

  it('names only what there is', () => {
    const wrong = rows.flatMap(([keyword, option = '']) =>
      namesIn(isNotOffered(option) ? '' : option)
        .filter(name => !exists(name))
        .map(name => `${keyword}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  it('says why where there is nothing', () => {
    const offered = rows.filter(([, option = '']) => namesIn(option).length > 0 && !isNotOffered(option))
    const others = rows.filter(row => !offered.includes(row))
    expect(others.length).toBeGreaterThan(1)
    for (const [keyword, option = ''] of others)
      expect([keyword, option]).toEqual([
        keyword,
        expect.stringMatching(/^\*\*not offered\*\*, because .{10}/),
      ])
  })
})

describe('the page of HAProxy’s keywords on checks', () => {
  it('names only what there is in what it says beside the keywords', () => {
    // Names of this library are those with a capital inside; the others are HAProxy's, or of protocols.
    const prose = page.replaceAll(/^\| `[^|]*\|/gm, '')
    const names = codeIn(prose).flatMap(code => code.match(/\b[a-z]+[A-Z]\w*/g) ?? [])
    expect(names.length).toBeGreaterThan(50)
    const there = (name: string): boolean =>
      name in health || own.has(name) || backends.has(name) || name === 'runCluster'
    expect(names.filter(name => !there(name))).toEqual([])
  })

  it('has every check that there is', () => {
    const checks = Object.keys(health).filter(name => /(Check|Chain)$/.test(name))
    expect(checks.length).toBeGreaterThan(12)
    const readme = readFileSync(join(here, '..', 'README.md'), 'utf8')
    expect(checks.filter(name => !readme.includes(`\`${name}()\``))).toEqual([])
  })

  const haproxy = spawnSync('haproxy', ['-dKcfg', '-q', '-c', '-f', '/dev/null'], { encoding: 'utf8' })
  const lists = haproxy.stdout?.includes('server <name> <addr> check\n') === true
  it.skipIf(!lists)(`${lists ? '' : 'no haproxy that lists them: '}has what HAProxy lists`, () => {
    const listed = (pattern: RegExp): string[] =>
      [...haproxy.stdout.matchAll(pattern)].map(([, word]) => word as string)
    const onPage = new Set([...ofServers, ...ofKinds])
    const ofServer = listed(/^\tserver <name> <addr> (\S+)/gm)
    expect(ofServer.length).toBeGreaterThan(80)
    expect(ofServer.filter(word => !onPage.has(word) && !serversOtherwise.includes(word))).toEqual([])
    const others = [...listed(/^\t(option \S*check\S*)/gm), ...listed(/^\t(\S*check\S*)$/gm)]
    // That of caches has nothing to do with health; and of these two, the page has each rule.
    const elsewhere = new Set(['option checkcache', 'http-check', 'tcp-check'])
    expect(others.filter(word => !onPage.has(word) && !elsewhere.has(word))).toEqual([])
    expect(others).toContain('option log-health-checks')
  })
})
