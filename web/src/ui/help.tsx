// The keys, on "?".

import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icons'
import { keySets } from './keys'

export const helpOpen = signal(false)

export function Help(): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null)
  const open = helpOpen.value
  useEffect(() => {
    if (open) dialog.current?.showModal()
  }, [open])
  if (!open) return null
  return (
    <dialog ref={dialog} class="help" aria-label="Keys" onClose={() => (helpOpen.value = false)}>
      <header>
        <h2>Keys</h2>
        <button type="button" class="bare" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div class="keysets">
        {keySets.value.map((set) => (
          <section key={set.title}>
            <h3>{set.title}</h3>
            <dl>
              {set.bindings.map((each) => (
                <div key={each.keys}>
                  <dt>
                    <kbd>{each.keys}</kbd>
                  </dt>
                  <dd>{each.what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </dialog>
  )
}
