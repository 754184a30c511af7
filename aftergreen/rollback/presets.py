"""Commands that go back, as the usual tools of deployment have them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftergreen.model import Strategy


@dataclass(frozen=True, slots=True)
class Preset:
    """A way to go back: its name, its command, and what has to be true for it."""

    name: str
    command: tuple[str, ...]
    note: str
    strategy: Strategy = Strategy.ROLLING
    within: str = ""
    """The option that names a namespace; empty where there is none."""

    def in_namespace(self, name: str) -> Preset:
        """The same in a namespace that is known."""
        if not (self.within and name):
            return self
        told = self.note.replace("in the namespace of the current context", f"in the namespace {name}")
        return replace(self, command=(*self.command, self.within, name), note=told)

    @property
    def program(self) -> str:
        """What has to be installed where the console runs."""
        return self.command[0]


PRESETS = (
    Preset(
        "kubectl",
        ("kubectl", "rollout", "undo", "deployment/{service}"),
        "the deployment is called as the service, in the namespace of the current context",
        within="--namespace",
    ),
    Preset(
        "helm",
        ("helm", "rollback", "{service}", "--wait"),
        "the release is called as the service, in the namespace of the current context; it goes back to the"
        " revision before",
        within="--namespace",
    ),
    Preset(
        "argo-rollouts",
        ("kubectl", "argo", "rollouts", "undo", "{service}"),
        "the rollout is called as the service, in the namespace of the current context; needs the plugin of"
        " Argo Rollouts",
        Strategy.CANARY,
        within="--namespace",
    ),
    Preset(
        "swarm",
        ("docker", "service", "rollback", "{service}"),
        "the swarm's service is called as this one",
    ),
    Preset(
        "cloud-run",
        (
            "gcloud",
            "run",
            "services",
            "update-traffic",
            "{service}",
            "--to-revisions",
            "{service}-{previous}=100",
        ),
        "revisions are called service-version; the region is that of gcloud's configuration",
        Strategy.BLUE_GREEN,
    ),
    Preset(
        "ecs",
        (
            *("aws", "ecs", "update-service", "--service", "{service}"),
            *("--task-definition", "{service}:{previous}"),
        ),
        "the task definition is called as the service, and its revisions are the versions",
    ),
    Preset(
        "heroku",
        ("heroku", "rollback", "--app", "{service}"),
        "the app is called as the service; it goes back to the release before",
    ),
)
"""The first that is installed is proposed."""


def preset(name: str) -> Preset:
    """The preset of that name; KeyError."""
    return {one.name: one for one in PRESETS}[name]
