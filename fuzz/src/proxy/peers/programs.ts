/** The proxies that are asked for their opinion: how each is started, on unix sockets in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

export type ProgramName = 'haproxy' | 'nginx'

/** Where Debian keeps daemons: not on every user's PATH. */
const furtherFolders = ['/usr/sbin', '/usr/local/sbin', '/sbin']

function findProgram(name: string): string | undefined {
  const paths = [...(process.env.PATH ?? '').split(':'), ...furtherFolders].map(folder => join(folder, name))
  return paths.find(path => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

interface Configuration {
  readonly text: string
  readonly args: (file: string) => readonly string[]
}

const configurations: Readonly<
  Record<ProgramName, (folder: string, door: string, origin: string) => Configuration>
> = {
  haproxy: (_folder, door, origin) => ({
    text: `
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
  timeout http-keep-alive 5s
  timeout http-request 5s
listen fuzz
  bind unix@${door}
  server origin unix@${origin}
`,
    args: file => ['-db', '-f', file],
  }),
  nginx: (folder, door, origin) => ({
    text: `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log /dev/null crit;
events { worker_connections 2000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000;
  lingering_close off;
  upstream origin { server unix:${origin}; keepalive 32; }
  server {
    listen unix:${door};
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }
}
`,
    args: file => ['-e', '/dev/null', '-c', file],
  }),
}

/** A running program and the socket that it listens on. */
export interface RunningProgram {
  readonly door: string
  close(): void
}

/**
 * Start it, and wait until it listens.
 * @returns why it cannot be asked, where it is not installed or does not start
 */
export async function startProgram(
  name: ProgramName,
  directory: string,
  origin: string,
): Promise<RunningProgram | string> {
  const program = findProgram(name)
  if (program === undefined) return `${name} is not installed`
  const folder = join(directory, name)
  mkdirSync(folder)
  const door = join(folder, 'door')
  const { text, args } = configurations[name](folder, door, origin)
  const file = join(folder, 'configuration')
  writeFileSync(file, text)
  const child = spawn(program, args(file), { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', part => {
    complaints = (complaints + part).slice(-2_000)
  })
  const kill = (): void => endChild(child)
  process.once('exit', kill)
  const deadline = performance.now() + 5_000
  while (performance.now() < deadline && child.exitCode === null) {
    if (await answers(door)) {
      return {
        door,
        close() {
          process.off('exit', kill)
          kill()
        },
      }
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  kill()
  return `${name} does not start: ${complaints.trim()}`
}

function endChild(child: ChildProcess): void {
  if (child.exitCode === null) child.kill('SIGKILL')
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
