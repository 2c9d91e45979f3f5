"""An agent writes, tests, searches and decides: CoderEnvironment, bisection, delta debugging.

import gymnasium, lit_coder.environment
environment = gymnasium.make("lit_coder/Coder-v0", problems="arithmetic")
"""

from lit_coder.environment.registration import register_environment

register_environment()
