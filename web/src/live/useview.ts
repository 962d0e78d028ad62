// A live view for a component: made with its canvas, fed with what it wants, closed with it.

import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { RefObject } from 'preact'
import { showFigures, technology } from '../state/prefs'
import { place } from '../state/route'
import { LiveView, type Rendition } from './view'

const tabHidden = signal(document.hidden)
document.addEventListener('visibilitychange', () => {
  tabHidden.value = document.hidden
})

export interface Surfaces {
  view: LiveView | null
  box: RefObject<HTMLDivElement | null>
  canvas: RefObject<HTMLCanvasElement | null>
  video: RefObject<HTMLVideoElement | null>
}

/** `hold`: the technology stays as it is, whatever the line can carry. */
export function useView(channel: string, rendition: Rendition, hold: boolean): Surfaces {
  const box = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const video = useRef<HTMLVideoElement>(null)
  const [view, setView] = useState<LiveView | null>(null)
  const [away, setAway] = useState(false)
  const wish = { via: place.value.via, saved: technology.value, hold, figures: showFigures.value }

  useEffect(() => {
    if (!canvas.current || !video.current) return
    const made = new LiveView(channel, canvas.current, video.current, rendition, wish)
    setView(made)
    return () => {
      made.close()
      setView(null)
    }
  }, [channel])

  useEffect(() => {
    if (!box.current) return
    // Scrolled out of sight is as good as a hidden tab.
    const watch = new IntersectionObserver((entries) => setAway(entries.at(-1)?.isIntersecting === false))
    watch.observe(box.current)
    return () => watch.disconnect()
  }, [])

  useEffect(() => view?.ask(rendition), [view, rendition.w, rendition.fps])
  useEffect(() => view?.want(wish), [view, wish.via, wish.saved, wish.hold, wish.figures])
  const hidden = away || tabHidden.value
  useEffect(() => view?.hide(hidden), [view, hidden])

  return { view, box, canvas, video }
}
