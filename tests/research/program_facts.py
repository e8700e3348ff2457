"""What programs state of their settings, from what they publish: names, units, defaults, ranges, words, restarts.

    python -m research.program_facts FOLDER [NAME...]     (in tests/)

FOLDER holds bare clones of the repositories that `SOURCES` names (`OWNER+NAME/repo`), and `cloudformation` with the
resource schemas of cfn-lint. Writes `src/confguard/risk/rules/programs/NAME.json`. Facts that are not published in a
form that can be read by a program are written by hand, in `facts/prose.py`; PostgreSQL is asked itself, by
`postgres_settings.py`. A setting whose places disagree on a fact is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from research.facts.pages import ingress_nginx, nginx, of_kafka, prometheus, redis, systemd
from research.facts.prose import PROSE
from research.facts.schemas import cloudformation, envoy, of_resources
from research.facts.shared import write

SOURCES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "kafka_broker": of_kafka(
        "broker",
        ("kafka",),
        keys=r"broker\.id|node\.id|process\.roles|(advertised\.)?listeners|log\.(dirs?|retention|segment|cleaner|flush)[\w.]*"
        r"|zookeeper\.[\w.]+|num\.(partitions|network\.threads|io\.threads|replica\.fetchers)|offsets\.\w[\w.]*|transaction\.state\.[\w.]+"
        r"|default\.replication\.factor|unclean\.leader\.election\.enable|auto\.create\.topics\.enable|replica\.[\w.]+"
        r"|inter\.broker\.[\w.]+|controller\.[\w.]+|group\.[\w.]+timeout\.ms|min\.insync\.replicas|delete\.topic\.enable",
        env=r"KAFKA_(CFG_)?(?=[A-Z])",
    ),
    "kafka_client": of_kafka(
        "client",
        ("producer", "consumer"),
        keys=r"bootstrap\.servers|group\.id|(key|value)\.(de)?serializer|auto\.offset\.reset|acks|client\.id|linger\.ms|batch\.size"
        r"|enable\.(auto\.commit|idempotence)|max\.(poll\.[\w.]+|in\.flight\.[\w.]+)|session\.timeout\.ms|security\.protocol|fetch\.[\w.]+"
        r"|request\.timeout\.ms|delivery\.timeout\.ms|heartbeat\.interval\.ms|isolation\.level|sasl\.[\w.]+|max\.block\.ms",
    ),
    "kafka_topic": of_kafka(
        "topic",
        ("topic",),
        keys=r"cleanup\.policy|retention\.(ms|bytes)|min\.insync\.replicas|segment\.(bytes|ms)|max\.message\.bytes|compression\.type"
        r"|delete\.retention\.ms|min\.cleanable\.dirty\.ratio|unclean\.leader\.election\.enable|(min|max)\.compaction\.lag\.ms",
    ),
    "redis": redis,
    "prometheus": prometheus,
    "nginx": nginx,
    "ingress_nginx": ingress_nginx,
    "istio": of_resources(
        "Istio",
        "istio/api",
        ("kubernetes/customresourcedefinitions.gen.yaml",),
        r"\w+\.istio\.io/",
        "https://istio.io/latest/docs/reference/config/",
    ),
    "argo": of_resources(
        "Argo Rollouts",
        "argoproj/argo-rollouts",
        ("manifests/crds/rollout-crd.yaml", "manifests/crds/analysis-template-crd.yaml"),
        r"argoproj\.io/",
        "https://argo-rollouts.readthedocs.io/en/stable/features/specification/",
    ),
    "envoy": envoy,
    "cloudformation": cloudformation,
    "systemd": systemd,
}


def main() -> None:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    for name, read in SOURCES.items():
        if not wanted or name in wanted:
            write(name, read(folder))
    for name, stated in PROSE.items():
        if not wanted or name in wanted:
            write(name, stated)


if __name__ == "__main__":
    main()
