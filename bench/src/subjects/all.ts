/** All that can be measured, in the order of the tables. A new subject: its file, and a line here. */
import { subject as caddy } from './caddy.ts'
import { subject as evenerFrontend } from './evener-frontend.ts'
import { subject as evenerHandler } from './evener-handler.ts'
import { subject as evenerHttpProxy3 } from './evener-http-proxy-3.ts'
import { subject as evenerHttplog } from './evener-httplog.ts'
import { subject as evenerRules } from './evener-rules.ts'
import { subject as evenerManyRules } from './evener-rules-300.ts'
import { subject as evenerTcp } from './evener-tcp.ts'
import { subject as expressBare } from './express-bare.ts'
import { subject as expressEvener } from './express-evener.ts'
import { subject as fastProxy } from './fast-proxy.ts'
import { subject as fastifyBare } from './fastify-bare.ts'
import { subject as fastifyEvener } from './fastify-evener.ts'
import { subject as haproxy } from './haproxy.ts'
import { subject as httpProxy } from './http-proxy.ts'
import { subject as httpProxy3 } from './http-proxy-3.ts'
import { subject as httpxy } from './httpxy.ts'
import { subject as nginx } from './nginx.ts'
import { subject as nodeTls } from './node-tls.ts'
import { subject as replyFrom } from './reply-from.ts'
import type { Subject } from './subject.ts'

export const allSubjects: readonly Subject[] = [
  haproxy,
  nginx,
  evenerFrontend,
  evenerHandler,
  evenerHttpProxy3,
  evenerRules,
  evenerHttplog,
  evenerManyRules,
  evenerTcp,
  expressBare,
  expressEvener,
  fastifyBare,
  fastifyEvener,
  replyFrom,
  nodeTls,
  caddy,
  fastProxy,
  httpProxy3,
  httpxy,
  httpProxy,
]
