import { defineConfig } from 'vite';

/** The demo form, served at /forms/enterprise with its parts beside it. */
export default defineConfig({
  root: `${import.meta.dirname}/page`,
  base: '/',
  publicDir: false,
  build: {
    outDir: '../../dist',
    emptyOutDir: false,
    assetsDir: 'forms/assets',
    // A data: address would need a weaker content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome69', 'safari14', 'firefox90'],
    rolldownOptions: { input: `${import.meta.dirname}/page/forms/enterprise.html` },
  },
});
