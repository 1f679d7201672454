/** The same rules as HAProxy writes them: for those who bring them along, or know them by heart. */
import type { FrontendRules } from '@evener/core'
import { condition, type RuleContext, rule, securityHeaders } from '@evener/rules'
import { crossOrigin, type Site } from './rules.ts'

export function haproxyRules({ api, images, blocked }: Site): FrontendRules {
  const backends = new Map<string, object>([
    ['api', api],
    ['images', images],
  ])
  const context: RuleContext = {
    backend: name => backends.get(name),
    names: { list: name => (name === 'blocked' ? blocked : undefined) },
    acls: {
      of_api: condition(
        '{ req.hdr(host),host_only,lower api.example.test } or { path_beg /api/ }',
        'request',
      ),
      of_images: condition('{ path_end -i .png .jpg .svg }', 'request'),
    },
  }
  const ofRequest = (lines: string) => linesOf(lines).map(line => rule(line, 'request', context))
  return {
    request: [
      ...ofRequest(`
        deny if { src -f blocked }

        redirect scheme https code 301 unless { ssl_fc }
        redirect prefix https://www.example.test code 301 if { req.hdr(host),host_only,lower example.test }
        redirect location %[path,regsub(^/blog/[0-9]{4}/,/journal/)] keep-query code 308 if { path_reg ^/blog/[0-9]{4}/ }
      `),
      ...crossOrigin.request,
      ...ofRequest(String.raw`
        del-header    X-Internal- -m beg
        set-header    X-Real-IP %[src]
        replace-pathq ^/product/([0-9]+)/?$ /product?id=\1
        set-path      %[path,regsub(^/v1/,/api/)]

        use_backend   api if of_api
        use_backend   images if of_images
      `),
    ],
    response: linesOf(String.raw`
      replace-header Location ^http://(.*)$ https://\1
      del-header     X-Powered-By
      del-header     Server
    `).map(line => rule(line, 'response')),
    afterResponse: [
      ...crossOrigin.afterResponse,
      ...securityHeaders({ strictTransportSecurity: 'max-age=31536000' }),
    ],
  }
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
}
