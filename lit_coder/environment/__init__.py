"""An agent writes, tests, searches and decides: CoderEnvironment, bisection, delta debugging."""
