import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

// One run covers every member, so that `npm test` cannot forget one.
export default defineConfig({
  plugins: [vue()],
  test: {
    environment: 'jsdom',
    include: ['*/{src,test}/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
