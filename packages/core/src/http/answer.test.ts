import { describe, expect, test } from 'vitest'
import { type Answer, Answers, type ErrorPages } from './answer.ts'
import type { ClientRequest } from './request.ts'

function requestThat(accepts: string | undefined): ClientRequest {
  return { uri: '/p', header: (name: string) => (name === 'accept' ? accepts : undefined) } as ClientRequest
}

function typeOf(answer: Answer): string | undefined {
  return answer.headers[answer.headers.indexOf('Content-Type') + 1]?.split(';')[0]
}

describe('the type of an answer', () => {
  test.each([
    [undefined, 'text/plain'],
    ['', 'text/plain'],
    ['image/png', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/html', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['application/xhtml+xml', 'text/html'],
    ['application/problem+json', 'application/json'],
    ['text/plain, text/html', 'text/plain'],
    ['text/html;q=0.5, application/json;q=0.6', 'application/json'],
    ['text/html;level=1;q=0.2, application/json;q=0.1', 'text/html'],
    ['text/html;q=0', 'text/plain'],
    ['text/html;q=junk, application/json;q=0.9', 'text/html'],
    [`text/html,${'x'.repeat(1024)}`, 'text/plain'],
  ])('for a client that accepts %j is %s', (accepts, type) => {
    expect(typeOf(new Answers().make(503, requestThat(accepts)))).toBe(type)
  })

  test('is plain text where the request could not be read', () => {
    expect(typeOf(new Answers().make(400))).toBe('text/plain')
  })
})

describe('an answer', () => {
  test('says what happened, is not stored, and is not guessed at', () => {
    const { status, headers, body } = new Answers().make(502)
    expect(status).toBe(502)
    expect(body.toString()).toBe('502 Bad Gateway: The server did not give a valid answer.\n')
    expect(headers).toEqual(expect.arrayContaining(['Cache-Control', 'no-store', 'nosniff']))
  })

  test('may say something more exact', () => {
    expect(new Answers().make(400, undefined, 'No Host.').body.toString()).toContain('No Host.')
  })

  test('in JSON can be parsed, in HTML has a title', () => {
    const json = new Answers().make(504, requestThat('application/json')).body.toString()
    expect(JSON.parse(json)).toEqual({
      status: 504,
      error: 'Gateway Timeout',
      message: 'The server did not answer in time.',
    })
    expect(new Answers().make(504, requestThat('text/html')).body.toString()).toContain(
      '<title>504 Gateway Timeout</title>',
    )
  })
})

describe('a page of the host’s own', () => {
  test('is HTML where it is text, else what it says', () => {
    const answers = new Answers({ 502: '<p>', 503: { contentType: 'text/markdown', body: '#' } })
    expect(typeOf(answers.make(502, requestThat('application/json')))).toBe('text/html')
    expect(answers.make(503).body.toString()).toBe('#')
    expect(typeOf(answers.make(503))).toBe('text/markdown')
    expect(typeOf(answers.make(504))).toBe('text/plain')
  })

  test('may be a function of status, message and request', () => {
    const answers = new Answers({
      413: ({ status, message, request }) => `${status} ${message} ${request?.uri}`,
    })
    expect(answers.make(413, requestThat(undefined)).body.toString()).toBe(
      '413 The request body is too large. /p',
    )
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['returns nothing', () => undefined],
    ['returns null', () => null],
    ['returns a promise', () => Promise.resolve('page')],
    ['returns a body that is no text', () => ({ contentType: 'text/html', body: 7 })],
    ['returns no type', () => ({ body: 'page' })],
    ['returns a type that would be another header', () => ({ contentType: 'a\r\nX: y', body: 'page' })],
  ])('that %s is replaced by the plain answer', (_how, page) => {
    const answers = new Answers({ 503: page } as never)
    expect(answers.make(503).body.toString()).toMatch(/^503 Service Unavailable: /)
  })

  test.each([
    [{ 418: 'tea' }, 'errorPages: "418" is not allowed; expected statuses among 400, 401'],
    [{ 503: 7 }, 'errorPages.503: 7 is not allowed; expected text, { contentType, body }, or a function'],
    [{ 503: null }, 'errorPages.503: null is not allowed'],
    [{ 503: { body: 'page' } }, 'errorPages.503: an object is not allowed'],
    [{ 503: { contentType: 'a\r\nX: y', body: 'page' } }, 'errorPages.503: an object is not allowed'],
  ])('that is none is refused: %j', (pages, message) => {
    expect(() => new Answers(pages as ErrorPages)).toThrow(message)
  })
})
