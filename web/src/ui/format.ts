// Numbers and times as a person reads them (pure). Times are epoch seconds, shown in the time zone of the reader.

const NARROW = '\u202f'
const two = (value: number): string => String(value).padStart(2, '0')

/** 18000 → "18 000", with a narrow space that does not break. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, NARROW)
}

/** Bytes in powers of 1024, three figures at least: "171 MiB", "4.6 MiB". */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let power = 0
  let rest = value
  while (rest >= 1000 && power < units.length - 1) {
    rest /= 1024
    power += 1
  }
  return `${power > 0 && rest < 9.95 ? rest.toFixed(1) : Math.round(rest)} ${units[power]}`
}

/** A duration in its two largest units: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min". */
export function duration(seconds: number): string {
  const s = Math.max(0, seconds)
  if (s < 9.95) return `${s.toFixed(1)} s`
  const whole = Math.round(s)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`
}

/** A duration in one unit, for narrow columns: "12 s", "3 min", "2 h", "5 d". */
export function brief(seconds: number): string {
  const s = Math.max(0, seconds)
  if (s < 60) return `${Math.floor(s)} s`
  if (s < 3600) return `${Math.floor(s / 60)} min`
  if (s < 86400) return `${Math.floor(s / 3600)} h`
  return `${Math.floor(s / 86400)} d`
}

/** "14:03:22" */
export function clock(t: number): string {
  const d = new Date(t * 1000)
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

/** "14:03:22.123": cut to the millisecond, never rounded up into the next frame. */
export function clockMs(t: number): string {
  const ms = Math.floor(t * 1000 + 1e-3)
  return `${clock(ms / 1000)}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`
}

/** "2026-11-21" */
export function day(t: number): string {
  const d = new Date(t * 1000)
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
}

/** Midnight before t. */
export function startOfDay(t: number): number {
  const d = new Date(t * 1000)
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime() / 1000
}

/** Midnight after t: the day may have 23 or 25 hours. */
export function endOfDay(t: number): number {
  const d = new Date(t * 1000)
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + 1).getTime() / 1000
}

/** What date and time boxes hold ("2026-11-21", "14:03" or "14:03:22"), as a time; null when there is none. */
export function fromBoxes(date: string, time: string): number | null {
  const d = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date)
  const c = /^(\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?$/.exec(time === '' ? '00:00' : time)
  if (!d || !c) return null
  const midnight = new Date(Number(d[1]), Number(d[2]) - 1, Number(d[3]), Number(c[1]), Number(c[2]))
  return midnight.getTime() / 1000 + Number(c[3] ?? 0)
}

/** The words with a plural where one is due: plural(1, "channel") → "1 channel". */
export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : word.endsWith('x') ? 'es' : 's'}`
}

/** Each of the words given as a sentence of its own; empty ones are left out. */
export function sentences(...words: string[]): string {
  return (
    words
      .map((each) => each.trim())
      .filter((each) => each !== '')
      // A name before a colon stays as it is.
      .map((each) => (/^\S+:/.test(each) ? each : each.charAt(0).toUpperCase() + each.slice(1)))
      .map((each) => each + (/[.!?]$/.test(each) ? '' : '.'))
      .join(' ')
  )
}
