"""The four combinations of stores that a server can use."""

import functools
import pathlib
import sys
import uuid
from dataclasses import dataclass, field

import engines

CHOICES = ("sqlite+disk", "postgresql+disk", "sqlite+s3", "postgresql+s3")
WEED = pathlib.Path(sys.prefix) / "bin/weed"


@dataclass(frozen=True)
class Stores:
    """Where a server keeps its metadata and its objects; `None` stands for its data folder."""

    metadata: str | None = None
    objects: str | None = None
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def uses_data_folder(self) -> bool:
        return self.metadata is None or self.objects is None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that pass this choice to `pontoond`."""
        values = {"PONTOON_METADATA": self.metadata, "PONTOON_OBJECTS": self.objects}
        if not self.uses_data_folder:
            # No data folder, so no credentials file that a test could read the token from.
            values["PONTOON_BOOTSTRAP_TOKEN"] = "7c5e0a9f3b61d84e2fa7103cc9d6b58e"
        return {name: value for name, value in values.items() if value} | self.keys


class EnginePool:
    """The engines of one test run, each started when it is first needed."""

    @functools.cached_property
    def postgresql(self) -> engines.PostgreSQL:
        return engines.PostgreSQL()

    @functools.cached_property
    def seaweedfs(self) -> engines.SeaweedFS:
        return engines.SeaweedFS(WEED)

    def stores(self, choice: str) -> Stores:
        """Creates an empty database and an empty part of a bucket, as the choice needs them."""
        metadata = self.postgresql.new_database() if choice.startswith("postgresql") else None
        if not choice.endswith("s3"):
            return Stores(metadata)
        return Stores(metadata, self.seaweedfs.url(str(uuid.uuid4())), self.seaweedfs.environment)

    def close(self) -> None:
        for name in ("postgresql", "seaweedfs"):
            if name in self.__dict__:
                self.__dict__[name].close()
