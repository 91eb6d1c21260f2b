import vue from '@vitejs/plugin-vue';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const server = process.env['YIKOUWEN_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/desk/',
  plugins: [vue()],
  build: {
    outDir: fileURLToPath(new URL('../dist/desk', import.meta.url)),
    // This folder is the desk's alone; the widget's output lies beside it.
    emptyOutDir: true,
    target: 'es2022',
    // The page's policy admits no data: address but for pictures, so nothing is inlined.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'viewer.html'].map((page) => fileURLToPath(new URL(page, import.meta.url))),
      output: {
        codeSplitting: {
          // Libraries change seldom: a new version of the desk leaves them in the browser's cache.
          groups: [
            // The player belongs to the frame that draws shared pages, and to nothing else.
            { name: 'player', test: /node_modules\/@?rrweb/, priority: 2 },
            { name: 'vendor', test: /node_modules/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': { target: server, ws: true } } },
});
