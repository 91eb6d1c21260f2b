import { defineConfig } from 'vite';

/** The page of a link to a shared form, served at /s/{id}; its parts lie with those of the citizen's page. */
export default defineConfig({
  root: `${import.meta.dirname}/page`,
  base: '/',
  publicDir: false,
  build: {
    outDir: '../../dist',
    emptyOutDir: false,
    assetsDir: 'page',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome69', 'safari14', 'firefox90'],
    rolldownOptions: { input: `${import.meta.dirname}/page/share/index.html` },
  },
});
