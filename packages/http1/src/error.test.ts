import { expect, test } from 'vitest'
import { MessageError, messageErrorCodes } from './error.ts'

test.each(messageErrorCodes)('%s has a status and a message of its own', code => {
  const error = new MessageError(code, 7, 'request')
  expect([400, 413, 414, 431, 501, 505]).toContain(error.status)
  expect(error.message).toMatch(/ \(byte 7 of the request\)$/)
  expect(new MessageError(code, 7, 'response')).toMatchObject({ code, status: 502, offset: 7, kind: 'error' })
  const same = messageErrorCodes.filter(
    other => new MessageError(other, 7, 'request').message === error.message,
  )
  expect(same).toEqual([code])
})
