import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
  },
  // `npx vite web` beside a running weir: the page from here, everything else from there.
  server: { proxy: { '^/(api|[^/@]+/.*\\.(m3u8|m4s|mp4|jpg|json)$)': 'http://127.0.0.1:8080' } },
});
