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
    """The stores of a server. `None` means SQLite or the disk store, in the data folder."""

    metadata: str | None = None
    objects: str | None = None
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def uses_data_folder(self) -> bool:
        return self.metadata is None or self.objects is None

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that select these stores."""
        values = {"PONTOON_METADATA": self.metadata, "PONTOON_OBJECTS": self.objects}
        if not self.uses_data_folder:
            # Without a data folder, there is no credentials file from which a test could read the token.
            values["PONTOON_BOOTSTRAP_TOKEN"] = "7c5e0a9f3b61d84e2fa7103cc9d6b58e"
        return {name: value for name, value in values.items() if value} | self.keys


class EnginePool:
    """The PostgreSQL and S3 servers of a test run, started when first used."""

    @functools.cached_property
    def postgresql(self) -> engines.PostgreSQL:
        return engines.PostgreSQL()

    @functools.cached_property
    def seaweedfs(self) -> engines.SeaweedFS:
        return engines.SeaweedFS(WEED)

    def stores(self, choice: str) -> Stores:
        """Creates an empty database and a new bucket prefix, if the choice needs them."""
        metadata = self.postgresql.new_database() if choice.startswith("postgresql") else None
        if not choice.endswith("s3"):
            return Stores(metadata)
        return Stores(metadata, self.seaweedfs.url(str(uuid.uuid4())), self.seaweedfs.environment)

    def close(self) -> None:
        for name in ("postgresql", "seaweedfs"):
            if name in self.__dict__:
                self.__dict__[name].close()
