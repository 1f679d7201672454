/**
 * Heads as text, for those who write bytes: what came, without what does not go on, with what is added.
 *
 * A head that the codec read goes on as slices of its own text; one that came as names and values is written out.
 */
import { DropList, forwardHead, type HeaderLines } from '@evener/http1'
import type { HeaderEdits } from '@evener/session'
import { connectionNames, isIndispensable, Names } from './headers.ts'

/** Names of fields, in lower case, in the two forms in which heads are edited. */
export class FieldSet {
  readonly names: Names
  readonly list: DropList

  constructor(names: readonly string[]) {
    this.names = new Names(names)
    this.list = new DropList(names)
  }
}

/** A head in whichever form it came. */
export interface AnyHead {
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** The same as the codec read it, where it did. */
  readonly parsed?:
    | { readonly lines: HeaderLines; readonly hopHeaders: readonly string[] | undefined }
    | undefined
}

/** Edits of rules say by themselves what is added, as lines that are known to be valid. */
interface Edits extends HeaderEdits {
  readonly lines?: string | undefined
}

// What a field may hold (RFC 9110 section 5.5); what came by the codec or by Node's parser is known to.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/**
 * The whole head, its empty line included.
 * @param firstLine with its CRLF
 * @param drop fields that do not go on; those that `Connection` names do not either
 * @param edits fields taken out, replaced and added
 * @param added lines of our own, each with its CRLF
 */
export function headText(
  firstLine: string,
  head: AnyHead,
  drop: FieldSet,
  edits: Edits | undefined,
  added: string,
): string {
  const { parsed } = head
  let named = parsed === undefined ? connectionNames(head.rawHeaders) : parsed.hopHeaders
  if (named !== undefined) named = named.filter(name => !isIndispensable(name))
  let lines = added
  if (edits !== undefined) {
    const { changed, text } = edits.lines === undefined ? writtenEdits(edits) : readyEdits(edits, edits.lines)
    if (changed.length > 0) named = named === undefined ? changed : [...named, ...changed]
    lines = text + added
  }
  if (parsed !== undefined) return forwardHead(firstLine, parsed.lines, drop.list, named, lines)
  const { rawHeaders } = head
  let text = firstLine
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (drop.names.has(name) || named?.includes(name.toLowerCase()) === true) continue
    text += `${name}: ${rawHeaders[i + 1]}\r\n`
  }
  return `${text}${lines}\r\n`
}

/** Edits as they are written: the names that make way, and the lines that are added. */
interface WrittenEdits {
  /** In lower case. */
  readonly changed: readonly string[]
  readonly text: string
}

/**
 * An affinity may give the same edits again and again: to all clients of a server, where its cookie has no date. Those
 * that are frozen, and so can never say anything else, are written once.
 */
const written = new WeakMap<HeaderEdits, WrittenEdits>()

function writtenEdits(edits: HeaderEdits): WrittenEdits {
  const known = written.get(edits)
  if (known !== undefined) return known
  let text = ''
  for (const list of [edits.set, edits.append]) {
    for (const [name, value] of list ?? none) {
      // An affinity of the host's own may be wrong; that must not break the message.
      if (fieldValue.test(value)) text += `${name}: ${value}\r\n`
    }
  }
  const made = { changed: changedNames(edits), text }
  if (Object.isFrozen(edits)) written.set(edits, made)
  return made
}

const none: readonly never[] = []

function readyEdits({ remove = none }: Edits, text: string): WrittenEdits {
  return { changed: remove, text }
}

/** The names whose fields make way: those taken out, and those replaced. */
export function changedNames(edits: HeaderEdits): string[] {
  const names = edits.remove?.map(name => name.toLowerCase()) ?? []
  for (const [name] of edits.set ?? none) names.push(name.toLowerCase())
  return names
}

/** Lines from names and values in turn. */
export function textOfPairs(headers: readonly string[]): string {
  let text = ''
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  return text
}
