"""Echo in BentoML, with two workers; started by ``bentoml serve``."""

from typing import Any

import bentoml


@bentoml.service(workers=2, logging={"access": {"enabled": False}})
class Echo:
    """Gives back what came."""

    @bentoml.api
    def echo(self, event: dict[str, Any]) -> dict[str, Any]:
        """Give back what came."""
        return {"event": event}
