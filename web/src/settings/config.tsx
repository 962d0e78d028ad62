// The config as it was read, each value with the place it comes from.

import type { JSX } from 'preact'
import { Fragment } from 'preact'
import { Trouble, useFetched } from './fetched'

interface Line {
  section: string
  key: string
  value: string
  where: string
}

export function ConfigTable(): JSX.Element {
  const { value, fault } = useFetched<Line[]>('/api/config')
  const sections = [...new Set((value ?? []).map((each) => each.section))]
  return (
    <section>
      <h2>
        Config as read <span class="quiet">secrets are not shown</span>
        <a href="/api/schema">schema</a>
      </h2>
      {fault && <Trouble fault={fault} />}
      {value && value.length === 0 && (
        <p>
          The built-in station runs without a file. <code>rushes config init</code> writes one to begin with.
        </p>
      )}
      {value && value.length > 0 && (
        <table>
          <thead class="sr">
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
              <th scope="col">Where</th>
            </tr>
          </thead>
          <tbody>
            {sections.map((section) => (
              <Fragment key={section}>
                <tr>
                  <th scope="rowgroup" colSpan={3}>
                    [{section}]
                  </th>
                </tr>
                {value
                  .filter((each) => each.section === section)
                  .map((each) => (
                    <tr key={each.key}>
                      <th scope="row">{each.key}</th>
                      <td class="num">{each.value === '' ? '–' : each.value}</td>
                      <td class="quiet num where">{each.where}</td>
                    </tr>
                  ))}
              </Fragment>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
