/**
 * Two servers in one nginx process, which costs less on the core that they share with the load than two would.
 *
 * `/echo` is passed on to the bench itself; it is asked for only while answers are checked.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { waitForAnswer } from '../check/client.ts'
import type { Cores } from '../machine/cores.ts'
import type { Keeper } from '../machine/keeper.ts'
import { nginxPreamble } from '../machine/nginx.ts'
import { bodies, chunkBytes } from './bodies.ts'
import { echo, originHeader } from './echo.ts'

export async function startNginxOrigin(
  nginx: string,
  keeper: Keeper,
  cores: Cores,
  ports: readonly [number, number],
): Promise<() => void> {
  const directory = keeper.directory()
  for (const [path, body] of Object.entries(bodies)) writeFileSync(join(directory, path), body)
  // A POST to a file is what brings nginx to 405, see below.
  writeFileSync(join(directory, 'upload'), 'x')

  const echoServer = createServer(echo)
  echoServer.listen(0, '127.0.0.1')
  await once(echoServer, 'listening')
  const config = join(directory, 'nginx.conf')
  writeFileSync(config, origin(directory, ports, (echoServer.address() as AddressInfo).port))
  const kept = keeper.start({ command: nginx, args: ['-p', directory, '-c', config] }, cores.others)
  await waitForAnswer(ports[0], kept, 'nginx, as a server')
  return () => echoServer.close()
}

function origin(directory: string, ports: readonly number[], echoPort: number): string {
  const listens = ports.map(port => `listen 127.0.0.1:${port} backlog=4096;`).join(' ')
  return `${nginxPreamble(directory)}
  sendfile on;
  tcp_nopush on;
  open_file_cache max=100 inactive=1h;
  open_file_cache_valid 1h;
  client_max_body_size 0;
  client_body_buffer_size 2m;
  server {
    ${listens}
    root ${directory};
    location = /small { return 200 "${bodies['/small']}"; }
    location = /check { return 200 "ok"; }
    # Server-side includes make the length unknown, small buffers make the chunks.
    location = /chunked { ssi on; ssi_types text/plain; sendfile off; output_buffers 8 ${chunkBytes}; }
    # Without further modules, nginx answers a POST itself only before it has read the body. A mirror makes it read
    # the body first; then the file refuses the method, and that becomes the answer.
    location = /upload { mirror /read; error_page 405 =200 /received; }
    location = /read { internal; return 204; }
    location = /received { internal; return 200 "received"; }
    location = /echo {
      proxy_pass http://127.0.0.1:${echoPort};
      proxy_http_version 1.1;
      proxy_set_header ${originHeader} $server_port;
    }
  }
}
`
}
