// The page's own icons: 20 by 20, drawn with the current colour. They never stand without words or a name.

import type { JSX } from 'preact'

const PATHS = {
  live: 'M3 4.5h14v9H3zM7.5 17h5M10 13.5V17',
  timeline: 'M2.5 7h5M9 7h8.5M2.5 13h9M14 13h3.5M12 3v14',
  jobs: 'M4 5h1.5M4 10h1.5M4 15h1.5M8.5 5H16M8.5 10H16M8.5 15H16',
  pipeline: 'M2.5 7.5h4v5h-4zM13.5 3h4v5h-4zM13.5 12h4v5h-4zM6.5 10h3.5M10 5.5v9M10 5.5h3.5M10 14.5h3.5',
  settings: 'M3 6h7M14 6h3M12 4v4M3 14h3M10 14h7M8 12v4',
  snapshot: 'M3 6.5h3.2L7.6 4.5h4.8l1.4 2H17v9H3zM10 8.2a2.8 2.8 0 1 0 0 5.6a2.8 2.8 0 1 0 0-5.6',
  clip: 'M10 3.5a6.5 6.5 0 1 1-6.1 4.2M3.5 3.8v4h4M10 6.5V10l2.6 1.8',
  pin: 'M7 3h6l-.8 6 2.3 2.5h-9L7.8 9zM10 11.5V17',
  full: 'M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4',
  grid: 'M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z',
  close: 'M5 5l10 10M15 5L5 15',
  left: 'M12 4.5L6.5 10l5.5 5.5',
  right: 'M8 4.5L13.5 10L8 15.5',
  play: 'M6.5 4.5v11l9-5.5z',
  pause: 'M7 4.5v11M13 4.5v11',
  help: 'M7.5 7.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M10 14.3v.4',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** ● live, ◐ late, ✕ lost, ○ neither: the sign beside a word, so that colour is never the only one. */
export function Sign({ state }: { state: string }): JSX.Element {
  const kind = state === 'live' || state === 'late' || state === 'lost' ? state : 'none'
  return (
    <svg class={`sign sign-${kind}`} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true" focusable="false">
      {kind === 'live' && <circle cx="6" cy="6" r="4.5" class="fill" />}
      {kind === 'late' && <path d="M6 1.5a4.5 4.5 0 0 1 0 9z" class="fill" />}
      {(kind === 'late' || kind === 'none') && <circle cx="6" cy="6" r="4" class="ring" />}
      {kind === 'lost' && <path d="M2.5 2.5l7 7M9.5 2.5l-7 7" class="cross" />}
    </svg>
  )
}
