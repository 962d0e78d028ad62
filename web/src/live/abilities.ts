// What this browser can do, looked up once.

import type { Abilities } from './choose'

const BASELINE = 'video/mp4; codecs="avc1.42E01E"'

export const abilities: Abilities = {
  webCodecs: 'VideoDecoder' in globalThis,
  mediaSource: 'MediaSource' in globalThis && MediaSource.isTypeSupported(BASELINE),
}
