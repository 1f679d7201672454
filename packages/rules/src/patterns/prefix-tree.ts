/**
 * Entries by their text, found by what begins with it: a radix tree.
 *
 * Cost: a walk of at most the length of the longest text, whatever the number of entries. Two nodes an entry, at most.
 * Where entries have the same text, the first that was added is found, and the next once that is removed.
 */
import type { PatternEntry } from './entry.ts'

interface Node {
  /** What leads here from the parent; never empty but at the root. */
  edge: string
  entries: PatternEntry[] | undefined
  /** By the first character of their edges. */
  children: Map<number, Node> | undefined
}

export class PrefixTree {
  readonly #root: Node = { edge: '', entries: undefined, children: undefined }

  add(text: string, entry: PatternEntry): void {
    let node = this.#root
    for (let at = 0; at < text.length; ) {
      const first = text.charCodeAt(at)
      node.children ??= new Map()
      const child = node.children.get(first)
      if (child === undefined) {
        node.children.set(first, { edge: text.slice(at), entries: [entry], children: undefined })
        return
      }
      const common = commonLength(child.edge, text, at)
      at += common
      if (common === child.edge.length) {
        node = child
        continue
      }
      const middle: Node = { edge: child.edge.slice(0, common), entries: undefined, children: new Map() }
      child.edge = child.edge.slice(common)
      middle.children!.set(child.edge.charCodeAt(0), child)
      node.children.set(first, middle)
      node = middle
    }
    if (node.entries === undefined) node.entries = [entry]
    else node.entries.push(entry)
  }

  /** Nodes that are left without entries stay, until the tree is made anew: a list that is cleared is. */
  remove(text: string, entry: PatternEntry): void {
    let node: Node | undefined = this.#root
    for (let at = 0; at < text.length; at += node.edge.length) {
      node = node.children?.get(text.charCodeAt(at))
      if (node === undefined || !text.startsWith(node.edge, at)) return
    }
    const index = node.entries?.indexOf(entry) ?? -1
    if (index !== -1) node.entries!.splice(index, 1)
    if (node.entries?.length === 0) node.entries = undefined
  }

  /** The entry with the longest text that stands in `value` at `from`. */
  longest(value: string, from = 0): PatternEntry | undefined {
    let found: PatternEntry | undefined
    let node: Node | undefined = this.#root
    for (let at = from; ; ) {
      if (node.entries !== undefined) found = node.entries[0]
      node = node.children?.get(value.charCodeAt(at))
      if (node === undefined || !standsAt(value, at, node.edge)) return found
      at += node.edge.length
    }
  }

  /**
   * The first entry, in their order, of all whose text stands in `value` at `from`.
   * @param fits asked with where the text ends, for those that have to end somewhere
   */
  first(
    value: string,
    from: number,
    fits: ((value: string, end: number) => boolean) | undefined,
  ): PatternEntry | undefined {
    let found: PatternEntry | undefined
    let node: Node | undefined = this.#root
    for (let at = from; ; ) {
      if (node.entries !== undefined && (found === undefined || node.entries[0]!.id < found.id)) {
        if (fits === undefined || fits(value, at)) found = node.entries[0]
      }
      node = node.children?.get(value.charCodeAt(at))
      if (node === undefined || !standsAt(value, at, node.edge)) return found
      at += node.edge.length
    }
  }
}

/** As `startsWith(edge, at)`, whose call alone costs more than the few characters of an edge. */
function standsAt(value: string, at: number, edge: string): boolean {
  if (at + edge.length > value.length) return false
  for (let index = 0; index < edge.length; index++)
    if (value.charCodeAt(at + index) !== edge.charCodeAt(index)) return false
  return true
}

function commonLength(edge: string, text: string, from: number): number {
  const most = Math.min(edge.length, text.length - from)
  let length = 0
  while (length < most && edge.charCodeAt(length) === text.charCodeAt(from + length)) length++
  return length
}
