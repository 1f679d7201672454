/** The rules of the gateway, as functions: what a rule needs is in its type, and the editor knows all of them. */
import type { Backend, FrontendRules } from '@evener/core'
import {
  any,
  cors,
  delHeader,
  deny,
  hostOnly,
  lower,
  match,
  type PatternList,
  path,
  pipe,
  redirect,
  regsub,
  replaceHeader,
  replacePathq,
  req,
  securityHeaders,
  setHeader,
  setPath,
  src,
  sslFc,
  useBackend,
} from '@evener/rules'

/** What the rules refer to. */
export interface Site {
  readonly api: Backend
  readonly images: Backend
  /** Addresses and networks that get nothing. It may change while the gateway runs. */
  readonly blocked: PatternList
}

/** Browsers on these pages may use the API. There is no one word for it in HAProxy. */
export const crossOrigin = cors({ origins: ['https://app.example.test'], credentials: true })

export function siteRules({ api, images, blocked }: Site): FrontendRules {
  // One value, read wherever it is needed: "WWW.example.test:8443" is the host "www.example.test".
  const host = pipe(req.hdr('host'), hostOnly(), lower())
  return {
    request: [
      deny().if(match.ip(src(), blocked)),

      // ── sent elsewhere ──
      redirect({ scheme: 'https', code: 301 }).unless(match.bool(sslFc())),
      redirect({ prefix: 'https://www.example.test', code: 301 }).if(match.str(host, 'example.test')),
      redirect({
        location: pipe(path(), regsub('^/blog/[0-9]{4}/', '/journal/')),
        keepQuery: true,
        code: 308,
      }).if(match.reg(path(), '^/blog/[0-9]{4}/')),

      // ── as the servers know it ──
      ...crossOrigin.request,
      delHeader('X-Internal-', { match: 'beg' }),
      setHeader('X-Real-IP', src()),
      replacePathq('^/product/([0-9]+)/?$', '/product?id=\\1'),
      setPath(pipe(path(), regsub('^/v1/', '/api/'))),

      // ── and who has it; all else goes where the route says ──
      useBackend(api).if(any(match.str(host, 'api.example.test'), match.beg(path(), '/api/'))),
      useBackend(images).if(match.end(path(), ['.png', '.jpg', '.svg'], { ignoreCase: true })),
    ],
    response: [
      // Servers behind TLS think that they are spoken to without.
      replaceHeader('Location', '^http://(.*)$', 'https://\\1'),
      delHeader('X-Powered-By'),
      delHeader('Server'),
    ],
    afterResponse: [
      ...crossOrigin.afterResponse,
      ...securityHeaders({ strictTransportSecurity: 'max-age=31536000' }),
    ],
  }
}
