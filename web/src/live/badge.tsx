// `ws-jpeg 29.9 fps 31 ms drop 0`: what brings the picture, how it does, and whether anything was lost.

import type { JSX } from 'preact'
import { badgeWords } from './meter'
import type { LiveView } from './view'

export function Badge({ view, target }: { view: LiveView | null; target: number }): JSX.Element {
  const { codec, why } = view?.chosen.value ?? { codec: 'jpeg', why: '' }
  const reading = view?.reading.value ?? { fps: 0, ageMs: null }
  const lost = view?.lost.value ?? 0
  const [tech, fps, age, drop] = badgeWords(codec, reading, lost)
  const reasons = Object.entries(view?.reasons.value ?? {}).map(([name, n]) => `${name} ${n}`)
  const slow = target > 0 && reading.fps < 0.8 * target
  return (
    <span class="badge num" data-badge title={[why, ...reasons].filter((each) => each !== '').join(' · ')}>
      <span class="w-tech">{tech}</span> <span class={slow ? 'w-fps is-late' : 'w-fps'}>{fps}</span>{' '}
      <span class={(reading.ageMs ?? 0) > 500 ? 'w-age is-late' : 'w-age'}>{age}</span>{' '}
      <span class={lost > 0 ? 'is-lost' : ''}>{drop}</span>
    </span>
  )
}
