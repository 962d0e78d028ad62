// `ws-jpeg 29.9 fps 31 ms drop 0`: what brings the picture, how it does, and whether anything was lost.

import type { JSX } from 'preact'
import { station as here } from '../state/station'
import { badgeWords } from './meter'
import type { LiveView } from './view'

/** Nobody there sees how much is still under way to this page, and so nobody can advise it. */
const REMOTE = 'H.264 only by choice: it is of another station, which cannot tell how fast the line to here is'

interface Props {
  view: LiveView | null
  /** Whose channel it is. */
  station: string | undefined
  /** Frames a second that are due. */
  target: number
}

export function Badge({ view, station, target }: Props): JSX.Element {
  const { codec, why, forced } = view?.chosen.value ?? { codec: 'jpeg', why: '', forced: false }
  const remote = !forced && station !== undefined && station !== here.value?.name
  const reading = view?.reading.value ?? { fps: 0, ageMs: null }
  const lost = view?.lost.value ?? 0
  const [tech, fps, age, drop] = badgeWords(codec, reading, lost)
  const reasons = Object.entries(view?.reasons.value ?? {}).map(([name, n]) => `${name} ${n}`)
  const slow = target > 0 && reading.fps < 0.8 * target
  return (
    <span
      class="badge num"
      data-badge
      title={[why, remote ? REMOTE : '', ...reasons].filter((each) => each !== '').join(' · ')}
    >
      <span class="w-tech">{tech}</span> <span class={slow ? 'w-fps is-late' : 'w-fps'}>{fps}</span>{' '}
      <span class={(reading.ageMs ?? 0) > 500 ? 'w-age is-late' : 'w-age'}>{age}</span>{' '}
      <span class={lost > 0 ? 'is-lost' : ''}>{drop}</span>
    </span>
  )
}
