/**
 * The certificates of all sources, read again and again: what is good comes in, what is bad leaves the one
 * before it in service.
 *
 * Invariant: a file that cannot be used never takes away a certificate that was read from it before; one that
 * is gone from its folder does. What did not change is the same object as before, and costs its reading
 * alone.
 * Cost: a few ms of work per hundred files unchanged, 0.4 ms for each that is new; `load` is a generator, so
 * that whoever drives it decides how long to work at a stretch.
 */
import { type CertificatePlace, type CertificateSource, placesOf } from './certificate-files.ts'
import { digestOf, type LoadedCertificate, loadCertificate } from './certificates.ts'
import { reasonOf } from './errors.ts'

/** A source that cannot be used, and why. */
export interface SourceFailure {
  readonly source: string
  /** Names the source as well. */
  readonly reason: string
}

/** What a reading has brought. */
export interface InventoryChange {
  readonly certificates: readonly LoadedCertificate[]
  /** New, or with other content than before. */
  readonly changed: readonly string[]
  /** Gone from their folders. */
  readonly removed: readonly string[]
  readonly failed: readonly SourceFailure[]
}

type Entries = ReadonlyMap<string, LoadedCertificate>

export class Inventory {
  readonly #sources: readonly { readonly name: string; readonly source: CertificateSource }[]
  /** By source, by place. */
  #inService: readonly Entries[] = []

  constructor(sources: readonly { readonly name: string; readonly source: CertificateSource }[]) {
    this.#sources = sources
  }

  /**
   * Read all. Yields after each file; what it returns is from then on what the next reading is compared
   * with.
   */
  *load(): Generator<void, InventoryChange> {
    const failed: SourceFailure[] = []
    const changed: string[] = []
    const removed: string[] = []
    const now: Entries[] = []
    for (const [index, { name, source }] of this.#sources.entries()) {
      const before: Entries = this.#inService[index] ?? new Map()
      const entries = new Map<string, LoadedCertificate>()
      let places: CertificatePlace[] | undefined
      try {
        places = placesOf(source, name)
      } catch (error) {
        failed.push({ source: name, reason: reasonOf(error) })
        for (const [key, certificate] of before) entries.set(key, certificate)
      }
      for (const place of places ?? []) {
        const old = before.get(place.source)
        try {
          const material = place.read()
          const same = old !== undefined && old.digest === digestOf(material)
          entries.set(place.source, same ? old : loadCertificate(material))
          if (!same) changed.push(place.source)
        } catch (error) {
          failed.push({ source: place.source, reason: reasonOf(error) })
          if (old !== undefined) entries.set(place.source, old)
        }
        yield
      }
      for (const key of before.keys()) if (!entries.has(key)) removed.push(key)
      now.push(entries)
    }
    const certificates = now.flatMap(entries => [...entries.values()])
    if (certificates.length === 0) {
      if (failed.length === 0) failed.push({ source: 'certificates', reason: 'no certificate found' })
      const kept = this.#inService.flatMap(entries => [...entries.values()])
      return { certificates: kept, changed: [], removed: [], failed }
    }
    this.#inService = now
    return { certificates, changed, removed, failed }
  }
}
