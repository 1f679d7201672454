/**
 * Evener's own answers in the form in which a gRPC client reads them: HTTP 200, and the failure in `grpc-status` and
 * `grpc-message`, all in the one head ("Trailers-Only", gRPC over HTTP2). To it, another HTTP status is a broken proxy.
 */

/**
 * gRPC's own table for HTTP statuses ("HTTP to gRPC Status Code Mapping"), with 504 more exact than there, and the rest
 * by the meaning of their words.
 */
const statuses: Readonly<Record<number, number>> = {
  400: 13, // INTERNAL
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 12, // UNIMPLEMENTED
  408: 4, // DEADLINE_EXCEEDED
  413: 8, // RESOURCE_EXHAUSTED
  429: 14, // UNAVAILABLE
  431: 8,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 4,
}

/** Whether requests of this content type are gRPC's: `application/grpc`, and `application/grpc+proto` and its like. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:$|[+;\s])/i.test(contentType)
}

/** The `grpc-status` for a HTTP status; UNKNOWN (2) for others than Evener's own. */
export function grpcStatus(status: number): number {
  return statuses[status] ?? 2
}
