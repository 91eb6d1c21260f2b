import { defineConfig } from 'vite';

export default defineConfig({
  root: `${import.meta.dirname}/page`,
  // Relative addresses, so that a server behind a path prefix serves the page unchanged.
  base: './',
  publicDir: false,
  build: {
    outDir: '../../dist',
    emptyOutDir: false,
    assetsDir: 'page',
    // A data: address would need a weaker content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome69', 'safari14', 'firefox90'],
  },
});
