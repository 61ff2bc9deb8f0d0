// `testEnvironment` is `node` or `jsdom`: both work as they are.
module.exports = { testMatch: ['**/jest.test.cjs'] }
