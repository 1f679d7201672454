/**
 * What is measured: a proxy in a process of its own.
 *
 * One file a subject, which exports it as `subject`; `all.ts` lists them. A program comes with a configuration
 * (see `haproxy.ts`), a proxy in Node with a function that starts it (see `node-subject.ts`).
 */
import type { Launch } from '../machine/keeper.ts'

/**
 * What is spoken to clients. A row has one, a subject lists what it can. `https` is HTTP/1.1 over TLS, `h2` HTTP/2 over
 * TLS, `tcp` HTTP/1.1 past a proxy that does not look at it.
 */
export type Mode = 'http' | 'https' | 'h2' | 'tcp'

export const speaksTls = (mode: Mode): boolean => mode === 'https' || mode === 'h2'

/** Where a subject is to stand. */
export interface Place {
  readonly mode: Mode
  /** The port on 127.0.0.1 to listen on. */
  readonly port: number
  /** The ports on 127.0.0.1 of the two servers, to be used in turn; `GET /check` is for health checks. */
  readonly servers: readonly [number, number]
  /** For modes with TLS: a file with key and certificate. */
  readonly certificate?: string
  /** A temporary folder of its own. */
  readonly directory: string
}

export interface Subject {
  /** Unique, and the name of its file. */
  readonly name: string
  /** What it is and which features are on, in one line for a reader of results. */
  readonly about: string
  readonly modes: readonly Mode[]
  /** The rows it is measured in; undefined for all that name no subjects of their own. */
  readonly rows?: readonly string[]
  /** False for an application that answers by itself. */
  readonly proxies: boolean
  /** It sets a cookie for a client that comes without one, and the checks hold it to that. */
  readonly sticky: boolean
  readonly version: () => string
  /** Why it cannot be measured here, naming what is missing. */
  readonly missing: () => string | undefined
  readonly launch: (place: Place) => Launch
}

/** Connections that stay open while nothing is sent stay so longer than any row takes. */
export const keepAliveMs = 3_600_000

/** Idle connections to each server that a proxy may keep: more than any row needs. */
export const mostIdle = 2_048
