/** Lines of the log at a real syslog server: rsyslog, by UDP, by TCP in both framings, and by a unix stream. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type LogSink, type SyslogOptions, syslog } from '@evener/log'
import { expectEventually } from '@evener/testing'
import { expect } from 'vitest'
import { freePort } from './support/haproxy.ts'
import { afterwards, withPrograms } from './support/hosting.ts'
import { eventually, startProgram } from './support/program.ts'

/** What rsyslog understood of each line. */
const seen =
  '%inputname%|%syslogfacility-text%|%syslogseverity-text%|%hostname%|%app-name%|%procid%|%structured-data%|%msg%\\n'

interface Rsyslog {
  readonly udp: string
  readonly tcp: string
  readonly unix: string
  lines(): string[]
  /** A sink that is closed with the test. */
  sink(options: SyslogOptions): LogSink
}

/** One with its own configuration, on loopback and in a folder of its own. */
async function startRsyslog(): Promise<Rsyslog> {
  const folder = mkdtempSync(join(tmpdir(), 'evener-rsyslog-'))
  afterwards(() => rmSync(folder, { recursive: true, force: true }))
  const [udp, tcp] = [await freePort(), await freePort()]
  const unix = join(folder, 'log.sock')
  const output = join(folder, 'seen')
  writeFileSync(output, '')
  const configuration = [
    `global(workDirectory="${folder}")`,
    'module(load="imudp")',
    'module(load="imptcp")',
    `input(type="imudp" address="127.0.0.1" port="${udp}" ruleset="all")`,
    `input(type="imptcp" address="127.0.0.1" port="${tcp}" ruleset="all")`,
    `input(type="imptcp" path="${unix}" ruleset="all")`,
    `template(name="seen" type="string" string="${seen}")`,
    `ruleset(name="all") { action(type="omfile" file="${output}" template="seen") }`,
  ]
  writeFileSync(join(folder, 'rsyslog.conf'), configuration.join('\n'))
  const program = startProgram('rsyslogd', [
    '-n',
    '-f',
    join(folder, 'rsyslog.conf'),
    '-i',
    join(folder, 'pid'),
  ])
  afterwards(() => program.stop())
  const lines = (): string[] => readFileSync(output, 'latin1').split('\n').slice(0, -1)
  const sink = (options: SyslogOptions): LogSink => {
    const made = syslog({ hostname: 'lb1', tag: 'evener', processId: 77, ...options })
    afterwards(() => made.close())
    return made
  }
  const started = {
    udp: `udp://127.0.0.1:${udp}`,
    tcp: `tcp://127.0.0.1:${tcp}`,
    unix: `unix:${unix}`,
    lines,
    sink,
  }
  const knock = sink({ address: started.unix })
  await eventually(program, async () => {
    if (knock.counters.written === 0) knock.write('debug', 'knock')
    return lines().length > 0
  })
  writeFileSync(output, '')
  return started
}

withPrograms(
  ['rsyslogd'],
  'rsyslog understands lines by UDP, TCP and a unix stream, of both formats',
  async () => {
    const server = await startRsyslog()
    const ways: readonly Partial<SyslogOptions>[] = [
      { address: server.udp },
      { address: server.udp, format: 'rfc5424' },
      { address: server.tcp },
      { address: server.tcp, format: 'rfc5424' },
      { address: server.tcp, framing: 'newline' },
      { address: server.unix, format: 'rfc5424' },
      { address: server.unix, framing: 'newline' },
    ]
    ways.forEach((options, index) => {
      server.sink(options as SyslogOptions).write('err', `line ${index}`, undefined, '[evener@1 index="x"]')
    })
    await expectEventually(() => server.lines().length === ways.length)
    const data = (index: number) => (ways[index]?.format === 'rfc5424' ? '[evener@1 index="x"]' : '-')
    const input = (index: number) => (ways[index]?.address?.startsWith('udp') ? 'imudp' : 'imptcp')
    expect(
      server
        .lines()
        .map(line => line.replace('| line', '|line'))
        .sort(),
    ).toEqual(
      ways.map((_, index) => `${input(index)}|local0|err|lb1|evener|77|${data(index)}|line ${index}`).sort(),
    )
  },
)

withPrograms(
  ['rsyslogd'],
  'no value that a client may send makes two lines of one, or another sender',
  async () => {
    const server = await startRsyslog()
    const hostile = 'a\r\n<0>Jan  1 00:00:00 root su: b\n\0c\x1b[2J "quoted" \xff'
    const escaped = 'a#0D#0A<0>Jan  1 00:00:00 root su: b#0A#00c#1B[2J "quoted" '
    for (const address of [server.udp, server.tcp, server.unix]) {
      for (const framing of ['newline', 'octet-counting'] as const)
        server.sink({ address, framing }).write('info', hostile)
    }
    await expectEventually(() => server.lines().length === 6)
    for (const line of server.lines()) {
      expect(line.replace(/^\w+/, 'input')).toContain(`input|local0|info|lb1|evener|77|-| ${escaped}`)
    }
  },
)

withPrograms(['rsyslogd'], 'ten thousand lines arrive whole and in order', async () => {
  const server = await startRsyslog()
  const sink = server.sink({ address: server.tcp, format: 'rfc5424', maxBufferedBytes: 1 << 24 })
  for (let line = 0; line < 10_000; line++) sink.write('info', `line ${line}`)
  await expectEventually(() => server.lines().length === 10_000)
  expect(server.lines().map(line => line.slice(line.lastIndexOf('|') + 1))).toEqual(
    Array.from({ length: 10_000 }, (_, line) => `line ${line}`),
  )
  expect(sink.counters).toMatchObject({ written: 10_000, dropped: 0 })
})
