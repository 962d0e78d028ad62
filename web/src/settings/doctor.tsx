// What the station found when it looked at its machine, with a fix beside each that is not as it should be.

import type { JSX } from 'preact'
import { Sign } from '../ui/icons'
import { Trouble, useFetched } from './fetched'

interface Check {
  name: string
  ok: boolean
  found: string
  remedy: string
  fatal: boolean
}

export function Doctor(): JSX.Element {
  const { value, fault, again } = useFetched<Check[]>('/api/doctor')
  return (
    <section>
      <h2>
        Doctor
        {value && (
          <span class="quiet">
            {value.filter((each) => !each.ok).length} of {value.length} need a look
          </span>
        )}
        <span class="grow" />
        <button type="button" onClick={again}>
          Look again
        </button>
      </h2>
      {fault && <Trouble fault={fault} />}
      <div class="rows">
        {[...(value ?? [])]
          .sort((a, b) => Number(a.ok) - Number(b.ok))
          .map((each) => (
            <div key={each.name}>
              <Sign state={each.ok ? 'live' : each.fatal ? 'lost' : 'late'} />
              <span class="check">
                {each.name}
                <span class="sr"> {each.ok ? 'is well' : 'needs a look'}: </span>
                <span class="quiet found">{each.found}</span>
                {!each.ok && each.remedy !== '' && <span class="fix">{each.remedy}</span>}
              </span>
            </div>
          ))}
      </div>
    </section>
  )
}
