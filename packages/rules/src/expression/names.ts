/** What a text names and cannot hold itself: given by whoever compiles texts, and asked while they are compiled. */
import type { BackendView, FrontendView, ServerView } from '../scope.ts'

export interface Names {
  backend?(name: string): BackendView | undefined
  /** @param backend undefined for the backend that the rule stands in */
  server?(backend: string | undefined, name: string): ServerView | undefined
  frontend?(name: string): FrontendView | undefined
}
