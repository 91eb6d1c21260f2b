import { defineConfig } from 'vite';

/** The page 我的咨询: `me.html`, served at /me and at /login/{id}, with its parts beside those of the citizen's page. */
export default defineConfig({
  root: `${import.meta.dirname}/me`,
  // Two addresses of different depth serve it, so its parts are named from the root.
  base: '/',
  publicDir: false,
  build: {
    outDir: '../../dist',
    emptyOutDir: false,
    assetsDir: 'page',
    // A data: address would need a weaker content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome69', 'safari14', 'firefox90'],
    rolldownOptions: { input: `${import.meta.dirname}/me/me.html` },
  },
});
