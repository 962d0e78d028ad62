import { defineConfig } from 'vitest/config'

const STATION = process.env.RUSHES_STATION ?? 'http://127.0.0.1:8788'

// The station serves what is built, under a content security policy without inline script or style. Hence no
// polyfill and nothing inlined as a data: address. File names carry a hash of their content, so a station may let
// browsers keep them for ever, and the same sources give the same names.
export default defineConfig({
  base: './',
  // Children as arguments instead of properties: three kilobytes less of script.
  oxc: {
    jsx: { runtime: 'classic', pragma: '_h', pragmaFrag: '_Fragment' },
    jsxInject: `import { h as _h, Fragment as _Fragment } from 'preact'`,
  },
  build: {
    outDir: '../src/rushes/server/static',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
  server: {
    proxy: {
      '/api': { target: STATION, changeOrigin: true, headers: { Origin: STATION } },
      '/ws': { target: STATION, changeOrigin: true, ws: true, headers: { Origin: STATION } },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
