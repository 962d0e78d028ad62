// How long to wait before the next try (pure).

const FIRST_MS = 250
const LAST_MS = 5000

/**
 * The pause before try number `attempt` (from 0). `random` in 0..1 spreads the tries of many pages over a quarter of
 * the pause, so that a station that comes back does not meet them all at once.
 */
export function pauseMs(attempt: number, random: number): number {
  const whole = Math.min(LAST_MS, FIRST_MS * 2 ** Math.min(attempt, 16))
  return Math.round(whole * (0.75 + 0.25 * random))
}
