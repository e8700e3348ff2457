"""Which change it was: what is likeliest behind an alarm, over all configs of a store and git repositories.

`symptoms` is what words have to do with settings, `dependencies` what the project declares, `changes` and
`repositories` what changed in the window, `ranking` what that adds up to, `suspecting` the whole.
"""

from confguard.causes.ranking import Suspect
from confguard.causes.suspecting import Suspects, suspects

__all__ = ["Suspect", "Suspects", "suspects"]
