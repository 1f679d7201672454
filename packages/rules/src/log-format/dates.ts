/**
 * Dates as HAProxy writes them. Of the many requests of one second the first has its date put together, the others add
 * their milliseconds.
 */
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `06/Feb/2009:12:14:14.655`, local. HAProxy's `%t`, `%tr`. */
export function dateTime(at: number): string {
  return `${local(at)}.${pad3(milliseconds(at))}`
}

/** `06/Feb/2009:11:14:14 +0000`. HAProxy's `%T`, `%trg`. */
export function gmtDateTime(at: number): string {
  return `${gmt(at)} +0000`
}

/** `06/Feb/2009:12:14:14 +0100`. HAProxy's `%Tl`, `%trl`. */
export function localDateTime(at: number): string {
  return `${local(at)} ${offset(at)}`
}

export function milliseconds(at: number): number {
  return Math.floor(at) % 1000
}

export function pad3(value: number): string {
  return value < 10 ? `00${value}` : value < 100 ? `0${value}` : `${value}`
}

const local = perSecond(at => {
  const date = new Date(at)
  const day = `${pad2(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`
  return `${day}:${pad2(date.getHours())}:${pad2(date.getMinutes())}:${pad2(date.getSeconds())}`
})

const gmt = perSecond(at => {
  const date = new Date(at)
  const day = `${pad2(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}`
  return `${day}:${pad2(date.getUTCHours())}:${pad2(date.getUTCMinutes())}:${pad2(date.getUTCSeconds())}`
})

const offset = perSecond(at => {
  const minutes = -new Date(at).getTimezoneOffset()
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad2(Math.floor(size / 60))}${pad2(size % 60)}`
})

function perSecond(write: (at: number) => string): (at: number) => string {
  let second = Number.NaN
  let text = ''
  return at => {
    const now = Math.floor(at / 1000)
    if (now !== second) {
      second = now
      text = write(at)
    }
    return text
  }
}

function pad2(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}
