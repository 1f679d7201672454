/*
 * The page in the browser: it keeps all lines as they were sent, shows those that are looked for, and changes cells as what
 * is in them changes. Texts of servers and clients are text content everywhere; there is no HTML made of them.
 */
;(() => {
  const at = id => document.getElementById(id)
  const token = document.querySelector('meta[name=evener-token]').content
  const base = `${location.pathname.replace(/;.*$/, '').replace(/\/?$/, '/')};`
  for (const link of document.querySelectorAll('a[data-format]')) link.href = base + link.dataset.format

  // ── light and dark ──────────────────────────────────────────────────────────────────────────────
  const wish = matchMedia('(prefers-color-scheme: dark)')
  const remembered = () => {
    try {
      return localStorage.getItem('evener-theme')
    } catch {
      return null
    }
  }
  const showTheme = () => {
    const dark = remembered() ? remembered() === 'dark' : wish.matches
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    at('theme').textContent = dark ? 'Light' : 'Dark'
  }
  wish.addEventListener('change', showTheme)
  at('theme').addEventListener('click', () => {
    try {
      localStorage.setItem(
        'evener-theme',
        document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark',
      )
    } catch {
      // Without a memory it follows the system.
    }
    showTheme()
  })
  showTheme()

  // ── how values are shown ────────────────────────────────────────────────────────────────────────
  const grouped = value => value.toLocaleString('en-US')
  const units = ['', 'k', 'M', 'G', 'T', 'P']
  const bytes = value => {
    let unit = 0
    while (value >= 10_000 && unit < units.length - 1) {
      value /= 1000
      unit++
    }
    return (unit === 0 ? grouped(value) : value.toFixed(value < 100 ? 1 : 0)) + units[unit]
  }
  const duration = value => {
    if (value < 0) return ''
    const [days, hours, minutes] = [
      Math.floor(value / 86_400),
      Math.floor(value / 3600) % 24,
      Math.floor(value / 60) % 60,
    ]
    if (days > 0) return `${days}d${hours}h`
    if (hours > 0) return `${hours}h${minutes}m`
    return minutes > 0 ? `${minutes}m${value % 60}s` : `${value}s`
  }
  const shown = (line, field, format) => {
    const value = line.get(field)
    if (value === null || value === undefined) return ''
    if (typeof value === 'string') return value
    return format === undefined ? grouped(value) : format(value)
  }
  const sinceStatus = line => {
    const status = line.get('status')
    return line.type === 2 && line.get('lastchg') !== null
      ? `${duration(line.get('lastchg'))} ${status}`
      : status
  }
  const lastCheck = line => {
    const code = line.get('check_status')
    if (!code) return ''
    const took = line.get('check_duration')
    return `${code}${line.get('check_code') ? `/${line.get('check_code')}` : ''}${took === null ? '' : ` in ${took}ms`}`
  }
  const limit = (line, field) => (line.get(field) ? grouped(line.get(field)) : '-')

  /** HAProxy's groups and columns: title, field, how it is shown, and whether a phone has no room for it. */
  const groups = [
    [
      'Queue',
      [
        ['Cur', 'qcur'],
        ['Max', 'qmax', undefined, 1],
        ['Limit', 'qlimit', undefined, 1],
      ],
    ],
    [
      'Session rate',
      [
        ['Cur', 'rate'],
        ['Max', 'rate_max', undefined, 1],
        ['Trend', 'trend', undefined, 1],
      ],
    ],
    [
      'Sessions',
      [
        ['Cur', 'scur'],
        ['Max', 'smax', undefined, 1],
        ['Limit', line => limit(line, 'slim'), undefined, 1],
        ['Total', 'stot'],
        ['LbTot', 'lbtot', undefined, 1],
        ['Last', 'lastsess', duration, 1],
      ],
    ],
    [
      'Bytes',
      [
        ['In', 'bin', bytes, 1],
        ['Out', 'bout', bytes, 1],
      ],
    ],
    [
      'Denied',
      [
        ['Req', 'dreq', undefined, 1],
        ['Resp', 'dresp', undefined, 1],
      ],
    ],
    [
      'Errors',
      [
        ['Req', 'ereq', undefined, 1],
        ['Conn', 'econ'],
        ['Resp', 'eresp'],
      ],
    ],
    [
      'Warnings',
      [
        ['Retr', 'wretr', undefined, 1],
        ['Redis', 'wredis', undefined, 1],
      ],
    ],
    [
      'Server',
      [
        ['Status', sinceStatus, 'status'],
        ['LastChk', lastCheck, 'text', 1],
        [
          'Wght',
          line => (line.get('weight') === null ? '' : `${line.get('weight')}/${line.get('uweight')}`),
          undefined,
          1,
        ],
        ['Act', line => (line.type === 2 ? (line.get('act') ? 'Y' : '-') : shown(line, 'act')), undefined, 1],
        ['Bck', line => (line.type === 2 ? (line.get('bck') ? 'Y' : '-') : shown(line, 'bck')), undefined, 1],
        ['Chk', 'chkfail', undefined, 1],
        ['Dwn', 'chkdown', undefined, 1],
        ['Dwntme', 'downtime', duration, 1],
        [
          'Thrtle',
          line => (line.get('throttle') === null ? (line.type === 2 ? '-' : '') : `${line.get('throttle')}%`),
          undefined,
          1,
        ],
      ],
    ],
  ]
  const columns = groups.flatMap(([, all]) => all)
  const wide = column => column[3] === 1

  // ── the lines ───────────────────────────────────────────────────────────────────────────────────
  const curveLength = 60
  let fields = new Map()
  let lines = []
  let proxies = new Map()
  let history = {}
  let clock = Date.now()
  const chosen = new Set()

  class Line {
    constructor(values) {
      this.values = values
      this.since = clock
      this.curve = []
      this.cells = undefined
    }
    get(field) {
      const value = this.values[fields.get(field)]
      if (value === undefined) return null
      // Ages are told when something else changes; until then they grow by themselves.
      const older = Math.max(0, Math.floor((clock - this.since) / 1000))
      if (typeof value !== 'number' || value < 0) return value
      const down = field === 'downtime' && this.state === 'down'
      return field === 'lastchg' || field === 'lastsess' || down ? value + older : value
    }
    get type() {
      return this.values[2]
    }
    get key() {
      return `${this.values[0]}/${this.values[1]}`
    }
    /** The word for its colour. */
    get state() {
      const status = this.values[fields.get('status')] ?? ''
      if (status.startsWith('MAINT')) return 'maint'
      if (status === 'DRAIN' || status.startsWith('NOLB')) return 'drain'
      if (/^DOWN \d/.test(status)) return 'goingup'
      if (status.startsWith('DOWN')) return 'down'
      if (/^UP \d/.test(status)) return 'goingdown'
      return status === 'no check' ? 'nocheck' : 'up'
    }
  }

  const make = (name, text, className) => {
    const element = document.createElement(name)
    if (text !== undefined) element.textContent = text
    if (className) element.className = className
    return element
  }
  const svg = name => document.createElementNS('http://www.w3.org/2000/svg', name)

  const curveOf = label => {
    const picture = svg('svg')
    picture.setAttribute('class', 'curve')
    picture.setAttribute('viewBox', '0 0 100 20')
    picture.setAttribute('preserveAspectRatio', 'none')
    if (label) {
      picture.setAttribute('role', 'img')
      picture.setAttribute('aria-label', label)
    } else picture.setAttribute('aria-hidden', 'true')
    picture.append(svg('polyline'))
    return picture
  }
  const draw = (picture, samples, length) => {
    const most = Math.max(1, ...samples)
    const from = length - samples.length
    const points = samples.map(
      (sample, index) => `${((from + index) * 100) / (length - 1)},${19 - (18 * sample) / most}`,
    )
    picture.firstChild.setAttribute('points', points.join(' '))
  }

  // ── tables ──────────────────────────────────────────────────────────────────────────────────────
  const page = 100

  class ProxyView {
    constructor(name) {
      this.name = name
      this.lines = []
      this.room = page
      this.section = make('section', undefined, 'proxy')
      const heading = make('h2', name)
      heading.id = `proxy-${proxies.size}`
      this.section.setAttribute('aria-labelledby', heading.id)
      const header = make('header')
      this.curve = curveOf(`Requests per second of ${name} in the last ten minutes`)
      this.note = make('p')
      header.append(heading, this.curve, this.note)
      const scroll = make('div', undefined, 'scroll')
      scroll.tabIndex = 0
      scroll.setAttribute('role', 'region')
      scroll.setAttribute('aria-label', `Table of ${name}`)
      const table = make('table')
      table.append(make('caption', `Statistics of ${name}`, 'unseen'), headOf())
      this.body = make('tbody')
      table.append(this.body)
      scroll.append(table)
      this.more = make('button')
      this.more.type = 'button'
      this.more.hidden = true
      this.more.addEventListener('click', () => {
        this.room += page * 5
        this.show()
      })
      this.section.append(header, scroll, this.more)
    }

    /** Show the lines that are looked for, as far as there is room. */
    show() {
      const servers = this.lines.filter(line => line.type === 2 && matches(line))
      const frames = this.lines.filter(line => line.type !== 2)
      const some = servers.slice(0, this.room)
      for (const line of this.lines) line.cells = undefined
      this.body.replaceChildren(
        ...frames.filter(line => line.type === 0).map(rowOf),
        ...some.map(rowOf),
        ...frames.filter(line => line.type === 1).map(rowOf),
      )
      this.more.hidden = some.length === servers.length
      this.more.textContent = `Show more of ${grouped(servers.length)} servers`
      const named = this.name.toLowerCase().includes(at('search').value.toLowerCase())
      this.section.hidden = searching() && servers.length === 0 && !(named && at('state').value === '')
      this.count()
    }

    count() {
      const states = {}
      for (const line of this.lines) if (line.type === 2) states[line.state] = (states[line.state] ?? 0) + 1
      const words = Object.entries(states).map(([state, count]) => `${count} ${names[state]}`)
      const open = {
        ses_connect: 'connecting',
        ses_wait: 'waiting for an answer',
        ses_pass: 'being answered',
      }
      const backend = this.lines.find(line => line.type === 1)
      const sessions = Object.entries(open)
        .filter(([field]) => backend?.get(field) > 0)
        .map(([field, word]) => `${grouped(backend.get(field))} ${word}`)
      const text = [words.join(', '), sessions.join(', ')].filter(Boolean).join(' · sessions: ')
      if (this.note.textContent !== text) this.note.textContent = text
    }
  }

  const names = {
    up: 'up',
    goingdown: 'going down',
    goingup: 'going up',
    down: 'down',
    maint: 'in maintenance',
    drain: 'drained',
    nocheck: 'not checked',
  }

  const searching = () => at('search').value !== '' || at('state').value !== ''
  const matches = line => {
    const text = at('search').value.toLowerCase()
    const state = at('state').value
    if (state && line.state !== state && !(state === 'going' && line.state.startsWith('going'))) return false
    return !text || `${line.key} ${line.get('addr') ?? ''} ${line.get('status')}`.toLowerCase().includes(text)
  }

  const headOf = () => {
    const head = make('thead')
    const [upper, lower] = [make('tr'), make('tr')]
    const first = make('th', 'Name')
    first.rowSpan = 2
    first.scope = 'col'
    upper.append(first)
    for (const [title, all] of groups) {
      const narrow = all.filter(column => !wide(column)).length
      const group = make('th', title, narrow === 0 ? 'wide' : '')
      group.colSpan = small.matches ? narrow || 1 : all.length
      group.dataset.all = all.length
      group.dataset.narrow = narrow || 1
      group.scope = 'colgroup'
      upper.append(group)
      for (const column of all) {
        const cell = make('th', column[0], wide(column) ? 'wide' : '')
        cell.scope = 'col'
        lower.append(cell)
      }
    }
    head.append(upper, lower)
    return head
  }
  const small = matchMedia('(max-width: 720px)')
  small.addEventListener('change', () => {
    for (const cell of document.querySelectorAll('th[data-all]'))
      cell.colSpan = small.matches ? cell.dataset.narrow : cell.dataset.all
  })

  const textOf = (line, [, field, format]) =>
    typeof field === 'function'
      ? field(line)
      : shown(line, field, typeof format === 'function' ? format : undefined)

  const rowOf = line => {
    const row = make('tr')
    const title = make('th')
    title.scope = 'row'
    if (line.type === 2 && token) {
      const box = make('input')
      box.type = 'checkbox'
      box.checked = chosen.has(line.key)
      box.setAttribute('aria-label', `Select ${line.key}`)
      box.addEventListener('change', () => {
        if (box.checked) chosen.add(line.key)
        else chosen.delete(line.key)
        showActions()
      })
      title.append(box)
    }
    const label = { 0: 'Frontend', 1: 'Backend' }[line.type] ?? line.values[1]
    const button = make('button', label)
    button.type = 'button'
    button.addEventListener('click', () => showDetails(line))
    title.append(button)
    row.append(title)
    line.cells = columns.map(column => {
      const cell = make(
        'td',
        undefined,
        [wide(column) && 'wide', typeof column[2] === 'string' && column[2]].filter(Boolean).join(' '),
      )
      if (column[1] === 'trend') cell.append(curveOf())
      row.append(cell)
      return cell
    })
    line.row = row
    fill(line)
    return row
  }

  /** Write what has changed into the cells of a line. */
  const fill = line => {
    if (line.cells === undefined) return
    const backup = line.type === 2 && line.get('bck') ? ' backup' : ''
    const className = line.type === 2 ? line.state + backup : 'frame'
    if (line.row.className !== className) line.row.className = className
    for (const [index, column] of columns.entries()) {
      const cell = line.cells[index]
      if (column[1] === 'trend') {
        if (line.curve.length > 1) draw(cell.firstChild, line.curve, curveLength)
        continue
      }
      const text = textOf(line, column)
      if (cell.textContent !== text) cell.textContent = text
    }
  }

  // ── details ─────────────────────────────────────────────────────────────────────────────────────
  const ms = value => `${grouped(value)} ms`
  const facts = [
    ['Address', 'addr'],
    ['Cookie', 'cookie'],
    ['Algorithm', 'algo'],
    ['Tracks', 'tracked'],
    ['Status', sinceStatus],
    ['Last check', lastCheck],
    ['It said', 'last_chk'],
    ['Which means', 'check_desc'],
    ['Agent', 'agent_status'],
    ['Agent said', 'last_agt'],
    ['Connections', 'conn_tot'],
    ['Requests', 'req_tot'],
    ['Requests per second', 'req_rate'],
    ['At most', 'req_rate_max'],
    ['1xx responses', 'hrsp_1xx'],
    ['2xx responses', 'hrsp_2xx'],
    ['3xx responses', 'hrsp_3xx'],
    ['4xx responses', 'hrsp_4xx'],
    ['5xx responses', 'hrsp_5xx'],
    ['Answered without a backend', 'intercepted'],
    ['Sessions connecting', 'ses_connect'],
    ['Sessions waiting for an answer', 'ses_wait'],
    ['Sessions being answered', 'ses_pass'],
    ['Connections begun', 'connect'],
    ['Connections used again', 'reuse'],
    ['Broken off by clients', 'cli_abrt'],
    ['Broken off by servers', 'srv_abrt'],
    ['Average time in the queue', 'qtime', ms],
    ['Average time to connect', 'ctime', ms],
    ['Average time to respond', 'rtime', ms],
    ['Average time altogether', 'ttime', ms],
  ]
  let detailed
  const showDetails = line => {
    detailed = line.key
    at('details-title').textContent = line.key
    fillDetails()
    if (!at('details').open) at('details').showModal()
  }
  const fillDetails = () => {
    const line = lines.find(each => each.key === detailed)
    if (line === undefined) return
    const table = make('table')
    table.append(make('caption', `Details of ${line.key}`, 'unseen'))
    const body = make('tbody')
    for (const fact of facts) {
      const text = textOf(line, fact)
      if (text === '' || text === null) continue
      const row = make('tr')
      const title = make('th', fact[0])
      title.scope = 'row'
      row.append(title, make('td', text))
      body.append(row)
    }
    table.append(body)
    at('details-body').replaceChildren(table)
  }

  // ── actions ─────────────────────────────────────────────────────────────────────────────────────
  const showActions = () => {
    at('actions').hidden = chosen.size === 0
    at('selected').textContent = chosen.size === 1 ? [...chosen][0] : `${chosen.size} servers`
  }
  const act = async action => {
    const weight = action === 'weight' ? { weight: Number(at('weight').value) } : {}
    const failures = []
    for (const key of chosen) {
      const [backend, server] = lines.find(line => line.key === key)?.values ?? []
      const sent = fetch(`${base}action`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Evener-Token': token },
        body: JSON.stringify({ backend, server, action, ...weight }),
      })
      try {
        const response = await sent
        if (!response.ok) failures.push(`${key}: ${(await response.text()).trim()}`)
      } catch {
        failures.push(`${key}: not reached`)
      }
    }
    at('outcome').textContent = failures.length === 0 ? 'Done.' : failures.join(' ')
  }
  for (const button of at('actions').querySelectorAll('button'))
    button.addEventListener('click', () => void act(button.dataset.action))

  // ── what is sent ────────────────────────────────────────────────────────────────────────────────
  const showProcess = info => {
    const parts = [
      info.node,
      info.Nbproc > 1 ? `${info.Nbproc} workers` : `process ${info.Pid}`,
      `up ${duration(info.Uptime_sec)}`,
      `${grouped(info.CurrConns)} connections`,
      `${grouped(info.ConnRate)}/s`,
      `${grouped(info.CumReq)} requests`,
      `idle ${info.Idle_pct} %`,
      `${bytes(info.Memory_bytes)}B`,
    ]
    at('process').textContent = parts.join(' · ')
  }

  const takeAll = ({ info, fields: given, rows, history: past }) => {
    clock = Date.now()
    fields = new Map(given.map((field, index) => [field, index]))
    history = past
    lines = rows.map(values => new Line(values))
    proxies = new Map()
    for (const line of lines) {
      const name = line.values[0]
      // A frontend and a backend may share a name, and are shown as HAProxy shows a "listen".
      if (!proxies.has(name)) proxies.set(name, new ProxyView(name))
      proxies.get(name).lines.push(line)
    }
    at('proxies').replaceChildren(...[...proxies.values()].map(proxy => proxy.section))
    for (const proxy of proxies.values()) proxy.show()
    const known = new Set(lines.map(line => line.key))
    for (const key of chosen) if (!known.has(key)) chosen.delete(key)
    showActions()
    showProcess(info)
    showCurves()
  }

  const takeDelta = ({ info, rows }) => {
    clock = Date.now()
    const news = []
    for (const [index, ...changes] of rows) {
      const line = lines[index]
      if (line === undefined) continue
      const before = line.state
      for (let i = 0; i < changes.length; i += 2) line.values[changes[i]] = changes[i + 1]
      line.since = clock
      if (line.type === 2 && line.state !== before) news.push(line)
    }
    for (const line of lines) {
      line.curve.push(line.get('rate') ?? 0)
      if (line.curve.length > curveLength) line.curve.shift()
      fill(line)
    }
    showProcess(info)
    for (const proxy of proxies.values()) proxy.count()
    if (news.length > 0) {
      const text = news.slice(0, 5).map(line => `${line.key} is ${line.get('status')}`)
      at('news').textContent = text.join(', ') + (news.length > 5 ? ` and ${news.length - 5} more` : '')
      if (at('state').value) show()
    }
    if (at('details').open) fillDetails()
    if (Date.now() - sampledAt >= 5000) sample()
  }

  let sampledAt = Date.now()
  const sample = () => {
    sampledAt = Date.now()
    for (const line of lines) {
      if (line.type === 2) continue
      history[line.key] ??= []
      history[line.key].push(line.get('req_rate') ?? line.get('rate') ?? 0)
      if (history[line.key].length > 120) history[line.key].shift()
    }
    showCurves()
  }
  const showCurves = () => {
    for (const proxy of proxies.values()) {
      const samples = history[`${proxy.name}/BACKEND`] ?? history[`${proxy.name}/FRONTEND`] ?? []
      if (samples.length > 1) draw(proxy.curve, samples, 120)
    }
  }

  const show = () => {
    for (const proxy of proxies.values()) proxy.show()
  }
  at('search').addEventListener('input', show)
  at('state').addEventListener('change', show)
  at('tools').addEventListener('submit', event => event.preventDefault())

  // ── the connection ──────────────────────────────────────────────────────────────────────────────
  let source
  const tell = (text, lost) => {
    const place = at('connection')
    place.classList.toggle('lost', lost)
    if (place.textContent !== text) place.textContent = text
  }
  const watch = () => {
    source = new EventSource(`${base}events`)
    source.addEventListener('all', event => {
      takeAll(JSON.parse(event.data))
      tell('Live.', false)
    })
    source.addEventListener('delta', event => takeDelta(JSON.parse(event.data)))
    source.addEventListener('error', () => {
      tell('The connection is lost; what is shown is old. It is tried again.', true)
      // Refused, and not broken: the browser would not try again.
      if (source.readyState === EventSource.CLOSED) setTimeout(watch, 5000)
    })
  }
  at('pause').addEventListener('click', () => {
    const paused = at('pause').getAttribute('aria-pressed') !== 'true'
    at('pause').setAttribute('aria-pressed', String(paused))
    if (paused) {
      source.close()
      tell('Paused.', false)
    } else watch()
  })
  watch()
})()
