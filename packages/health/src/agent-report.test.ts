import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AgentReport, parseAgentReport } from './agent-report.ts'

describe('the report of an agent', () => {
  it.each<[string, Partial<AgentReport>]>([
    ['', {}],
    ['up', { health: 'up' }],
    ['UP', { health: 'up' }],
    ['down', { health: 'down' }],
    ['stopped', { health: 'stopped' }],
    ['fail', { health: 'fail' }],
    ['failed', { health: 'fail' }],
    ['ready', { admin: 'ready' }],
    ['drain', { admin: 'drain' }],
    ['Maint', { admin: 'maint' }],
    ['75%', { weightPercent: 75 }],
    ['weight:75%', { weightPercent: 75 }],
    ['99999%', { weightPercent: 25_600 }],
    ['weight:12', { weight: 12 }],
    ['weight:0', { weight: 0 }],
    ['maxconn:30', { maxConnections: 30 }],
    ['up,ready\t75% , maxconn:30', { health: 'up', admin: 'ready', weightPercent: 75, maxConnections: 30 }],
    ['up down', { health: 'down' }],
    ['weight:5 50%', { weightPercent: 50 }],
    ['50% weight:5', { weight: 5 }],
    ['down # the disk, it is full', { health: 'down', description: 'the disk, it is full' }],
    ['#up', { description: 'up' }],
    ['stopped #', { health: 'stopped' }],
  ])('%j', (line, expected) => {
    expect(parseAgentReport(line)).toEqual({ description: '', ...expected })
  })

  it.each([
    'sideways',
    '75',
    '%',
    '-5%',
    'weight:257',
    'weight:',
    'weight:x%',
    'maxconn:',
    'maxconn:5%',
    'maxconn:-1',
    'maxconn:99999999999999999999',
    'up#now',
    '__proto__',
    'constructor',
    '\u0000',
  ])('tells %j as what it does not know, and keeps the words beside it', word => {
    expect(parseAgentReport(`ready ${word} up`)).toMatchObject({
      health: 'up',
      admin: 'ready',
      unknown: word,
    })
  })

  it('tells the first of the words it does not know, and not more than a little of it', () => {
    expect(parseAgentReport(`${'x'.repeat(5000)} y`).unknown).toBe('x'.repeat(80))
    expect(parseAgentReport(`down #${'x'.repeat(5000)}`).description).toHaveLength(200)
  })

  it('is a report whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), line => {
        const { weight = 0, weightPercent = 0, maxConnections = 0, description } = parseAgentReport(line)
        expect(weight).toBeLessThanOrEqual(256)
        expect(weightPercent).toBeLessThanOrEqual(25_600)
        expect(Number.isSafeInteger(maxConnections)).toBe(true)
        expect(description.length).toBeLessThanOrEqual(200)
      }),
    )
  })
})
