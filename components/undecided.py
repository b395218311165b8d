"""Values that are unknown on purpose: what a preview may go on without and an update must have.

The engine shows them as "computed" and a rule sees the third value, unknown. Whoever runs an update refuses them first;
that is in `stacks`, not here.
"""

from typing import cast

import pulumi
from pulumi.output import UNKNOWN

NOT_LOCKED = "unknown"
"""How the lock writes "nobody obtained this yet"."""


def undecided() -> pulumi.Output[str]:
    """A text that a preview does not know."""
    return pulumi.Output.from_input(cast(str, UNKNOWN))


def undecided_secret() -> pulumi.Output[str]:
    """A secret text that a preview does not know."""
    return pulumi.Output.secret(cast(str, UNKNOWN))


def locked(value: str, text: str) -> pulumi.Input[str]:
    """`text`, which was made from `value` of the lock; unknown while the lock does not have `value`."""
    return undecided() if value == NOT_LOCKED else text
