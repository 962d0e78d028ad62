// Who looks at this page, as far as the station wants to know.

import { signal } from '@preact/signals'
import type { Session } from '../net/types'

/** null until the station has answered. */
export const session = signal<Session | null>(null)
