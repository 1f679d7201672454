export { type Body, type BodyOptions, bodyOf, emptyBody, type FramedHead } from './body.ts'
export { CHUNK_END, chunkHead, LAST_CHUNK, lastChunk } from './chunk-encoder.ts'
export { DropList, hopByHop } from './drop-list.ts'
export {
  MessageError,
  type MessageErrorCode,
  type MessageSide,
  type MessageStatus,
  messageErrorCodes,
} from './error.ts'
export type { Framing } from './framing.ts'
export { HeaderLines } from './header-lines.ts'
export { defaultLimits, Http1OptionError, type LimitOptions, type Limits, resolveLimits } from './limits.ts'
export { reasonPhrase } from './reason.ts'
export { RequestHead, RequestReader } from './request.ts'
export { ResponseHead, ResponseReader } from './response.ts'
export type { TargetForm } from './target.ts'
export {
  forwardHead,
  HeaderValueError,
  headerLine,
  headerLines,
  requestLine,
  statusLine,
} from './write.ts'
