// A link to a place of this page: followed without loading anything, and an ordinary link to whoever copies it.

import type { ComponentChildren, JSX } from 'preact'
import { go } from '../state/route'
import { formatPlace, type Place } from '../state/url'

interface Props {
  to: Place
  class?: string
  current?: boolean
  label?: string
  children: ComponentChildren
}

export function Link({ to, class: style, current, label, children }: Props): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  return (
    <a
      href={formatPlace(to)}
      class={style}
      aria-current={current ? 'page' : undefined}
      aria-label={label}
      onClick={follow}
    >
      {children}
    </a>
  )
}
