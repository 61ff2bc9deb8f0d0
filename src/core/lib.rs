//! A JSON Web Token and a policy go in, a verdict comes out: pure, without clock, I/O or randomness
