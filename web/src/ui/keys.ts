// Keys: each screen says which it has; the help dialog lists the same table, so that it cannot lie.

import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

export interface Binding {
  /** As shown: "s", "1–9", "Shift ←". */
  keys: string
  what: string
  /** True when it was meant for this binding. */
  run(event: KeyboardEvent): boolean
}

export interface KeySet {
  title: string
  bindings: Binding[]
}

export const keySets = signal<KeySet[]>([])

/** A binding for one plain key. */
export function key(name: string, what: string, act: () => void): Binding {
  return {
    keys: name,
    what,
    run(event) {
      if (event.key !== name || event.ctrlKey || event.metaKey || event.altKey) return false
      act()
      return true
    },
  }
}

/** Has these bindings as long as the component is there. */
export function useKeys(title: string, bindings: Binding[]): void {
  const newest = useRef(bindings)
  newest.current = bindings
  useEffect(() => {
    const live: KeySet = {
      title,
      get bindings() {
        return newest.current
      },
    }
    keySets.value = [...keySets.value, live]
    return () => {
      keySets.value = keySets.value.filter((each) => each !== live)
    }
  }, [title])
}

// Keys typed into a box are the box's. Those on a button are ours, except what presses it.
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null
  return (
    target !== null &&
    /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) &&
    (target as HTMLInputElement).type !== 'checkbox'
  )
}

addEventListener('keydown', (event) => {
  if (isTyping(event) || document.querySelector('dialog[open]')) return
  // The screen's own come before those of the whole page.
  for (const set of [...keySets.value].reverse()) {
    for (const binding of set.bindings) {
      if (binding.run(event)) {
        event.preventDefault()
        return
      }
    }
  }
})
