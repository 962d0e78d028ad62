// One channel in the grid: its picture, a thin footer, and on hover or focus what can be done with it.

import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import type { Channel } from '../net/types'
import { pins } from '../state/prefs'
import { Icon, Sign, type IconName } from '../ui/icons'
import { clip, snapshot, togglePin } from './actions'
import { Badge } from './badge'
import type { Rect } from './layout'
import { Picture, verdictOf } from './picture'
import { useView } from './useview'

/** What a tile in the grid asks for, unless it is the only or the large one: a rule that one can remember. */
const SMALL = { w: 640, fps: 15 }
const FULL = { w: 0, fps: 0 }

interface Props {
  channel: Channel
  rect: Rect
  number: number
  /** Enlarged, or the only one. */
  large: boolean
  enlarged: boolean
  onEnlarge(): void
}

export function Tile({ channel, rect, number, large, enlarged, onEnlarge }: Props): JSX.Element {
  const pinned = pins.value.includes(channel.name)
  const full = large || pinned
  const surfaces = useView(channel.name, full ? FULL : SMALL, pinned)
  const tile = useRef<HTMLElement>(null)
  const verdict = verdictOf(surfaces.view, channel)
  const target = full ? channel.fps_target : Math.min(SMALL.fps, channel.fps_target)
  return (
    <article
      ref={tile}
      class={`tile ${enlarged ? 'is-large' : ''} ${rect.w < 400 ? 'is-narrow' : ''} ${rect.w < 260 ? 'is-tiny' : ''}`}
      aria-label={channel.name}
      data-channel={channel.name}
      data-state={verdict ? verdict.sign : 'live'}
      style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.w}px`, height: `${rect.h}px` }}
    >
      <Picture name={channel.name} surfaces={surfaces} />
      <button
        type="button"
        class="enlarge"
        aria-pressed={enlarged}
        aria-label={`Enlarge ${channel.name}`}
        onClick={onEnlarge}
      />
      <footer>
        <Sign state={verdict ? verdict.sign : channel.state} />
        <span class="name" title={`${channel.name} · ${channel.source} · ${channel.width}×${channel.height}`}>
          {channel.name}
        </span>
        {number <= 9 && <kbd>{number}</kbd>}
        <span class="grow" />
        <Badge view={surfaces.view} station={channel.station} target={target} />
      </footer>
      <div class="actions">
        <Action icon="snapshot" name="Snapshot" act={() => void snapshot(channel.name)} />
        <Action
          icon="clip"
          name="Last 30 s"
          act={() => void clip(channel.name)}
          off={channel.recorded ? '' : 'not recorded'}
        />
        <Action icon="pin" name="Pin" pressed={pinned} act={() => togglePin(channel.name)} />
        <Action icon="full" name="Full screen" act={() => toggleFull(tile.current)} />
      </div>
    </article>
  )
}

interface ActionProps {
  icon: IconName
  name: string
  act(): void
  pressed?: boolean
  /** Why it cannot be done. */
  off?: string
}

function Action({ icon, name, act, pressed, off = '' }: ActionProps): JSX.Element {
  return (
    <button
      type="button"
      aria-label={name}
      aria-pressed={pressed}
      title={off === '' ? name : `${name}: ${off}`}
      disabled={off !== ''}
      onClick={act}
    >
      <Icon name={icon} />
    </button>
  )
}

export function toggleFull(element: Element | null): void {
  if (document.fullscreenElement) void document.exitFullscreen()
  else void element?.requestFullscreen().catch(() => undefined) // a browser without it, or one that forbids it
}
