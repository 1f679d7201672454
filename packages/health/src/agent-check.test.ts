import { describe, expect, it } from 'vitest'
import { type AgentCheckOptions, agentCheck } from './agent-check.ts'
import { allClosed, deadTarget, patience, talkingServer } from './test-support.ts'

async function asked(line: string | Uint8Array, options?: AgentCheckOptions) {
  const talking = await talkingServer(line)
  talking.server.on('connection', socket => socket.end())
  const result = await agentCheck(options).check(talking.target(), patience())
  await allClosed(talking.server)
  return { ...result, heard: talking.heard[0] }
}

describe('a check that asks an agent', () => {
  it.each<[string, object]>([
    ['up\n', { ok: true, code: 'L7OK', message: 'via agent: up', agent: { health: 'up' } }],
    ['up\r\n', { code: 'L7OK' }],
    ['up\rdown\n', { code: 'L7OK' }],
    ['down\n', { ok: false, code: 'L7STS', message: 'via agent: down', agent: { health: 'down' } }],
    ['stopped # for the night\n', { code: 'L7STS', message: 'via agent: stopped (for the night)' }],
    ['fail\n', { code: 'L7STS', agent: { health: 'fail' } }],
    ['75% maxconn:30\n', { ok: true, code: 'CHECKED', agent: { weightPercent: 75, maxConnections: 30 } }],
    ['drain\n', { ok: true, code: 'CHECKED', message: 'via agent', agent: { admin: 'drain' } }],
    ['\n', { ok: true, code: 'CHECKED', agent: { description: '' } }],
    ['#resting\n', { code: 'CHECKED', message: 'via agent: resting' }],
    ['up sideways #fine\n', { code: 'L7OK', message: 'via agent: up (does not know "sideways")' }],
    ['down sideways #sick\n', { code: 'L7STS', message: 'via agent: down (sick)' }],
    ['sideways\n', { code: 'CHECKED', message: 'via agent: does not know "sideways"' }],
  ])('%j', async (line, result) => {
    expect(await asked(line)).toMatchObject(result)
  })
  it.each<[string, string | Uint8Array]>([
    ['does not end', 'down'],
    ['is empty and does not end', ''],
    ['has a zero byte', 'down\0\n'],
    ['is longer than a line may be', `${'x'.repeat(20_000)}\n`],
    ['is rubbish', Buffer.from(Array.from({ length: 256 }, (_, index) => index).toReversed())],
  ])('a line that %s is no report', async (_, line) => {
    const result = await asked(line)
    expect(result.agent?.health).toBeUndefined()
    if (result.code !== 'CHECKED')
      expect(result).toMatchObject({ ok: false, code: 'L7RSP', agent: undefined })
  })
  it('sends what it is told, and hears what was said before', async () => {
    expect(await asked('up\n', { send: 'app\n' })).toMatchObject({ code: 'L7OK' })
    const talking = await talkingServer('', ['drain\n'])
    const result = await agentCheck({ send: ({ target }) => `${target.id}\n` }).check(
      talking.target(),
      patience(),
    )
    expect(result).toMatchObject({ code: 'CHECKED', agent: { admin: 'drain' } })
    expect(talking.heard).toEqual(['app\n'])
  })
  it('that nobody answers has no report', async () => {
    const result = await agentCheck().check(await deadTarget(), patience())
    expect(result).toMatchObject({ ok: false, code: 'L4CON', agent: undefined })
  })
  it.each([{ send: '' }, { send: 7 }, { words: 'up' }])('refuses %j', options => {
    expect(() => agentCheck(options as never)).toThrow(
      expect.objectContaining({ code: 'EVENER_INVALID_OPTION' }),
    )
  })
})
