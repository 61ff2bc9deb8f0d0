export default { test: { include: ['verdict.test.mjs'] } }
