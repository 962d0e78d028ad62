// Who may come in from other machines.

import type { JSX } from 'preact'
import { stationNow } from '../state/station'
import { brief, day } from '../ui/format'
import { Trouble, useFetched } from './fetched'

interface Token {
  name: string
  created: number
  last_used: number | null
  hint: string
}

export function Tokens(): JSX.Element {
  const { value, fault } = useFetched<Token[]>('/api/tokens')
  return (
    <section>
      <h2>Tokens</h2>
      {fault && <Trouble fault={fault} />}
      <div class="rows">
        {(value ?? []).map((each) => (
          <p key={each.name}>
            <strong>{each.name}</strong>
            <span class="num quiet">{each.hint}</span>
            <span class="quiet">
              since {day(each.created)},{' '}
              {each.last_used ? `used ${brief(stationNow() - each.last_used)} ago` : 'never used'}
            </span>
          </p>
        ))}
        <p class="quiet">
          <span>
            On the station's machine: <code>rushes token add NAME</code> shows a new one once,{' '}
            <code>rushes token rm NAME</code> ends it.
          </span>
        </p>
      </div>
    </section>
  )
}
