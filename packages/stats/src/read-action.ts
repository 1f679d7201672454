/** Reading what the page wants to do: JSON, small, and with nothing in it that is not known. */
import type { IncomingMessage } from 'node:http'
import { integer, invalid, knownOptions, oneOf } from './options.ts'
import { actionNames, type ServerAction } from './server-actions.ts'

/** No action is longer. */
const maxBytes = 4_096

/** @throws {EvenerError} `EVENER_INVALID_OPTION`, `EVENER_UNKNOWN_OPTION`; rejects where the client goes away */
export async function readAction(req: IncomingMessage): Promise<ServerAction> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw invalid('action', `${bytes} bytes`, `at most ${maxBytes}`)
    chunks.push(chunk)
  }
  const given = parse(Buffer.concat(chunks).toString())
  knownOptions('action', given, ['backend', 'server', 'action', 'weight'])
  const { backend, server, action, weight } = given as Record<string, unknown>
  if (typeof backend !== 'string') throw invalid('action.backend', backend, 'the name of a backend')
  if (typeof server !== 'string') throw invalid('action.server', server, 'the id of a server')
  return {
    backend,
    server,
    action: oneOf('action.action', action, actionNames),
    weight: weight === undefined ? undefined : integer('action.weight', weight, 0, 0, 256),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('action', text, 'JSON')
  }
}
