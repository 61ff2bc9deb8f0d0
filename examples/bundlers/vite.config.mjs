export default { build: { outDir: 'vite' } }
