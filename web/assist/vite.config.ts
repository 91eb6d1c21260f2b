import { gzipSync } from 'node:zlib';

import { defineConfig, type Plugin } from 'vite';

/** It lands on forms that are not ours: it may not grow unnoticed. */
const MOST = 60 * 1024;

/** A page in GBK reads every script as GBK, unless the script has nothing to misread. */
function asciiOnly(): Plugin {
  const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return {
    name: 'ascii-only',
    generateBundle(_options, bundle) {
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type !== 'chunk') continue;
        file.code = file.code.replace(/[^\n\r\t -~]/g, escape);
        const size = gzipSync(file.code, { level: 9 }).length;
        console.log(`${name}: ${(size / 1024).toFixed(1)} KB gzipped of ${MOST / 1024} KB allowed`);
        if (size > MOST) this.error(`${name} is larger than it may be`);
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  build: {
    outDir: '../dist',
    emptyOutDir: false,
    // Before these no browser compresses a stream, and none can share.
    target: ['chrome80', 'safari16.4', 'firefox113'],
    lib: { entry: 'src/main.ts', name: 'YikouwenAssist', formats: ['iife'], fileName: () => 'assist.js' },
  },
  plugins: [asciiOnly()],
});
