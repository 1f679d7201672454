import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processClock, type TlsClock } from './clock.ts'
import type { SourceFailure } from './inventory.ts'
import type { ReloadReport, TlsTermination } from './termination.ts'
import { bundle, door, folder, make, until, visit } from './testing/world.ts'

const shown = async (port: number, servername: string) =>
  (await visit(port, { servername, checkServerIdentity: () => undefined })).shown

function told(termination: TlsTermination) {
  const reloaded: ReloadReport[] = []
  const failed: SourceFailure[] = []
  termination.on('reloaded', report => reloaded.push(report))
  termination.on('reload-failed', failure => failed.push(failure))
  return { reloaded, failed }
}

describe('reload by call', () => {
  it('brings in what is new, keeps what is the same, and lets go what is gone', async () => {
    const path = folder()
    for (const name of ['a', 'b']) writeFileSync(join(path, `${name}.pem`), bundle(`${name}.test`))
    const termination = make({ certificates: path })
    const { reloaded } = told(termination)
    const { port, secure } = await door(() => termination)
    expect(await shown(port, 'b.test')).toBe('DNS:b.test')
    const [a] = termination.certificates()
    rmSync(join(path, 'b.pem'))
    writeFileSync(join(path, 'c.pem'), bundle('c.test'))
    const report = await termination.reload()
    expect(report).toEqual({
      certificates: 2,
      changed: [join(path, 'c.pem')],
      removed: [join(path, 'b.pem')],
      failed: [],
    })
    expect(reloaded).toEqual([report])
    expect(termination.certificates()[0]).toBe(a)
    expect(await shown(port, 'c.test')).toBe('DNS:c.test')
    expect(await shown(port, 'b.test')).toBe('DNS:a.test')
    expect(secure.length).toBe(3)
  })
  it('changes nothing where nothing changed', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path })
    const { reloaded, failed } = told(termination)
    expect(await termination.reload()).toMatchObject({ certificates: 1, changed: [] })
    expect([reloaded, failed]).toEqual([[], []])
  })
  it('keeps the old certificate where the new file is bad, missing or half written, and says so', async () => {
    const path = join(folder(), 'a.pem')
    const other = join(folder(), 'b.pem')
    writeFileSync(path, bundle('a.test'))
    writeFileSync(other, bundle('b.test'))
    const termination = make({ certificates: [path, other] })
    const { failed } = told(termination)
    const { port } = await door(() => termination)
    writeFileSync(other, bundle('new.test'))
    for (const [text, reason] of [
      ['rubbish', `${path}: no certificate in it (PEM is expected)`],
      [bundle('a.test').slice(0, 600), expect.stringContaining(`${path}: no private key`)],
      [undefined, `${path}: there is no such file or folder`],
    ] as const) {
      if (text === undefined) rmSync(path)
      else writeFileSync(path, text)
      await termination.reload()
      expect(failed.pop()).toEqual({ source: path, reason })
      expect(await shown(port, 'a.test')).toBe('DNS:a.test')
      expect(await shown(port, 'new.test')).toBe('DNS:new.test')
    }
  })
  it('keeps all where nothing is left', async () => {
    const path = folder()
    writeFileSync(join(path, 'a.pem'), bundle('a.test'))
    const termination = make({ certificates: path })
    const { failed } = told(termination)
    rmSync(join(path, 'a.pem'))
    expect(await termination.reload()).toMatchObject({ certificates: 1, removed: [] })
    expect(failed).toEqual([{ source: 'certificates', reason: 'no certificate found' }])
    writeFileSync(join(path, 'b.pem'), bundle('b.test'))
    expect(await termination.reload()).toMatchObject({ changed: [join(path, 'b.pem')], certificates: 1 })
  })
  it('runs one at a time; calls meanwhile share the next', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path })
    writeFileSync(path, bundle('b.test'))
    const first = termination.reload()
    const [second, third] = [termination.reload(), termination.reload()]
    expect(second).toBe(third)
    expect((await first).changed).toEqual([path])
    expect((await second).changed).toEqual([])
  })
  it('does nothing more once closed', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path })
    const { reloaded } = told(termination)
    writeFileSync(path, bundle('b.test'))
    const report = termination.reload()
    termination.close()
    await report
    expect(reloaded).toEqual([])
    expect(termination.certificates()[0]?.names).toEqual(['a.test'])
  })
  it('fails no handshake while hundreds of certificates are swapped under load', async () => {
    const path = folder()
    const names = Array.from({ length: 200 }, (_, index) => `h${index}.test`)
    const write = () => {
      for (const name of names) writeFileSync(join(path, `${name}.pem`), bundle(name))
    }
    write()
    const termination = make({ certificates: path })
    const { port, failures } = await door(() => termination)
    const outcomes: (string | undefined)[] = []
    let done = false
    const load = async (offset: number) => {
      for (let index = offset; !done; index += 7) {
        const servername = names[index % names.length] as string
        const { error, shown } = await visit(port, { servername })
        outcomes.push(error ?? (shown === `DNS:${servername}` ? undefined : shown))
      }
    }
    const clients = [0, 1, 2].map(load)
    for (let round = 0; round < 2; round++) {
      write()
      expect((await termination.reload()).changed.length).toBe(200)
      const before = outcomes.length
      await until(() => outcomes.length > before + 10)
    }
    done = true
    await Promise.all(clients)
    expect(outcomes.filter(each => each !== undefined)).toEqual([])
    expect(failures).toEqual([])
  })
})

describe('reload by watching', () => {
  // A tick of real time: what is waited for is the file system's own event.
  const watch = { debounceMs: 1 }

  it('sees a file that is written, and one that is renamed over it', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path, watch })
    const { reloaded } = told(termination)
    for (const name of ['b.test', 'c.test']) {
      writeFileSync(`${path}.new`, bundle(name))
      renameSync(`${path}.new`, path)
      await until(() => termination.certificates()[0]?.names[0] === name)
    }
    writeFileSync(path, bundle('d.test'))
    await until(() => termination.certificates()[0]?.names[0] === 'd.test')
    expect(reloaded.length).toBe(3)
  })
  it('sees links turned as certbot and as Kubernetes do', async () => {
    const root = folder()
    for (const each of ['archive', 'live', '..1', '..2']) mkdirSync(join(root, each))
    const turn = (link: string, target: string) => {
      symlinkSync(target, `${link}.tmp`)
      renameSync(`${link}.tmp`, link)
    }
    writeFileSync(join(root, 'archive/1.pem'), bundle('certbot1.test'))
    writeFileSync(join(root, 'archive/2.pem'), bundle('certbot2.test'))
    writeFileSync(join(root, '..1/a.pem'), bundle('k1.test'))
    writeFileSync(join(root, '..2/a.pem'), bundle('k2.test'))
    turn(join(root, 'live/a.pem'), '../archive/1.pem')
    turn(join(root, '..data'), '..1')
    symlinkSync('..data/a.pem', join(root, 'a.pem'))
    const termination = make({ certificates: [join(root, 'live/a.pem'), join(root, 'a.pem')], watch })
    const names = () => termination.certificates().map(each => each.names[0])
    expect(names()).toEqual(['certbot1.test', 'k1.test'])
    turn(join(root, 'live/a.pem'), '../archive/2.pem')
    await until(() => names()[0] === 'certbot2.test')
    turn(join(root, '..data'), '..2')
    await until(() => names()[1] === 'k2.test')
    // The watch has moved along with the link.
    writeFileSync(join(root, 'archive/2.pem'), bundle('certbot3.test'))
    await until(() => names()[0] === 'certbot3.test')
  })
  it('sees a folder that is replaced', async () => {
    const path = join(folder(), 'certificates')
    mkdirSync(path)
    writeFileSync(join(path, 'a.pem'), bundle('a.test'))
    const termination = make({
      certificates: path,
      watch: true,
      clock: {
        ...processClock,
        setTimeout: (callback, ms) => processClock.setTimeout(callback, ms === 200 ? 1 : ms),
      },
    })
    const name = () => termination.certificates()[0]?.names[0]
    rmSync(path, { recursive: true })
    mkdirSync(path)
    writeFileSync(join(path, 'a.pem'), bundle('b.test'))
    await until(() => name() === 'b.test')
    writeFileSync(join(path, 'a.pem'), bundle('c.test'))
    await until(() => name() === 'c.test')
  })
  it('leaves the old certificate in service where the new one is bad, and says so', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const termination = make({ certificates: path, watch })
    const { reloaded, failed } = told(termination)
    writeFileSync(path, 'rubbish')
    await until(() => failed.length > 0)
    expect(failed[0]?.reason).toContain(path)
    expect(termination.certificates()[0]?.names).toEqual(['a.test'])
    writeFileSync(path, bundle('b.test'))
    await until(() => reloaded.length > 0)
    expect(termination.certificates()[0]?.names).toEqual(['b.test'])
  })
  it('is over once closed', async () => {
    const path = join(folder(), 'a.pem')
    writeFileSync(path, bundle('a.test'))
    const timers: number[] = []
    const clock: TlsClock = {
      now: processClock.now,
      setTimeout: (callback, ms) => {
        timers.push(ms)
        return processClock.setTimeout(callback, ms)
      },
    }
    const termination = make({ certificates: path, watch: { debounceMs: 7 }, clock })
    termination.close()
    writeFileSync(path, bundle('b.test'))
    await new Promise(resolve => setImmediate(resolve))
    expect(timers).not.toContain(7)
  })
})
