/**
 * The first part of an answer, shared by what stalls, resets or truncates there.
 */
import type { FakeConnection } from '../fake-server/connection.ts'
import type { FakeRequest } from '../fake-server/request.ts'
import { patternPiece } from '../wire/pattern.ts'
import { type AnswerOptions, chunkOf, planAnswer } from './answer.ts'

/** How the broken answer is framed: as `Content-Length` or chunked. */
export type PartialFraming = 'length' | 'chunked'

/** How many bytes the whole body would have, and how many of them are sent. */
export const WHOLE_BYTES = 1000
export const SENT_BYTES = 100

const OPTIONS: Record<PartialFraming, AnswerOptions> = {
  length: { body: { bytes: WHOLE_BYTES }, keepAlive: true },
  chunked: { body: { bytes: WHOLE_BYTES }, keepAlive: true, chunked: true },
}

/** Send half a head, or a whole head and a tenth of the body; resolves when the kernel has it. */
export async function sendPart(
  where: 'mid-head' | 'mid-body',
  framing: PartialFraming,
  request: FakeRequest,
  connection: FakeConnection,
): Promise<void> {
  const { head } = planAnswer(OPTIONS[framing], request, connection.name)
  const part = patternPiece(0, SENT_BYTES)
  if (where === 'mid-head') await connection.write(head.subarray(0, head.indexOf('X-Server') + 4))
  else await connection.write(Buffer.concat([head, framing === 'chunked' ? chunkOf(part) : part]))
  await connection.flush()
}

/** Send the rest of what {@link sendPart} began. */
export async function sendRest(
  where: 'before-head' | 'mid-head' | 'mid-body',
  framing: PartialFraming,
  request: FakeRequest,
  connection: FakeConnection,
): Promise<void> {
  const { head } = planAnswer(OPTIONS[framing], request, connection.name)
  const headSent =
    where === 'mid-head' ? head.indexOf('X-Server') + 4 : where === 'mid-body' ? head.length : 0
  await connection.write(head.subarray(headSent))
  const at = where === 'mid-body' ? SENT_BYTES : 0
  const rest = patternPiece(at, WHOLE_BYTES - at)
  await connection.write(
    framing === 'chunked' ? Buffer.concat([chunkOf(rest), Buffer.from('0\r\n\r\n')]) : rest,
  )
  request.answered = true
  connection.answered++
}
