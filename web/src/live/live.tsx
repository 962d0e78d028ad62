// All channels at once, or one large with the others beside it.

import type { JSX, RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { pins, showFigures, technology, type Choice } from '../state/prefs'
import { go, place } from '../state/route'
import { channels, shownChannels } from '../state/station'
import { plural } from '../ui/format'
import { Icon } from '../ui/icons'
import { key, useKeys } from '../ui/keys'
import { snapshot } from './actions'
import { NoChannels } from './empty'
import { commonAspect, focus, grid } from './layout'
import { Tile, toggleFull } from './tile'
import type { Channel } from '../net/types'

const FOOTER = 32
const GAP = 8

export function Live(): JSX.Element {
  const shown = pinnedFirst(shownChannels.value)
  const large = shown.findIndex((each) => each.name === place.value.channel)
  const enlarge = (name: string): void => go({ channel: place.value.channel === name ? '' : name })
  const [room, space] = useRoom()
  useLiveKeys(shown, large)

  const all = { ...space, footer: FOOTER, gap: GAP, aspect: commonAspect(shown) }
  const { rects, height } = large >= 0 ? focus(shown.length, large, all) : grid(shown.length, all)
  return (
    <section class="screen live" aria-label="Live">
      <Bar count={shown.length} large={large >= 0} />
      <div class="room" ref={room}>
        {channels.value !== null && shown.length === 0 ? (
          <NoChannels />
        ) : (
          <div class="tiles" style={{ height: `${Math.floor(height)}px` }}>
            {space.width > 0 &&
              shown.map((each, i) => (
                <Tile
                  key={each.name}
                  channel={each}
                  rect={rects[i] ?? { x: 0, y: 0, w: 0, h: 0 }}
                  number={i + 1}
                  large={i === large || shown.length === 1}
                  enlarged={i === large}
                  onEnlarge={() => enlarge(each.name)}
                />
              ))}
          </div>
        )}
      </div>
    </section>
  )
}

function pinnedFirst(all: Channel[]): Channel[] {
  const rank = (each: Channel): number => (pins.value.includes(each.name) ? 0 : 1)
  return [...all].sort((a, b) => rank(a) - rank(b))
}

function Bar({ count, large }: { count: number; large: boolean }): JSX.Element {
  return (
    <div class="bar">
      <span class="quiet">{plural(count, 'channel')}</span>
      {large && (
        <button type="button" onClick={() => go({ channel: '' })}>
          <Icon name="grid" /> All
        </button>
      )}
      <span class="grow" />
      <label class="switch">
        <input
          type="checkbox"
          checked={showFigures.value}
          onChange={(event) => (showFigures.value = event.currentTarget.checked)}
        />
        Figures
      </label>
      <label class="choice">
        <span>Picture by</span>
        <select
          aria-label="Picture by"
          value={technology.value}
          onChange={(event) => (technology.value = event.currentTarget.value as Choice)}
        >
          <option value="auto">choice of the page</option>
          <option value="jpeg">JPEG</option>
          <option value="h264">H.264</option>
          <option value="fmp4">H.264 in MP4</option>
        </select>
      </label>
    </div>
  )
}

/** The room for tiles, followed as it changes. */
function useRoom(): [RefObject<HTMLDivElement | null>, { width: number; height: number }] {
  const room = useRef<HTMLDivElement>(null)
  const [space, setSpace] = useState({ width: 0, height: 0 })
  useEffect(() => {
    if (!room.current) return
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setSpace({ width: entry.contentRect.width, height: entry.contentRect.height })
    })
    watch.observe(room.current)
    return () => watch.disconnect()
  }, [])
  return [room, space]
}

function useLiveKeys(shown: Channel[], large: number): void {
  const meant = (): string | undefined =>
    document.activeElement?.closest<HTMLElement>('[data-channel]')?.dataset.channel ?? shown[Math.max(0, large)]?.name
  useKeys('Live', [
    {
      keys: '1–9',
      what: 'enlarge that tile, or put it back',
      run(event) {
        const each =
          /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.metaKey ? shown[Number(event.key) - 1] : undefined
        if (each) go({ channel: place.value.channel === each.name ? '' : each.name })
        return each !== undefined
      },
    },
    key('Escape', 'back to the grid', () => go({ channel: '' })),
    key('f', 'full screen: the tile in focus, else the large or first one', () => {
      const name = meant()
      toggleFull(
        [...document.querySelectorAll<HTMLElement>('.tile')].find((each) => each.dataset.channel === name) ?? null,
      )
    }),
    key('s', 'snapshot of that tile', () => {
      const name = meant()
      if (name) void snapshot(name)
    }),
    key('g', 'figures on or off', () => (showFigures.value = !showFigures.value)),
  ])
}
