// What this browser remembers for its user. A browser that may not remember works as well, until it is closed.

import { effect, signal, type Signal } from '@preact/signals'

export type Theme = 'auto' | 'light' | 'dark'
export type Choice = 'auto' | 'jpeg' | 'h264' | 'fmp4'

function kept<T>(name: string, initial: T, valid: (value: unknown) => value is T): Signal<T> {
  const key = `rushes.${name}`
  let start = initial
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    if (valid(found)) start = found
  } catch {
    // no storage, or another program's words in it
  }
  const value = signal(start)
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value))
    } catch {
      // full or forbidden
    }
  })
  return value
}

const oneOf =
  <T extends string>(...words: T[]) =>
  (value: unknown): value is T =>
    words.includes(value as T)

export const theme = kept<Theme>('theme', 'auto', oneOf('auto', 'light', 'dark'))
export const technology = kept<Choice>('technology', 'auto', oneOf('auto', 'jpeg', 'h264', 'fmp4'))
export const showFigures = kept<boolean>('figures', true, (value): value is boolean => typeof value === 'boolean')
/** Tiles that come first and always have the full picture. */
export const pins = kept<string[]>(
  'pins',
  [],
  (value): value is string[] => Array.isArray(value) && value.every((each) => typeof each === 'string'),
)

effect(() => {
  if (theme.value === 'auto') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
})
